import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DataSchema, EmbeddingSchema, VideoSchema } from '../../contract/index.ts'
import { ImageHandle } from '../../media/image.ts'
import { dataOf } from '../../workflow/data.ts'
import { model } from '../../workflow/test-support.ts'
import type { EngineItem } from '../engine.ts'
import { OperatorHost, runWorkflow } from './test-host.ts'
import { apply, concept, region } from './test-support.ts'
import { trackRepresentation } from './track-representation.ts'

const tracked = (trackId: string, ...vector: number[]) => ({
  trackId,
  data: { embeddings: vector.length > 0 ? [{ vector, numDimensions: vector.length }] : [] },
})
const represent = async (...frames: ReturnType<typeof tracked>[][]) => {
  const data = create(DataSchema, {
    frames: frames.map((regions, index) => ({ frameInfo: { index, time: index * 1000 }, data: { regions } })),
  })
  return (await apply(trackRepresentation, data)).tracks.map(({ id, data: inner, timeInfo }) => ({
    id,
    vector: inner!.embeddings[0]!.vector,
    dimensions: inner!.embeddings[0]!.numDimensions,
    time: [timeInfo!.numFrames, timeInfo!.beginTime, timeInfo!.endTime],
  }))
}

test('each track gets the mean of its vectors and its time', async () => {
  assert.deepEqual(
    await represent([tracked('b', 1, 0)], [tracked('a', 4, 2), tracked('b', 0, 1)], [], [tracked('b', 2, 2)]),
    [
      { id: 'b', vector: [1, 1], dimensions: 2, time: [3, 0, 3000] },
      { id: 'a', vector: [4, 2], dimensions: 2, time: [1, 1000, 1000] },
    ],
  )
})

test('regions without track or vector, and vectors that do not fit, do not count', async () => {
  const frames = [
    [tracked('', 9, 9), tracked('a'), tracked('a', Number.NaN, 1), tracked('a', 1, 3)],
    [tracked('a', 1, 2, 3), tracked('a', Number.POSITIVE_INFINITY, 0)],
  ]
  assert.deepEqual(await represent(...frames), [{ id: 'a', vector: [1, 3], dimensions: 2, time: [1, 0, 0] }])
  assert.deepEqual(await represent(), [])
  assert.deepEqual(await represent([tracked('', 1)]), [])
  assert.deepEqual((await apply(trackRepresentation, create(DataSchema, { frames: [{}] }))).tracks, [])
})

test('in a workflow: detector, embedder, tracker, and one vector per track of a video', async () => {
  const frames = [0, 1, 2, 3].map((n) => ({
    image: ImageHandle.fromRaw(new Uint8Array(300).fill(n), 10, 10),
    timeMs: 500 + n * 1000,
  }))
  const greyOf = async ({ data, scope }: EngineItem) => (await (await scope.imageOf(data.image!)).rgb(1, 1))[0]!
  const thing = (name: string, top: number) =>
    region('', [top, 0.1, top + 0.3, 0.4], dataOf({ concepts: [concept(name, 0.9)] }))
  const host = new OperatorHost(
    {
      detect: () => dataOf({ regions: [thing('cat', 0.1), thing('dog', 0.6)] }),
      embed: async (item) =>
        dataOf({ embeddings: [create(EmbeddingSchema, { vector: [await greyOf(item), 1], numDimensions: 2 })] }),
    },
    frames,
  )
  const chain = (id: string, modelId: string, ...inputs: string[]) => ({
    id,
    model: { id: modelId },
    nodeInputs: inputs.map((nodeId) => ({ nodeId })),
  })
  const workflow = {
    id: 'people',
    nodes: [
      chain('boxes', 'detect'),
      { ...chain('crops', 'image-crop', 'boxes'), suppressOutput: true },
      chain('vectors', 'embed', 'crops'),
      chain('tracks', 'centroid-tracker', 'vectors'),
      chain('sum', 'track-representation-operator', 'tracks'),
    ],
  }
  const input = dataOf({ video: create(VideoSchema, { base64: Uint8Array.of(1) }) })
  const [result] = await runWorkflow(workflow, host, [input], {
    detect: model('visual-detector', { modelId: 'detect' }),
    embed: model('visual-embedder', { modelId: 'embed' }),
  })
  assert.deepEqual(
    result!.sum!.data!.tracks.map(({ id, data, timeInfo }) => [id, data!.embeddings[0]!.vector, timeInfo!.endTime]),
    [
      ['0', [1.5, 1], 3500],
      ['1', [1.5, 1], 3500],
    ],
  )
})
