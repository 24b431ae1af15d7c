import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  TaskWorkerPartitionedStrategyInfo_TaskWorkerPartitionedStrategy as Partition,
  type TaskWorkerPartitionedStrategyInfoSchema,
  TaskWorkerSchema,
} from '../../contract/index.ts'
import { sharesOf, workersOf } from './partition.ts'
import { userWorker } from './workers.ts'

type Info = MessageInitShape<typeof TaskWorkerPartitionedStrategyInfoSchema>

const workerOf = (ids: readonly string[], value: Info) =>
  create(TaskWorkerSchema, { workers: ids.map(userWorker), strategyInfo: { case: 'partitionedStrategyInfo', value } })

function tally(ids: readonly string[], info: Info, inputs: number): Record<string, number> {
  const shares = sharesOf(workerOf(ids, info))
  const counts: Record<string, number> = Object.fromEntries(ids.map((id) => [id, 0]))
  for (let number = 0; number < inputs; number++) {
    const chosen = workersOf(shares, number)
    assert.equal(chosen.length, shares.workersPerInput, `input ${number}`)
    assert.equal(new Set(chosen).size, chosen.length)
    for (const id of chosen) counts[id]!++
  }
  return counts
}

describe('the parting of inputs', () => {
  it('gives everybody as many where it is even', () => {
    assert.deepEqual(tally(['a', 'b', 'c'], { type: Partition.EVENLY, workersPerInput: 2 }, 9), { a: 6, b: 6, c: 6 })
    assert.deepEqual(tally(['a', 'b'], { type: Partition.EVENLY }, 5), { a: 3, b: 2 })
  })

  it('follows weights closely at any number of inputs, however they are scaled', () => {
    for (const weights of [
      { a: 9, b: 1 },
      { a: 90, b: 10 },
    ]) {
      const counts = tally(['a', 'b'], { type: Partition.WEIGHTED, weights }, 1_000)
      assert.ok(Math.abs(counts.a! - 900) <= 3, String(counts.a))
    }
    for (const inputs of [10, 100, 1_000]) {
      const weights = { a: 30, b: 30, c: 40 }
      const counts = tally(['a', 'b', 'c'], { type: Partition.WEIGHTED, weights, workersPerInput: 2 }, inputs)
      assert.ok(Math.abs(counts.c! - inputs * 0.8) <= 3, `${inputs}: ${counts.c}`)
    }
  })

  it('gives a worker with exactly the largest possible share every input', () => {
    const weights = { a: 50, b: 25, c: 25 }
    const counts = tally(['a', 'b', 'c'], { type: Partition.WEIGHTED, weights, workersPerInput: 2 }, 400)
    assert.equal(counts.a, 400)
  })

  it('refuses what cannot be parted', () => {
    const refuse = (ids: readonly string[], info: Info, message: RegExp) =>
      assert.throws(() => sharesOf(workerOf(ids, info)), message)
    const weights = { a: 51, b: 25, c: 24 }
    refuse(['a', 'b', 'c'], { type: Partition.WEIGHTED, workersPerInput: 2, weights }, /'a' is more than 1\/2/)
    refuse(['a'], { type: Partition.EVENLY, workersPerInput: 2 }, /workers_per_input is 2; use 1 to 1/)
    refuse(['a', 'b'], { type: Partition.WEIGHTED, weights: { a: 1 } }, /'b' has no weight/)
    refuse(['a'], { type: Partition.WEIGHTED, weights: { a: 1, z: 1 } }, /'z', who is no worker/)
    refuse(['a'], { type: Partition.PARTITIONED_WORKER_STRATEGY_NOT_SET }, /set EVENLY or WEIGHTED/)
    refuse(['constructor'], { type: Partition.WEIGHTED, weights: {} }, /'constructor' has no weight/)
  })
})
