import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Plan, PlanNode } from '../workflow/plan.ts'
import { PlanCache, planBytes } from './plan-cache.ts'

const planOf = (...params: PlanNode['params'][]): { plan: Plan } => {
  const nodes = params.map(
    (own, at) => ({ id: `n${at}`, params: own, concepts: [], limits: { selectConcepts: [] } }) as unknown as PlanNode,
  )
  return { plan: { hash: '', nodes, layers: [] } }
}
/** A square of zeros. */
const weights = (side: number) => Array.from({ length: side }, () => new Array<number>(side).fill(0))

test('plans are kept by their key until something changes', async () => {
  const cache = new PlanCache()
  const [first, second] = [planOf({}), planOf({})]
  assert.equal(await cache.get('a', async () => first), first)
  assert.equal(await cache.get('a', async () => second), first)
  cache.clear()
  assert.equal(await cache.get('a', async () => second), second)
  await assert.rejects(
    cache.get('b', () => Promise.reject(new Error('cannot be compiled'))),
    /cannot be compiled/,
  )
})

test('the weights of heads are what makes a plan heavy', () => {
  const plain = planBytes(planOf({}))
  assert.equal(planBytes(planOf({ weights: weights(100) })) - plain, 100 * 100 * 8)
  assert.equal(planBytes(planOf({ weights: 'x'.repeat(500) })) - plain, 500)
  assert.equal(planBytes(planOf({}, {})), 2 * plain)
  assert.ok(planBytes(planOf({ any: { deep: ['x'.repeat(100_000)] } })) > plain + 100_000)
  const selecting = planOf({})
  Object.assign(selecting.plan.nodes[0]!.limits, { selectConcepts: new Array(1_000).fill({ id: 'a', name: '' }) })
  assert.ok(planBytes(selecting) > plain + 100_000)
})

test('plans that are heavy together push each other out', async () => {
  const cache = new PlanCache()
  // A row need not be filled to be counted: 20 million places stand for 160 MB.
  const heavy = () => planOf({ weights: [Object.assign([], { length: 20_000_000 })] })
  const plans = [heavy(), heavy()]
  assert.equal(await cache.get('a', async () => plans[0]!), plans[0])
  assert.equal(await cache.get('b', async () => plans[1]!), plans[1])
  const again = planOf({})
  assert.equal(await cache.get('a', async () => again), again)
})
