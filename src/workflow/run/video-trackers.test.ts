import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { create, type JsonValue } from '@bufbuild/protobuf'
import { type Data, EmbeddingSchema, VideoSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineItem } from '../../engines/engine.ts'
import { OperatorHost, runWorkflow } from '../../engines/operators/test-host.ts'
import { region } from '../../engines/operators/test-support.ts'
import { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../data.ts'
import { FRAMES_PER_CHUNK } from '../limits.ts'
import { type Answer, concept, imageData, model } from '../test-support.ts'
import type { SampledFrame } from './execute.ts'

const SIDE = 100
const video = () => dataOf({ video: create(VideoSchema, { base64: Uint8Array.of(1) }) })

/** A picture whose grey is the number of its frame. */
const picture = (n: number) => ImageHandle.fromRaw(new Uint8Array(SIDE * SIDE * 3).fill(n), SIDE, SIDE)
const film = (count: number): SampledFrame[] =>
  Array.from({ length: count }, (_, n) => ({ image: picture(n), timeMs: 500 + n * 1000 }))
const greyOf = async ({ data, scope }: EngineItem): Promise<number> =>
  (await (await scope.imageOf(data.image!)).rgb(1, 1))[0]!

/** Finds one thing that moves right by 0.02 each frame, and one that stands still. */
const detect: Answer = async (item) => {
  const left = 0.1 + 0.02 * (await greyOf(item))
  const thing = (id: string, name: string, value: number, at: number, top: number) => ({
    ...region(id, [top, at, top + 0.1, at + 0.1], dataOf({ concepts: [concept(name, value)] })),
    value,
  })
  return dataOf({ regions: [thing('', 'car', 0.9, left, 0.2), thing('', 'tree', 0.6, 0.5, 0.7)] })
}
const grey: Answer = async (item) => dataOf({ concepts: [concept(`grey-${await greyOf(item)}`)] })
const models = {
  detect: model('visual-detector', { modelId: 'detect' }),
  see: model('visual-classifier', { modelId: 'see' }),
  embed: model('visual-embedder', { modelId: 'embed' }),
}
const nodes = (...chain: [id: string, modelId: string, inputs: string[], more?: Record<string, JsonValue>][]) => ({
  id: 'w',
  nodes: chain.map(([id, modelId, inputs, more]) => ({
    id,
    model: { id: modelId },
    nodeInputs: inputs.map((nodeId) => ({ nodeId })),
    ...more,
  })),
})
const run = async (workflow: JsonValue, host: OperatorHost, input = video()) =>
  (await runWorkflow(workflow, host, [input], models))[0]!
const trackIds = (data: Data | undefined) => data!.frames.map(({ data: inner }) => inner!.regions.map((r) => r.trackId))

test('a tracker runs once over all frames and gives the regions their tracks', async () => {
  const count = FRAMES_PER_CHUNK + 4
  const host = new OperatorHost({ detect }, film(count))
  const result = await run(nodes(['boxes', 'detect', []], ['tracks', 'centroid-tracker', ['boxes']]), host)
  assert.equal(result.tracks!.code, StatusCode.SUCCESS)
  assert.deepEqual(
    trackIds(result.tracks!.data),
    Array.from({ length: count }, () => ['0', '1']),
  )
  assert.equal(result.tracks!.data!.frames[3]!.frameInfo!.time, 3500)
  assert.deepEqual(trackIds(result.boxes!.data)[0], ['', ''])
  assert.equal(host.decoded, 1)
})

for (const tracker of ['byte-tracker', 'kalman-filter-hungarian-tracker']) {
  test(`${tracker} in a workflow, with parameters of the node`, async () => {
    const params = { track_id_prefix: 't', new_track_confidence_thresh: 0.5, confidence_thresh: 0.5 }
    const host = new OperatorHost({ detect }, film(5))
    const more = { outputInfoOverride: { params } }
    const result = await run(nodes(['boxes', 'detect', []], ['tracks', tracker, ['boxes'], more]), host)
    assert.deepEqual(trackIds(result.tracks!.data)[4], ['t0', 't1'])
  })
}

test('what follows a tracker runs on frames again, without decoding when no picture is needed', async () => {
  const host = new OperatorHost({ detect }, film(3))
  const threshold = {
    outputInfoOverride: { data: { concepts: [{ id: 'car', value: 0.5 }] } },
  }
  const result = await run(
    nodes(
      ['boxes', 'detect', []],
      ['tracks', 'centroid-tracker', ['boxes']],
      ['cars', 'region-thresholder', ['tracks'], threshold],
      ['count', 'object-counter', ['cars']],
    ),
    host,
  )
  assert.deepEqual(trackIds(result.cars!.data), [['0'], ['0'], ['0']])
  assert.deepEqual(
    result.count!.data!.frames.map(({ data }) => data!.metadata),
    [{ object_count: 1 }, { object_count: 1 }, { object_count: 1 }],
  )
  assert.equal(host.decoded, 1)
})

test('a model on crops of tracked regions sees the right frame, by decoding once more', async () => {
  const host = new OperatorHost({ detect, see: grey }, film(FRAMES_PER_CHUNK + 2))
  const result = await run(
    nodes(
      ['boxes', 'detect', []],
      ['tracks', 'centroid-tracker', ['boxes']],
      ['crops', 'image-crop', ['tracks'], { suppressOutput: true }],
      ['looks', 'see', ['crops']],
    ),
    host,
  )
  const { frames } = result.looks!.data!
  assert.equal(frames.length, FRAMES_PER_CHUNK + 2)
  for (const [n, { data }] of frames.entries()) {
    assert.deepEqual(
      data!.regions.map((r) => [r.trackId, r.data!.concepts[0]!.id]),
      [
        ['0', `grey-${n}`],
        ['1', `grey-${n}`],
      ],
    )
  }
  assert.equal(host.decoded, 2)
  assert.equal(result.crops, undefined)
})

test('a reid tracker gets vectors from the embedder and concepts from the detector further back', async () => {
  const embed: Answer = async (item) => {
    const { width } = await item.scope.imageOf(item.data.image!)
    return dataOf({ embeddings: [create(EmbeddingSchema, { vector: [1, width], numDimensions: 2 })] })
  }
  const host = new OperatorHost({ detect, embed }, film(4))
  const result = await run(
    nodes(
      ['boxes', 'detect', []],
      ['crops', 'image-crop', ['boxes'], { suppressOutput: true }],
      ['vectors', 'embed', ['crops'], { suppressOutput: true }],
      ['tracks', 'kalman-reid-tracker', ['vectors']],
    ),
    host,
  )
  const last = result.tracks!.data!.frames[3]!.data!
  assert.deepEqual(
    last.regions.map((r) => [r.trackId, r.data!.concepts[0]?.id, r.data!.embeddings.length]),
    [
      ['0', 'car', 1],
      ['1', 'tree', 1],
    ],
  )
})

test('a still picture counts as one frame, and is answered as a picture', async () => {
  const host = new OperatorHost({
    detect: () => dataOf({ regions: [region('r', [0, 0, 0.5, 0.5], dataOf({ concepts: [concept('car', 0.9)] }))] }),
  })
  const workflow = nodes(
    ['boxes', 'detect', []],
    ['tracks', 'kalman-filter-hungarian-tracker', ['boxes']],
    ['count', 'object-counter', ['tracks']],
  )
  const result = await run(workflow, host, imageData(1))
  assert.deepEqual(
    result.tracks!.data!.regions.map(({ id, trackId, data }) => [id, trackId, data!.concepts[0]!.id]),
    [['r', '0', 'car']],
  )
  assert.equal(result.tracks!.data!.frames.length, 0)
  assert.deepEqual(result.count!.data!.metadata, { object_count: 1 })
})

test('a tracker that nothing gives boxes to is refused when the workflow is compiled', async () => {
  const refused = { code: StatusCode.WORKFLOW_INVALID_GRAPH }
  for (const workflow of [
    nodes(['tracks', 'centroid-tracker', []]),
    nodes(['look', 'see', []], ['tracks', 'byte-tracker', ['look']]),
    nodes(['boxes', 'detect', []], ['tracks', 'kalman-reid-tracker', ['boxes']]),
  ]) {
    await assert.rejects(run(workflow, new OperatorHost({})), {
      ...refused,
      details: /The node "tracks" .* needs "regions/,
    })
  }
})

test('a detector that fails on one frame fails the tracker behind it, and says so', async () => {
  const failing: Answer = async (item, setup) => {
    if ((await greyOf(item)) === 2) throw new Error('broken')
    return detect(item, setup)
  }
  const host = new OperatorHost({ detect: failing }, film(4))
  const result = await run(nodes(['boxes', 'detect', []], ['tracks', 'centroid-tracker', ['boxes']]), host)
  assert.deepEqual(
    [result.tracks!.code, result.tracks!.details],
    [StatusCode.FAILURE, 'Skipped because node "boxes" failed.'],
  )
})

test('crops are answered as encoded pictures, frames themselves are not', async () => {
  const host = new OperatorHost({ detect }, film(2))
  const result = await run(
    nodes(['sample', 'random-sample', []], ['boxes', 'detect', ['sample']], ['crops', 'image-crop', ['boxes']]),
    host,
  )
  const [frame] = result.crops!.data!.frames
  assert.ok(frame!.data!.regions.every(({ data }) => data!.image!.base64.length > 0))
  const decoded = await ImageHandle.decode(frame!.data!.regions[0]!.data!.image!.base64)
  assert.deepEqual([decoded.width, decoded.height], [10, 10])
  assert.equal(result.sample!.data!.frames[0]!.data!.image, undefined)
})

test('frames leave the memory once they have been looked at', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const count = FRAMES_PER_CHUNK * 6
  const early: WeakRef<Uint8Array>[] = []
  let alive = Number.NaN
  class Streamed extends OperatorHost {
    override async *frames(): AsyncGenerator<SampledFrame> {
      for (let n = 0; n < count; n++) {
        if (n === count - 1) {
          await turn()
          collect()
          alive = early.filter((ref) => ref.deref() !== undefined).length
        }
        const pixels = new Uint8Array(SIDE * SIDE * 3).fill(n)
        if (n < FRAMES_PER_CHUNK * 4) early.push(new WeakRef(pixels))
        yield { image: ImageHandle.fromRaw(pixels, SIDE, SIDE), timeMs: n }
      }
    }
  }
  const host = new Streamed({ detect, see: grey })
  const result = await run(
    nodes(
      ['boxes', 'detect', []],
      ['crops', 'image-crop', ['boxes']],
      ['looks', 'see', ['crops']],
      ['tracks', 'centroid-tracker', ['looks']],
    ),
    host,
  )
  assert.equal(result.looks!.data!.frames.length, count)
  assert.ok(alive <= FRAMES_PER_CHUNK, `${alive} of ${early.length} frames are still there`)
})
