import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { AudioSchema, type Data, VideoSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../../workflow/data.ts'
import { imageData, model, textData } from '../../workflow/test-support.ts'
import { inputFilter } from './input-filter.ts'
import { OperatorHost, runWorkflow } from './test-host.ts'
import { apply, concept, region } from './test-support.ts'

const passes = async (data: Data, params: JsonObject = {}, thresholds: [string, number][] = []) => {
  const concepts = thresholds.map(([id, value]) => concept(id, value))
  const answer = await apply(inputFilter, data, { params, concepts })
  if (answer === data) return true
  assert.deepEqual(answer, dataOf())
  return false
}
const video = () => dataOf({ video: create(VideoSchema, { base64: Uint8Array.of(1) }) })

test('kinds of inputs', async () => {
  const inputs = [imageData(1), video(), textData('x'), dataOf({ audio: create(AudioSchema) })]
  const kinds = ['image', 'video', 'text', 'audio']
  for (const [at, kind] of kinds.entries()) {
    for (const [other, data] of inputs.entries()) {
      assert.equal(await passes(data, { input_types: [kind] }), at === other)
      assert.equal(await passes(data, { input_types: kind, invert: true }), at !== other)
      assert.equal(await passes(data, { input_types: kinds }), true)
      assert.equal(await passes(data), true)
    }
  }
})

test('metadata must contain what is asked for', async () => {
  const data = dataOf({
    ...imageData(1),
    metadata: { camera: 'north', tags: ['a', 'b'], place: { floor: 2, room: 'x' } },
  })
  const wanted = (metadata: JsonObject) => passes(data, { metadata })
  assert.equal(await wanted({}), true)
  assert.equal(await wanted({ camera: 'north' }), true)
  assert.equal(await wanted({ camera: 'South' }), false)
  assert.equal(await wanted({ place: { floor: 2 }, tags: ['b'] }), true)
  assert.equal(await wanted({ place: { floor: '2' } }), false)
  assert.equal(await wanted({ tags: ['b', 'c'] }), false)
  assert.equal(await wanted({ place: 'x' }), false)
  assert.equal(await wanted({ toString: {} }), false)
  assert.equal(await wanted({ missing: null }), false)
  assert.equal(await passes(imageData(1), { metadata: { camera: 'north' } }), false)
})

test('one of the concepts must be found, surely enough, in the whole or in a region', async () => {
  const whole = dataOf({ concepts: [concept('cat', 0.6)] })
  assert.equal(await passes(whole, {}, [['cat', 0.5]]), true)
  assert.equal(await passes(whole, {}, [['cat', 0.7]]), false)
  assert.equal(await passes(whole, {}, [['cat', Math.fround(0.6)]]), true)
  assert.equal(
    await passes(whole, {}, [
      ['dog', 0],
      ['cat', 0],
    ]),
    true,
  )
  assert.equal(await passes(whole, {}, [['dog', 0]]), false)
  const regions = dataOf({ regions: [region('r', [0, 0, 1, 1], whole)] })
  assert.equal(await passes(regions, {}, [['cat', 0.5]]), true)
  assert.equal(await passes(regions, { input_types: ['image'] }, [['cat', 0.5]]), false)
})

test('parameters that make no sense are refused', async () => {
  const deep = JSON.parse(`${'{"a":'.repeat(30)}1${'}'.repeat(30)}`) as JsonObject
  const nested = dataOf({ metadata: deep })
  const wrong: [JsonObject, Data][] = [
    [{ input_types: ['film'] }, video()],
    [{ input_types: [1] }, video()],
    [{ metadata: 'x' }, video()],
    [{ metadata: ['x'] }, video()],
    [{ metadata: deep }, nested],
    [{ invert: 'maybe' }, video()],
    [{ invert: -1 }, video()],
  ]
  for (const [params, data] of wrong) {
    await assert.rejects(passes(data, params), { code: StatusCode.MODEL_INVALID_ARGUMENT }, JSON.stringify(params))
  }
})

test('in a workflow: only wanted inputs reach the model, videos by what is known of them', async () => {
  const frames = [0, 1].map((n) => ({ image: ImageHandle.fromRaw(new Uint8Array(3).fill(n), 1, 1), timeMs: n }))
  const host = new OperatorHost({ see: () => dataOf({ concepts: [concept('x', 1)] }) }, frames)
  const workflow: JsonValue = {
    id: 'north',
    nodes: [
      {
        id: 'wanted',
        model: { id: 'input-filter' },
        outputInfoOverride: { params: { metadata: { camera: 'north' }, input_types: ['video'] } },
      },
      { id: 'see', model: { id: 'see' }, nodeInputs: [{ nodeId: 'wanted' }] },
    ],
  }
  const from = (data: Data, camera: string) => dataOf({ ...data, metadata: { camera } })
  const results = await runWorkflow(
    workflow,
    host,
    [from(imageData(1), 'north'), from(video(), 'south'), from(video(), 'north')],
    { see: model('visual-classifier', { modelId: 'see' }) },
  )
  assert.deepEqual(
    results.map(({ see }) => [see!.code, see!.data?.frames.length]),
    [
      [StatusCode.SUCCESS, undefined],
      [StatusCode.SUCCESS, undefined],
      [StatusCode.SUCCESS, 2],
    ],
  )
  assert.equal(host.items('see'), 2)
  const [frame] = results[2]!.wanted!.data!.frames
  assert.deepEqual([frame!.data!.metadata, frame!.data!.video, frame!.data!.image], [undefined, undefined, undefined])
})
