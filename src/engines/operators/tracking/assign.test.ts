import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seeded } from '../../../workflow/test-graphs.ts'
import { assign, type Pair } from './assign.ts'

const FAR = Number.POSITIVE_INFINITY

/** Every way to pair rows with columns, each pair allowed by `limit`. */
function* pairings(costs: number[][], limit: number, row = 0, taken: Pair[] = []): Generator<Pair[]> {
  if (row === costs.length) {
    yield taken
    return
  }
  yield* pairings(costs, limit, row + 1, taken)
  for (const [column, cost] of costs[row]!.entries()) {
    if (cost > limit || cost === FAR || taken.some((pair) => pair.column === column)) continue
    yield* pairings(costs, limit, row + 1, [...taken, { row, column, cost }])
  }
}

const total = (pairs: readonly Pair[]) => pairs.reduce((sum, { cost }) => sum + cost, 0)

/** Most pairs, and of those the cheapest, by looking at all of them. */
function best(costs: number[][], limit: number): { pairs: number; cost: number } {
  let found = { pairs: 0, cost: 0 }
  for (const pairs of pairings(costs, limit)) {
    const cost = total(pairs)
    if (pairs.length > found.pairs || (pairs.length === found.pairs && cost < found.cost)) {
      found = { pairs: pairs.length, cost }
    }
  }
  return found
}

test('as many pairs as are allowed, at the least cost, as brute force finds', () => {
  const random = seeded(7)
  for (let round = 0; round < 400; round++) {
    const [rows, columns] = [1 + Math.floor(random() * 5), 1 + Math.floor(random() * 5)]
    const costs = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => (random() < 0.15 ? FAR : Math.round(random() * 20) / 20)),
    )
    const limit = random()
    const pairs = assign(costs, limit)
    for (const { row, column, cost } of pairs) assert.ok(cost === costs[row]![column] && cost <= limit)
    assert.equal(new Set(pairs.map(({ row }) => row)).size, pairs.length)
    assert.equal(new Set(pairs.map(({ column }) => column)).size, pairs.length)
    const wanted = best(costs, limit)
    assert.equal(pairs.length, wanted.pairs, JSON.stringify({ costs, limit }))
    assert.ok(Math.abs(total(pairs) - wanted.cost) < 1e-9, JSON.stringify({ costs, limit }))
  }
})

test('without ruling out, a pair that is too dear may displace a good one', () => {
  const costs = [
    [0.1, 0.5],
    [0.2, 0.9],
  ]
  assert.deepEqual(assign(costs, 0.4, true), [{ row: 0, column: 0, cost: 0.1 }])
  assert.deepEqual(assign(costs, 0.4, false), [{ row: 1, column: 0, cost: 0.2 }])
})

test('nothing to assign', () => {
  assert.deepEqual(assign([], 1), [])
  assert.deepEqual(assign([[], []], 1), [])
  assert.deepEqual(assign([[FAR], [FAR]], 1), [])
  assert.deepEqual(assign([[FAR, 2]], 1), [])
})
