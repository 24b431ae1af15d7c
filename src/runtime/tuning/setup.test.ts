import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planOf } from '../test-kit.ts'
import { candidates, kindOf } from './setup.ts'

const weighted = (engine: string, ...weights: string[]) => ({ ...planOf(engine, []).nodes[0]!, weights })

test('the candidates share out the cores, the plain one first', () => {
  const shapes = candidates(4, 8).map(({ threads, workers, batch }) => [threads, workers, batch].join(' '))
  const wanted = ['1 4', '2 2', '4 1'].flatMap((shape) => [1, 2, 4, 8].map((batch) => `${shape} ${batch}`))
  assert.deepEqual(shapes, wanted)
  assert.deepEqual(new Set(candidates(1, 8).map(({ workers }) => workers)), new Set([1]))
  assert.ok(candidates(8, 3).every(({ workers }) => workers <= 3))
})

test('plans are of one kind when their engines and weights are, whatever else they do', () => {
  const files = { a: { model: '/models/a/v1/m.onnx' }, b: { model: '/models/b/v1/m.onnx' } }
  const plan = (...nodes: ReturnType<typeof weighted>[]) => ({ ...planOf('x', []), nodes })
  const [one, two] = [weighted('e', 'a'), weighted('f', 'b')]
  const operator = weighted('threshold')
  assert.equal(kindOf(plan(one, two), files), kindOf(plan(two, operator, one, one), files))
  assert.notEqual(kindOf(plan(one), files), kindOf(plan(two), files))
  assert.notEqual(kindOf(plan(one), files), kindOf(plan(one), { a: { model: '/models/a/v2/m.onnx' } }))
  assert.equal(kindOf(plan(operator), files), undefined)
})
