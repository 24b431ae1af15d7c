import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AudioSchema } from '../../contract/index.ts'
import { dataOf } from '../data.ts'
import { compileWith, FakeHost, model, node, textData } from '../test-support.ts'
import { executePlan } from './execute.ts'

test('sound reaches the nodes that listen, and what they write the nodes that read', async () => {
  const seen: Uint8Array[] = []
  const host = new FakeHost({
    'audio-to-text': ({ data }) => {
      assert.deepEqual([data.text, data.image], [undefined, undefined])
      seen.push(data.audio!.base64)
      return textData(`${data.audio!.base64.length} bytes`)
    },
    'text-embedder': ({ data }) => textData(data.text!.raw.toUpperCase()),
  })
  const nodes = [node('listen', [], { model: 'audio-to-text' }), node('read', ['listen'], { model: 'text-embedder' })]
  const models = { 'audio-to-text': model('audio-to-text'), 'text-embedder': model('text-embedder') }
  const { plan } = await compileWith(nodes, models)
  const base64 = Uint8Array.from([1, 2, 3])
  const inputs = [dataOf({ audio: create(AudioSchema, { base64 }) })]
  const [result] = await executePlan(plan, inputs, host, { sampleMs: 1000 }, new AbortController().signal)
  assert.deepEqual(
    result!.nodes.map((each) => each!.data!.text!.raw),
    ['3 bytes', '3 BYTES'],
  )
  assert.equal(seen[0], base64)
})
