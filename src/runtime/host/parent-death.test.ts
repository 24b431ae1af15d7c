import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { folderHas } from '../test-engines.ts'
import { temporaryFolder } from '../test-kit.ts'

/** A server of its own: starts the pool, lets it run one order, and never ends by itself. */
const PARENT = `
  const { createRuntime } = await import(process.argv[1] + 'runtime/host/runtime.ts')
  const { OBEY, order } = await import(process.argv[1] + 'runtime/test-kit.ts')
  const { silentLog } = await import(process.argv[1] + 'base/log.ts')
  const engineModule = process.argv[1] + 'runtime/test-engines.ts'
  const runtime = createRuntime({ workers: 1, log: silentLog, engineModule })
  await runtime.run(OBEY, {}, [order(JSON.parse(process.argv[2]))], { sampleMs: 1000 }, new AbortController().signal)`

for (const [state, what] of [
  ['idle in its event loop', 'wait'],
  ['busy for ever', 'spin'],
] as const) {
  test(`a worker that is ${state} ends when its server is killed`, async (t) => {
    const folder = await temporaryFolder(t)
    const file = path.join(folder, 'spinning')
    const order = what === 'spin' ? { do: what, file } : { do: what, folder }
    const source = new URL('../..', import.meta.url).href
    const args = ['--input-type=module', '--eval', PARENT, source, JSON.stringify(order)]
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
    t.after(() => parent.kill('SIGKILL'))
    let worker = 0
    await folderHas(folder, ([name]) => {
      worker = name === 'spinning' ? Number(readFileSync(file, 'utf8')) : Number(name ?? 0)
      return worker > 0
    })
    assert.ok(isAlive(worker))
    parent.kill('SIGKILL')
    // Nobody reports the end of a grandchild, so this looks until it is gone; the test's own limit ends a failure.
    while (isAlive(worker)) await pause(20)
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // A process that has ended but whose new parent has not collected it yet still has an id.
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}
