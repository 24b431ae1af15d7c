import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../base/log.ts'
import { createRuntime } from '../host/runtime.ts'
import { folderHas } from '../test-engines.ts'
import { answerOf, OBEY, order, planOf, temporaryFolder } from '../test-kit.ts'
import { Tuner } from './tuner.ts'

const OPTIONS = { sampleMs: 1000 }
const never = new AbortController().signal
const engineModule = new URL('../test-engines.ts', import.meta.url).href
const FILES = { pretended: { model: '/models/pretended/v1/model.onnx' } }
const PLAN = planOf('test-obey', ['text'], { nodes: OBEY.nodes.map((node) => ({ ...node, weights: ['pretended'] })) })

/** A pool of two workers that is tuned, as the server has it. */
async function tuned(t: TestContext, folder: string) {
  const options = { workers: 2, cores: 2, file: path.join(folder, 'tuning.json'), log: silentLog }
  const tuner = await Tuner.open({ ...options, budgetMs: 200, quietMs: 0, pool: { engineModule } })
  const pool = tuner.watch(
    createRuntime({ workers: 2, log: silentLog, engineModule, closeGraceMs: 0, setupOf: tuner.setupOf }),
  )
  t.after(() => pool.close())
  return { tuner, pool }
}

test('after a request, when nothing is asked, its kind of plan is tuned with its input and remembered', async (t) => {
  const folder = await temporaryFolder(t)
  const { tuner, pool } = await tuned(t, folder)
  assert.equal(tuner.setupOf(PLAN, FILES), undefined)
  await pool.run(PLAN, FILES, [order({ do: 'echo', text: 'hello' })], OPTIONS, never)
  await folderHas(folder, (names) => names.includes('tuning.json'))
  await pool.close()
  const again = await tuned(t, folder)
  const setup = again.tuner.setupOf(PLAN, FILES)
  assert.equal(setup!.threads * setup!.workers, 2)
  const [result] = await again.pool.run(PLAN, FILES, [order({ do: 'echo', text: 'still here' })], OPTIONS, never)
  assert.equal(answerOf(result).text, 'still here')
})

test('a request interrupts the tuner, which comes back', async (t) => {
  const folder = await temporaryFolder(t)
  const work = await temporaryFolder(t)
  const { pool } = await tuned(t, folder)
  const go = path.join(work, 'go')
  await writeFile(go, '')
  const [first] = await pool.run(PLAN, FILES, [order({ do: 'wait', folder: work })], OPTIONS, never)
  await rm(go)
  const own = String(answerOf(first).pid)
  // Another process than the one that answered works on the same input: that is the tuner, and it hangs.
  await folderHas(work, (names) => names.some((name) => name !== own))
  const [result] = await pool.run(OBEY, {}, [order({ do: 'echo', text: 'at once' })], OPTIONS, never)
  assert.equal(answerOf(result).text, 'at once')
  await writeFile(go, '')
  await folderHas(folder, (names) => names.includes('tuning.json'))
})

test('a plan that fails in the tuner is left as it is', async (t) => {
  const folder = await temporaryFolder(t)
  const { tuner, pool } = await tuned(t, folder)
  const crash = [order({ do: 'crash' })]
  const [result] = await pool.run(PLAN, FILES, crash, OPTIONS, never)
  assert.notEqual(result?.nodes[0]?.code, 10000)
  await pool.close()
  assert.equal(tuner.setupOf(PLAN, FILES), undefined)
})

test('operators, streams, films and large inputs are not tuned', async (t) => {
  const folder = await temporaryFolder(t)
  const { pool } = await tuned(t, folder)
  await pool.run(OBEY, {}, [order({ do: 'echo', text: '' })], OPTIONS, never)
  await pool.run(PLAN, FILES, [order({ do: 'echo', text: '' })], { ...OPTIONS, memory: {} }, never)
  await pool.run(PLAN, FILES, [order({ do: 'echo', text: '' }, new Uint8Array(5e6))], OPTIONS, never)
  const other = { pretended: { model: '/models/pretended/v2/model.onnx' } }
  await pool.run(PLAN, other, [order({ do: 'echo', text: '' })], OPTIONS, never)
  await folderHas(folder, (names) => names.includes('tuning.json'))
  const { tuner } = await tuned(t, folder)
  assert.deepEqual([tuner.setupOf(PLAN, FILES), tuner.setupOf(PLAN, other) !== undefined], [undefined, true])
})
