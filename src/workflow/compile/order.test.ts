import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { randomDag, seeded } from '../test-graphs.ts'
import { node } from '../test-support.ts'
import { orderNodes } from './order.ts'

const ids = (nodes: { id: string }[]) => nodes.map(({ id }) => id)

test('a valid written order is kept', () => {
  assert.deepEqual(ids(orderNodes([node('c'), node('a'), node('b', ['a'])])), ['c', 'a', 'b'])
})

test('a node moves behind its inputs, and no further', () => {
  const nodes = [node('crop', ['detect']), node('x'), node('detect'), node('y')]
  assert.deepEqual(ids(orderNodes(nodes)), ['x', 'detect', 'crop', 'y'])
})

test('the nodes of a circle are named, others are not', () => {
  const nodes = [node('start'), node('a', ['start', 'c']), node('b', ['a']), node('c', ['b']), node('end', ['c'])]
  assert.throws(
    () => orderNodes(nodes),
    (error: { code: StatusCode; details: string }) => {
      assert.equal(error.code, StatusCode.WORKFLOW_INVALID_GRAPH)
      for (const id of ['a', 'b', 'c']) assert.match(error.details, new RegExp(`"${id}"`))
      assert.doesNotMatch(error.details, /start|end/)
      return true
    },
  )
})

test('a node that takes input from itself is named', () => {
  assert.throws(() => orderNodes([node('a', ['a'])]), { details: /"a" takes input from itself/ })
})

test('any graph without circles: inputs first, nothing lost, ordering twice changes nothing', () => {
  const random = seeded(1)
  for (let round = 0; round < 300; round++) {
    const nodes = randomDag(random)
    const ordered = orderNodes(nodes)
    assert.deepEqual(ids(ordered).sort(), ids(nodes).sort())
    const place = new Map(ids(ordered).map((id, index) => [id, index]))
    for (const { id, nodeInputs } of ordered) {
      for (const input of nodeInputs) assert.ok(place.get(input.nodeId)! < place.get(id)!)
    }
    assert.deepEqual(ids(orderNodes(ordered)), ids(ordered))
  }
})
