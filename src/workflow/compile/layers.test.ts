import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomDag, seeded } from '../test-graphs.ts'
import { layersOf } from './layers.ts'
import { orderNodes } from './order.ts'

test('no nodes, no layers', () => {
  assert.deepEqual(layersOf([]), [])
})

//  0 -> 1 -> 3
//   \-> 2 --/   4
test('a node lies one layer below the deepest of its inputs', () => {
  assert.deepEqual(layersOf([[], [0], [0], [1, 2], []]), [[0, 4], [1, 2], [3]])
  assert.deepEqual(layersOf([[], [0], [0, 1]]), [[0], [1], [2]])
})

test('any graph: every node once, all inputs in earlier layers, at least one in the layer before', () => {
  const random = seeded(2)
  for (let round = 0; round < 200; round++) {
    const ordered = orderNodes(randomDag(random))
    const place = new Map(ordered.map(({ id }, index) => [id, index]))
    const inputs = ordered.map(({ nodeInputs }) => nodeInputs.map(({ nodeId }) => place.get(nodeId)!))
    const layers = layersOf(inputs)
    assert.deepEqual(
      layers.flat().sort((a, b) => a - b),
      [...ordered.keys()],
    )
    const layerOf = new Map(layers.flatMap((layer, depth) => layer.map((index) => [index, depth])))
    for (const [index, own] of inputs.entries()) {
      const depth = layerOf.get(index)!
      for (const input of own) assert.ok(layerOf.get(input)! < depth)
      assert.equal(depth, own.length === 0 ? 0 : 1 + Math.max(...own.map((input) => layerOf.get(input)!)))
    }
  }
})
