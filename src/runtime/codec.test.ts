import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { create, equals } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../contract/index.ts'
import { packFromWorker, packToWorker, unpackFromWorker, unpackToWorker } from './codec.ts'
import type { Frame } from './frame-channel.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { OBEY } from './test-kit.ts'

const across = ({ message, attachments }: Frame): Frame => ({ message: deserialize(serialize(message)), attachments })

const RICH = create(DataSchema, {
  image: { base64: Uint8Array.of(1, 2, 3), url: 'http://a/b' },
  video: { base64: Uint8Array.of(4) },
  text: { raw: 'ä' },
  metadata: { deep: { list: [1, null, 'x'] } },
  regions: [{ id: 'r', regionInfo: { boundingBox: { topRow: 0.5 } }, data: { concepts: [{ id: 'c', value: 0.25 }] } }],
  intValue: 7n,
})

test('inputs arrive whole, their media without being encoded', () => {
  const original = RICH.image!.base64
  const message: ToWorker = {
    type: 'run',
    id: 3,
    request: {
      planHash: 'h',
      plan: OBEY,
      files: { w: { model: '/p' } },
      inputs: [RICH, create(DataSchema)],
      options: { sampleMs: 500 },
      threads: 1,
    },
  }
  const frame = packToWorker(message)
  assert.deepEqual(frame.attachments, [original, RICH.video!.base64])
  assert.equal(RICH.image!.base64, original)
  const back = unpackToWorker(across(frame))
  assert.ok(back.type === 'run')
  assert.ok(equals(DataSchema, back.request.inputs[0] as Data, RICH))
  assert.ok(equals(DataSchema, back.request.inputs[1] as Data, create(DataSchema)))
  assert.deepEqual({ ...back.request, inputs: [] }, { ...message.request, inputs: [] })
})

test('results arrive whole, with nodes that answered nothing', () => {
  const message: FromWorker = {
    type: 'result',
    id: 4,
    rssBytes: 9,
    results: [{ nodes: [{ code: 10000, details: '', data: RICH, elapsedMs: 1.5 }, undefined] }, { nodes: [] }],
  }
  const back = unpackFromWorker(across(packFromWorker(message)))
  assert.ok(back.type === 'result')
  const [node, nothing] = back.results[0]!.nodes
  assert.ok(equals(DataSchema, node!.data!, RICH))
  assert.deepEqual({ ...node, data: undefined }, { code: 10000, details: '', elapsedMs: 1.5, data: undefined })
  assert.equal(nothing, undefined)
  assert.deepEqual([back.results[1], back.rssBytes], [{ nodes: [] }, 9])
})

test('other messages pass as they are', () => {
  const cancel: ToWorker = { type: 'cancel', id: 1 }
  assert.deepEqual(unpackToWorker(across(packToWorker(cancel))), cancel)
  const error: FromWorker = { type: 'error', id: 1, code: 21313, details: 'no' }
  assert.deepEqual(unpackFromWorker(across(packFromWorker(error))), error)
})
