import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, VideoSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import type { ResolvedModel } from '../compile/types.ts'
import { dataOf } from '../data.ts'
import { FRAMES_PER_CHUNK } from '../limits.ts'
import { compileWith, concept, FakeHost, imageData, model, node } from '../test-support.ts'
import { executePlan } from './execute.ts'

const signal = new AbortController().signal
const video = () => dataOf({ video: create(VideoSchema, { base64: Uint8Array.of(1) }) })
/** Frames whose width tells their number, from 1 on. */
const frames = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    image: ImageHandle.fromRaw(new Uint8Array((n + 1) * 3), n + 1, 1),
    timeMs: 500 + n * 1000,
  }))
const tags = (id: string) => dataOf({ concepts: [concept(id)] })
const models: Record<string, ResolvedModel> = {
  see: model('visual-classifier', { modelId: 'see' }),
  filter: model('concept-thresholder', { engine: 'filter' }),
  write: model('annotation-writer', { engine: 'write' }),
  track: model('centroid-tracker', { engine: 'track' }),
  detect: model('visual-detector', { modelId: 'detect' }),
}
const see = async ({
  data,
  scope,
}: {
  data: Data
  scope: { imageOf(image: NonNullable<Data['image']>): Promise<ImageHandle> }
}) => tags(`w${(await scope.imageOf(data.image!)).width}`)

async function run(nodes: ReturnType<typeof node>[], host: FakeHost, inputs = [video()]) {
  const { plan } = await compileWith(nodes, models)
  return executePlan(plan, inputs, host, { sampleMs: 1000 }, signal)
}

test('each frame is seen, in chunks, with its index and the middle of its slice', async () => {
  const count = FRAMES_PER_CHUNK * 2 + 3
  const host = new FakeHost({ see, filter: ({ data }) => data }, frames(count))
  const [result] = await run([node('see'), node('filter', ['see'])], host)
  assert.deepEqual(host.batches.get('see'), [FRAMES_PER_CHUNK, FRAMES_PER_CHUNK, 3])
  for (const index of [0, 1]) {
    const { frames: answered } = result!.nodes[index]!.data!
    assert.deepEqual(
      answered.map(({ data }) => data!.concepts[0]!.id),
      Array.from({ length: count }, (_, n) => `w${n + 1}`),
    )
    assert.deepEqual(
      answered.slice(0, 3).map(({ frameInfo }) => [frameInfo!.index, frameInfo!.time]),
      [
        [0, 500],
        [1, 1500],
        [2, 2500],
      ],
    )
  }
})

test('a filter stops single frames', async () => {
  const host = new FakeHost(
    { see, filter: ({ data }) => (data.concepts[0]!.id === 'w2' ? dataOf() : data), write: ({ data }) => data },
    frames(3),
  )
  const [result] = await run([node('see'), node('filter', ['see']), node('write', ['filter'])], host)
  assert.equal(host.items('write'), 2)
  assert.deepEqual(
    result!.nodes[2]!.data!.frames.map(({ data }) => data!.concepts.map(({ id }) => id)),
    [['w1'], [], ['w3']],
  )
})

test('what needs all frames in order gets them at once', async () => {
  let seen: Data | undefined
  const host = new FakeHost(
    {
      detect: async (item) => {
        const id = (await see(item)).concepts[0]!.id
        return dataOf({
          regions: [
            {
              $typeName: 'clarifai.api.Region',
              id: '',
              value: 1,
              trackId: '',
              data: tags(id),
              regionInfo: {
                $typeName: 'clarifai.api.RegionInfo',
                keypointLocations: [],
                boundingBox: {
                  $typeName: 'clarifai.api.BoundingBox',
                  topRow: 0,
                  leftCol: 0,
                  bottomRow: 1,
                  rightCol: 1,
                },
              },
            },
          ],
        })
      },
      track: ({ data }) => {
        seen = data
        return data
      },
    },
    frames(20),
  )
  const [result] = await run([node('detect'), node('track', ['detect'])], host)
  assert.deepEqual(host.batches.get('track'), [1])
  assert.equal(seen!.frames.length, 20)
  assert.equal(result!.nodes[1]!.data!.frames.length, 20)
})

test('a video and pictures in one call', async () => {
  const host = new FakeHost({ see: ({ data }) => tags(`${data.image!.base64.length}`) }, frames(2))
  const [picture, film] = await run([node('see')], host, [imageData(1, 2), video()])
  assert.equal(picture!.nodes[0]!.data!.concepts[0]!.id, '2')
  assert.equal(film!.nodes[0]!.data!.frames.length, 2)
})

test('a node that fails on a frame fails on the video, others go on', async () => {
  const host = new FakeHost(
    {
      see,
      detect: async (item) => {
        const id = (await see(item)).concepts[0]!.id
        if (id === 'w2') throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, 'no')
        return tags(id)
      },
    },
    frames(3),
  )
  const [result] = await run([node('detect'), node('see')], host)
  assert.deepEqual(
    result!.nodes.map((state) => [state!.code, state!.data?.frames.length]),
    [
      [StatusCode.MODEL_PREDICTION_FAILED, undefined],
      [StatusCode.SUCCESS, 3],
    ],
  )
})

test('a video that cannot be decoded, or has no frames, fails its nodes only', async () => {
  const host = new FakeHost({ see: () => tags('x') })
  const [picture, film] = await run([node('see')], host, [imageData(1), video()])
  assert.equal(picture!.nodes[0]!.code, StatusCode.SUCCESS)
  assert.equal(film!.nodes[0]!.code, StatusCode.INPUT_UNSUPPORTED_FORMAT)
  const broken = new FakeHost({ see: () => tags('x') })
  broken.frames = () => {
    throw new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, 'The video is damaged.')
  }
  const [failed] = await run([node('see')], broken)
  assert.deepEqual(
    [failed!.nodes[0]!.code, failed!.nodes[0]!.details],
    [StatusCode.ALL_INPUT_INVALID_BYTES, 'The video is damaged.'],
  )
})
