import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { DataSchema } from '../../contract/index.ts'
import type { InputResult } from '../../workflow/plan.ts'
import { MAX_CHUNK_BYTES, MAX_QUEUE_SKIPS } from '../limits.ts'
import { OBEY, planOf } from '../test-kit.ts'
import { chunkBounds, PendingRequest, splitJob } from './job.ts'
import { RequestQueue } from './queue.ts'

const photo = (bytes: number) => create(DataSchema, { image: { base64: new Uint8Array(bytes) } })
const requestOf = (count: number, plan = OBEY, bytes = 1): PendingRequest =>
  new PendingRequest(
    plan,
    {},
    Array.from({ length: count }, () => photo(bytes)),
    { sampleMs: 1000 },
    setupFor(count),
  )
const setupFor = (workers: number) => ({ threads: 1, workers, batch: 8 })
const cold = (): boolean => false
const done = (value: number): InputResult => ({ nodes: [{ code: 10000, details: '', elapsedMs: value }] })

test('inputs are cut into pieces that keep all workers busy, of limited count and size', () => {
  const of = (...sizes: number[]) => sizes.map(photo)
  assert.deepEqual(chunkBounds(of(1, 1, 1, 1, 1), setupFor(2)), [
    [0, 3],
    [3, 5],
  ])
  assert.deepEqual(chunkBounds(of(1), setupFor(4)), [[0, 1]])
  assert.deepEqual(chunkBounds([], setupFor(4)), [])
  assert.equal(chunkBounds(of(...new Array<number>(100).fill(1)), setupFor(1)).length, 13)
  assert.deepEqual(chunkBounds(of(20e6, 20e6, 1), setupFor(1)), [
    [0, 1],
    [1, 3],
  ])
})

test('requests are served in turn, one piece each', () => {
  const queue = new RequestQueue()
  const [large, small] = [requestOf(3), requestOf(1)]
  queue.add(large)
  queue.add(small)
  const served = [1, 2, 3, 4].map(() => queue.take(cold)?.request)
  assert.deepEqual(served, [large, small, large, large])
  assert.equal(queue.take(cold), undefined)
})

test('a request whose engines are loaded goes first, but not for ever', () => {
  const queue = new RequestQueue()
  const other = planOf('other', ['text'])
  const [first, ...warm] = [requestOf(1), ...Array.from({ length: 9 }, () => requestOf(1, other))]
  for (const request of [first!, ...warm]) queue.add(request)
  const isWarm = (request: PendingRequest): boolean => request.plan === other
  const served = Array.from({ length: MAX_QUEUE_SKIPS + 1 }, () => queue.take(isWarm)?.request)
  assert.deepEqual(served, [...warm.slice(0, MAX_QUEUE_SKIPS), first])
})

test('too many inputs or bytes are refused, those handed out do not count', () => {
  const queue = new RequestQueue({ maxInputs: 3, maxInputsPerPlan: 2, maxBytes: 100 })
  queue.add(requestOf(2))
  assert.throws(() => queue.add(requestOf(1)), { code: 21354 })
  queue.add(requestOf(1, planOf('other', ['text']), 60))
  assert.throws(() => queue.add(requestOf(1, planOf('third', ['text']))), { code: 40030 })
  queue.take(cold)
  assert.throws(() => queue.add(requestOf(1, planOf('third', ['text']), 60)), { code: 40030 })
  queue.add(requestOf(1, planOf('third', ['text']), 30))
})

test('what waits for the same plan is joined in order, within counts and bytes, films and streams never', () => {
  const queue = new RequestQueue()
  const other = requestOf(1, planOf('other', ['text']))
  const [first, ...rest] = [requestOf(1), other, requestOf(1), requestOf(1), requestOf(1)]
  for (const request of [first!, ...rest]) queue.add(request)
  const job = queue.take(cold)!
  assert.deepEqual(
    queue.takeAlike(job, 3).map(({ request }) => request),
    [rest[1], rest[2]],
  )
  assert.equal(queue.take(cold)?.request, other)
  assert.equal(queue.waitingOf(OBEY), 1)
  queue.add(requestOf(1, OBEY, MAX_CHUNK_BYTES))
  assert.equal(queue.takeAlike(job, 8).length, 1)
  assert.equal(queue.take(cold)?.request.inputs[0]?.image?.base64.length, MAX_CHUNK_BYTES)
  for (const request of rest) request.complete({ ...job, request }, [done(1)])
  const film = create(DataSchema, { video: { base64: new Uint8Array(1) } })
  queue.add(new PendingRequest(OBEY, {}, [film], { sampleMs: 1000 }, setupFor(1)))
  queue.add(new PendingRequest(OBEY, {}, [photo(1)], { sampleMs: 1000, memory: {} }, setupFor(1)))
  queue.add(new PendingRequest(OBEY, {}, [photo(1)], { sampleMs: 999 }, setupFor(1)))
  assert.deepEqual(queue.takeAlike(job, 8), [])
})

test('a piece that comes back goes first, as single inputs', async () => {
  const queue = new RequestQueue()
  const request = new PendingRequest(OBEY, {}, [photo(1), photo(1)], { sampleMs: 1000 }, setupFor(1))
  queue.add(request)
  const job = queue.take(cold)!
  assert.deepEqual([job.start, job.end], [0, 2])
  queue.add(requestOf(1, planOf('other', ['text'])))
  queue.putBack(splitJob(job))
  const [first] = [queue.take(cold)!]
  assert.deepEqual([first.request, first.start, first.end, first.deaths], [request, 0, 1, 1])
  request.completeWith(first, new AppError(21313, 'why'))
  queue.take(cold)
  const second = queue.take(cold)!
  request.complete(second, [done(5)])
  const results = await request.done
  assert.deepEqual(
    results.map(({ nodes }) => nodes[0]),
    [
      { code: 21313, details: 'why', elapsedMs: 0 },
      { code: 10000, details: '', elapsedMs: 5 },
    ],
  )
})

test('a request that has ended leaves the queue and takes no more results', async () => {
  const queue = new RequestQueue()
  const request = requestOf(2)
  queue.add(request)
  const job = queue.take(cold)!
  request.fail(new AppError(40035, 'gone'))
  request.complete(job, [done(1)])
  await assert.rejects(request.done, { code: 40035 })
  assert.deepEqual([queue.size, queue.take(cold)], [0, undefined])
})

test('a request without inputs is answered at once', async () => {
  assert.deepEqual(await new PendingRequest(OBEY, {}, [], { sampleMs: 1000 }, setupFor(2)).done, [])
})
