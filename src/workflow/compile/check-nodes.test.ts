import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { WorkflowNodeSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MAX_WORKFLOW_NODES } from '../limits.ts'
import { node } from '../test-support.ts'
import { checkNodes } from './check-nodes.ts'

const argument = (details: RegExp) => ({ code: StatusCode.WORKFLOW_INVALID_ARGUMENT, details })
const graph = (details: RegExp) => ({ code: StatusCode.WORKFLOW_INVALID_GRAPH, details })

test('an empty workflow is valid', () => {
  checkNodes([])
})

test('a node needs an id', () => {
  assert.throws(() => checkNodes([node('')]), argument(/no id/))
})

test('ids of inserted nodes are reserved', () => {
  assert.throws(() => checkNodes([node('~embed1')]), argument(/"~embed1"/))
})

test('node ids are unique', () => {
  assert.throws(() => checkNodes([node('a'), node('b'), node('a')]), graph(/two nodes with id "a"/))
})

test('a node names a model', () => {
  assert.throws(() => checkNodes([create(WorkflowNodeSchema, { id: 'a' })]), argument(/"a" names no model/))
  assert.throws(() => checkNodes([node('a', [], { model: '' })]), argument(/"a" names no model/))
})

test('node inputs exist, wherever they are written', () => {
  checkNodes([node('b', ['a']), node('a')])
  assert.throws(() => checkNodes([node('a', ['nobody'])]), graph(/"a" takes input from "nobody"/))
})

test('the number of nodes is limited', () => {
  const nodes = Array.from({ length: MAX_WORKFLOW_NODES }, (_, index) => node(`n${index}`))
  checkNodes(nodes)
  assert.throws(() => checkNodes([...nodes, node('one-more')]), argument(/at most 20/))
})
