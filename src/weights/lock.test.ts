import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { withLock } from './lock.ts'

let root: string
let path: string
const never = new AbortController().signal

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'limpid-lock-'))
  path = join(root, 'x.lock')
})

afterEach(() => rm(root, { recursive: true, force: true }))

/** Starts a process that takes the lock, says so, and when told to writes `done` and lets go. */
async function holderProcess(): Promise<ReturnType<typeof fork>> {
  const script = join(root, 'holder.ts')
  await writeFile(
    script,
    `import { once } from 'node:events'
    import { writeFileSync } from 'node:fs'
    import { withLock } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)}
    await withLock(${JSON.stringify(path)}, new AbortController().signal, async () => {
      process.send('held')
      await once(process, 'message')
      writeFileSync(${JSON.stringify(join(root, 'done'))}, '')
    })
    process.disconnect()`,
  )
  const child = fork(script, { execArgv: [] })
  await once(child, 'message')
  return child
}

describe('lock', () => {
  it('lets one holder after the other in, within a process', async () => {
    let inside = 0
    let visits = 0
    const visit = (): Promise<void> =>
      withLock(path, never, async () => {
        assert.equal(++inside, 1)
        await new Promise(setImmediate)
        inside--
        visits++
      })
    await Promise.all([visit(), visit(), visit()])
    assert.equal(visits, 3)
  })

  it('keeps other processes out until they are done', async () => {
    const child = await holderProcess()
    const exit = once(child, 'exit')
    const entered = withLock(path, never, async () => existsSync(join(root, 'done')))
    child.send('go')
    assert.equal(await entered, true)
    await exit
  })

  it('is free again when its holder is killed', async () => {
    const child = await holderProcess()
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    assert.equal(await withLock(path, never, async () => 'in'), 'in')
    assert.ok(!existsSync(join(root, 'done')))
  })

  it('is released when the work fails', async () => {
    const failure = new Error('failed on purpose')
    await assert.rejects(
      withLock(path, never, () => Promise.reject(failure)),
      failure,
    )
    assert.equal(await withLock(path, never, async () => 'in'), 'in')
  })

  it('stops waiting when aborted', async () => {
    const reason = new Error('no more patience')
    await withLock(path, never, async () => {
      const controller = new AbortController()
      const waiting = withLock(path, controller.signal, async () => 'in')
      controller.abort(reason)
      await assert.rejects(waiting, reason)
    })
  })
})
