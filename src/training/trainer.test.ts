import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { bestConcepts, clouds } from './test-heads.ts'
import { TrainerGone, TrainerProcess } from './trainer.ts'

const trainer = new TrainerProcess({ threads: 1 }, silentLog)
after(() => trainer.close())

const never = new AbortController().signal
const order = clouds(60, 12, 3)
const { embeddings, ...shape } = order
const task = { kind: 'head' as const, ...shape }

/** Process ids of the children of this process that run the entry of the training process. */
const children = (): number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('training/process/entry.ts'))
    .map((line) => Number.parseInt(line, 10))

test('the process trains, several at once, and tells equal data by their hash', async () => {
  const [one, two] = await Promise.all([trainer.run(task, embeddings, never), trainer.run(task, embeddings, never)])
  assert.deepEqual(one, two)
  assert.match(one.hash, /^[0-9a-f]{64}$/)
  const right = bestConcepts(order, one.result!).filter((concept, row) => concept === row % 3)
  assert.ok(right.length >= 57)
  const other = embeddings.slice()
  other[0]!++
  assert.notEqual((await trainer.run(task, other, never)).hash, one.hash)
})

test('a head whose data have not changed is not computed again', async () => {
  const { hash } = await trainer.run(task, embeddings, never)
  const again = await trainer.run({ ...task, unchanged: hash }, embeddings, never)
  assert.deepEqual(again, { result: undefined, hash })
  const other = embeddings.slice()
  other[0]!++
  assert.ok((await trainer.run({ ...task, unchanged: hash }, other, never)).result)
})

test('what is cancelled ends at once and disturbs nobody', async () => {
  const given = new AbortController()
  const cancelled = trainer.run(task, embeddings, given.signal)
  const kept = trainer.run(task, embeddings, never)
  given.abort(new Error('not wanted any more'))
  await assert.rejects(cancelled, /not wanted any more/)
  assert.equal((await kept).result!.log.examples, 60)
  await assert.rejects(trainer.run(task, embeddings, given.signal), /not wanted any more/)
})

test('what the process fails at is told; when it is killed, that is told, and the next training starts another', async () => {
  await assert.rejects(trainer.run({ ...task, labels: undefined as never }, embeddings, never), /undefined/)
  const hit = trainer.run(task, new Float32Array(12 * 200_000), never)
  hit.catch(() => {})
  const [pid] = children()
  process.kill(pid!, 'SIGKILL')
  await assert.rejects(hit, TrainerGone)
  assert.equal((await trainer.run(task, embeddings, never)).result!.log.examples, 60)
})

test('what learns without labels and what cross-validates are computed there as well', async () => {
  const clusters = { kind: 'clusters' as const, dims: 12, clusters: 3, seed: 1 }
  const found = await trainer.run(clusters, embeddings, never)
  assert.deepEqual([...found.result.counts], [20, 20, 20])
  const crossed = await trainer.run({ ...task, kind: 'cross-fit', parts: 3 }, embeddings, never)
  assert.equal(crossed.result.scores.length, 180)
  const projected = await trainer.run({ ...task, kind: 'projection' }, embeddings, never)
  assert.equal(projected.result.matrix.length, 144)
})
