import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DataSchema, ImageSchema } from '../contract/index.ts'
import { ImageHandle } from '../media/image.ts'
import { createScope, materialise, memoOfImage } from './scope.ts'
import { shareModel } from './shared-model.ts'
import { platformPhoto } from './test-weights.ts'

const signal = new AbortController().signal
const grey = (width: number, height: number) =>
  ImageHandle.fromRaw(new Uint8Array(width * height * 3).fill(90), width, height)

test('copies of a message that share its bytes share one decoded picture', async () => {
  const scope = createScope(signal)
  const image = create(ImageSchema, { base64: await platformPhoto() })
  const handle = await scope.imageOf(image)
  assert.equal(await scope.imageOf({ ...image }), handle)
  assert.notEqual(await createScope(signal).imageOf(image), handle)
})

test('a bound picture is found in every scope, other messages stay without one', async () => {
  const scope = createScope(signal)
  const [image, handle] = [create(ImageSchema), grey(4, 3)]
  scope.bindImage(image, handle)
  assert.equal(await createScope(signal).imageOf(image), handle)
  await assert.rejects(scope.imageOf(create(ImageSchema)), { code: 30101 })
  await assert.rejects(scope.imageOf(create(ImageSchema, { url: 'http://a/b' })), { code: 30002 })
})

test('values are computed once per key and picture', async () => {
  const scope = createScope(signal)
  const [one, two] = [grey(2, 2), grey(2, 2)]
  let runs = 0
  const compute = async (): Promise<number> => ++runs
  const values = await Promise.all([
    memoOfImage(scope, one, 'net', compute),
    memoOfImage(scope, one, 'net', compute),
    memoOfImage(scope, two, 'net', compute),
    memoOfImage(scope, one, 'other', compute),
  ])
  assert.deepEqual(values, [1, 1, 2, 3])
})

test('bound pictures get bytes wherever they hang, others are left alone', async () => {
  const scope = createScope(signal)
  const photo = await ImageHandle.decode(await platformPhoto())
  const part = photo.crop({ top: 0.25, left: 0.25, bottom: 0.5, right: 0.75 })
  const [top, inner, framed, known] = [grey(8, 6), part, grey(5, 5), create(ImageSchema, { url: 'http://a/b' })]
  const images = [top, inner, framed].map((handle) => {
    const image = create(ImageSchema)
    scope.bindImage(image, handle)
    return image
  })
  const data = create(DataSchema, {
    image: images[0],
    heatmaps: [known],
    regions: [{ data: { regions: [{ data: { image: images[1] } }] } }],
    frames: [{ data: { image: images[2] } }],
  })
  assert.equal(await materialise(data), data)
  const answered = [data.image!, data.regions[0]!.data!.regions[0]!.data!.image!, data.frames[0]!.data!.image!]
  const decoded = await Promise.all(answered.map((image) => ImageHandle.decode(image.base64)))
  assert.deepEqual(
    decoded.map(({ format, width, height }) => [format, width, height]),
    [
      ['PNG', 8, 6],
      ['JPEG', part.width, part.height],
      ['PNG', 5, 5],
    ],
  )
  assert.deepEqual([answered[1]!.imageInfo?.width, answered[1]!.imageInfo?.format], [part.width, 'JPEG'])
  assert.equal(data.heatmaps[0]!.base64.length, 0)
})

test('a shared model is loaded once and freed with its last user', async () => {
  let [loads, frees] = [0, 0]
  const load = async () => {
    loads++
    return { bytes: 7, run: async () => ({}), dispose: async () => void frees++ }
  }
  const [first, second] = await Promise.all([shareModel('/a', load), shareModel('/a', load)])
  assert.equal(loads, 1)
  await first.dispose()
  await first.dispose()
  assert.equal(frees, 0)
  await second.dispose()
  assert.equal(frees, 1)
  await (await shareModel('/a', load)).dispose()
  assert.deepEqual([loads, frees], [2, 2])
})

test('a model that could not be loaded is tried again', async () => {
  const failing = async () => Promise.reject(new Error('no file'))
  await assert.rejects(shareModel('/b', failing), /no file/)
  const model = await shareModel('/b', async () => ({ bytes: 1, run: async () => ({}), dispose: async () => {} }))
  assert.equal(model.bytes, 1)
})
