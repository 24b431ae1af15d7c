import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { JsonObject } from '@bufbuild/protobuf'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { blobRef } from '../../weights/blob-ref.ts'
import { itemOf, itemOfPicture, PLAIN } from '../test-weights.ts'
import { bindLayers } from './bind.ts'
import { onnxModel, openSession } from './engine.ts'
import type { UploadType } from './layers.ts'
import { readUploadSettings } from './settings.ts'
import {
  boxModel,
  colourClassifier,
  colourDetector,
  colourEmbedder,
  colourSegmenter,
  openClassifier,
  planarMeans,
  wordCounter,
} from './test-models.ts'

const COLOURS = ['red', 'green', 'blue'].map((name) => ({ id: name, name }))

interface Options {
  readonly inputMap?: JsonObject
  readonly outputMap?: JsonObject
  readonly input?: JsonObject
  readonly output?: JsonObject
  readonly labels?: readonly { id: string; name: string }[]
}

/** Binds and loads a model as the server does, from files. */
async function load(t: TestContext, type: UploadType, file: Buffer, options: Options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-onnx-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [model, layersFile] = [join(folder, 'model'), join(folder, 'layers')]
  await writeFile(model, file)
  const session = await openSession(model)
  const { inputMap = {}, outputMap = {}, input = {}, output = {}, labels = COLOURS } = options
  const settings = readUploadSettings(input, output)
  const { inputMetadata: inputs, outputMetadata: outputs } = session
  const layers = bindLayers({ type, inputMap, outputMap, settings, labels, inputs, outputs })
  await session.release()
  await writeFile(layersFile, JSON.stringify(layers))
  const hash = 'a'.repeat(64)
  const loaded = await onnxModel.load({
    [blobRef('model', hash)]: { model },
    [blobRef('layers', hash)]: { layers: layersFile },
  })
  t.after(() => loaded.dispose())
  return {
    layers,
    infer: async (...items: Parameters<typeof loaded.infer>[0]) => (await loaded.infer(items, PLAIN))[0]!,
  }
}

/** A picture of one colour, or of several from left to right in equal parts. */
const picture = (width: number, height: number, ...colours: readonly (readonly number[])[]) => {
  const data = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at++) {
    data.set(colours[Math.floor(((at % width) / width) * colours.length)]!, at * 3)
  }
  return itemOfPicture(ImageHandle.fromRaw(data, width, height))
}
const RED = [255, 0, 0] as const
const BLUE = [0, 0, 255] as const
const near = (actual: number, wanted: number) =>
  assert.ok(Math.abs(actual - wanted) < 1e-4, `${actual} is not ${wanted}`)

test('a classifier takes the picture as it is and answers its labels, best first', async (t) => {
  const { infer } = await load(t, 'visual-classifier', colourClassifier())
  const { concepts } = await infer(picture(30, 20, RED, BLUE, BLUE))
  assert.deepEqual(
    concepts.map(({ id }) => id),
    ['blue', 'red', 'green'],
  )
  near(
    concepts.reduce((sum, { value }) => sum + value, 0),
    1,
  )
})

test('floats are scaled, shifted and ordered as the settings say', async (t) => {
  const values = async (input: JsonObject, output: JsonObject = {}) => {
    const { infer } = await load(t, 'visual-classifier', planarMeans(8), { input, output })
    const { concepts } = await infer(picture(16, 16, [255, 51, 0]))
    return COLOURS.map(({ id }) => concepts.find((concept) => concept.id === id)!.value)
  }
  for (const [input, wanted] of [
    [{}, [1, 0.2, 0]],
    [{ image_channels: 'BGR' }, [0, 0.2, 1]],
    [{ image_scale: 1 }, [255, 51, 0]],
    [{ image_mean: 0.5, image_std: 0.5 }, [1, -0.6, -1]],
    [{ image_mean: [1, 0.2, 0.5], image_std: [1, 1, 2] }, [0, 0, -0.25]],
  ] as const) {
    const got = await values(input as unknown as JsonObject)
    for (const [at, value] of wanted.entries()) near(got[at]!, value)
  }
  const [red] = await values({}, { activation: 'sigmoid' })
  near(red!, 1 / (1 + Math.exp(-1)))
})

test('an embedder answers the vector of the model', async (t) => {
  const { infer } = await load(t, 'visual-embedder', colourEmbedder(), { labels: [] })
  const { embeddings } = await infer(picture(10, 10, [255, 0, 51]))
  assert.deepEqual(
    embeddings[0]!.vector.map((number) => Number(number.toFixed(4))),
    [1, 0, 0.2],
  )
})

test('a detector answers boxes of the picture, best first, without those of no score', async (t) => {
  const { infer } = await load(t, 'visual-detector', colourDetector())
  const { regions } = await infer(picture(40, 20, [100, 0, 200]))
  assert.deepEqual(
    regions.map(({ data }) => data!.concepts[0]!.id),
    ['blue', 'red'],
  )
  const { topRow, leftCol, bottomRow, rightCol } = regions[0]!.regionInfo!.boundingBox!
  assert.deepEqual([topRow, leftCol, bottomRow, rightCol], [0, 0.75, 1, 1])
})

test('boxes are mapped back through the resizing of the picture', async (t) => {
  const outputMap = {
    'regions[...].region_info.bounding_box': 'boxes',
    'regions[...].data.concepts[...].id': 'labels',
    'regions[...].data.concepts[...].value': 'scores',
  }
  const box = async (numbers: readonly number[], input: JsonObject, output: JsonObject) => {
    const { infer } = await load(t, 'visual-detector', boxModel(numbers), { outputMap, input, output })
    // Twice as wide as high: letterboxed it lies in rows 5 to 15, cropped the middle half is seen.
    const { boundingBox } = (await infer(picture(40, 20, RED))).regions[0]!.regionInfo!
    return [boundingBox!.topRow, boundingBox!.leftCol, boundingBox!.bottomRow, boundingBox!.rightCol].map((edge) =>
      Number(edge.toFixed(4)),
    )
  }
  const pixels = { box_units: 'pixels' }
  assert.deepEqual(await box([0, 5, 10, 10], {}, { ...pixels, box_format: 'xyxy' }), [0.25, 0, 0.5, 0.5])
  assert.deepEqual(await box([5, 0, 15, 20], { image_resize: 'letterbox' }, pixels), [0, 0, 1, 1])
  assert.deepEqual(await box([0, 0, 20, 20], { image_resize: 'crop' }, pixels), [0, 0.25, 1, 0.75])
  assert.deepEqual(await box([0.5, 0.5, 0.5, 1], {}, { box_format: 'cxcywh' }), [0, 0.25, 1, 0.75])
})

test('a segmenter answers a mask and a share for each class that occurs', async (t) => {
  const { infer } = await load(t, 'visual-segmenter', colourSegmenter())
  const { regions } = await infer(picture(40, 10, RED, BLUE, BLUE, BLUE))
  assert.deepEqual(
    regions.map(({ data, value }) => [data!.concepts[0]!.id, value]),
    [
      ['blue', 0.75],
      ['red', 0.25],
    ],
  )
  const mask = await ImageHandle.decode(regions[1]!.regionInfo!.mask!.image!.base64)
  assert.deepEqual([mask.width, mask.height, mask.format], [40, 10, 'PNG'])
  const { data } = await mask.pixels()
  assert.deepEqual([data[9 * 3], data[10 * 3]], [255, 0])
})

test('text models get the string itself', async (t) => {
  const labels = [
    { id: 'good', name: 'good' },
    { id: 'bad', name: 'bad' },
  ]
  const classifier = await load(t, 'text-classifier', wordCounter('softmax_predictions'), { labels })
  const { concepts } = await classifier.infer(itemOf({ text: { raw: 'a bad bad good film' } }))
  assert.equal(concepts[0]!.id, 'bad')
  near(concepts[0]!.value, Math.E / (1 + Math.E))
  const embedder = await load(t, 'text-embedder', wordCounter('embeddings'), { labels: [] })
  const { embeddings } = await embedder.infer(itemOf({ text: { raw: 'good good' } }))
  assert.deepEqual(embeddings[0]!.vector, [2, 0])
  await assert.rejects(embedder.infer(itemOf({ text: { raw: 'x'.repeat(100_001) } })), {
    code: StatusCode.MODEL_INVALID_ARGUMENT,
  })
})

test('answers that make no sense fail the input, not the model', async (t) => {
  const detector = await load(t, 'visual-detector', colourDetector({ labels: [0, 7, 2] }))
  await assert.rejects(detector.infer(picture(8, 8, [9, 9, 9])), { details: /class 7, but there are 3 labels/ })
  const open = await load(t, 'visual-classifier', openClassifier(), { labels: COLOURS.slice(1) })
  await assert.rejects(open.infer(picture(8, 8, RED)), { details: /1 values for 2 labels/ })
  assert.equal((await detector.infer(picture(8, 8, RED))).regions.length, 1)
})

test('tensors that do not fit the type are named', async (t) => {
  const is = (details: RegExp) => ({ code: StatusCode.MODEL_UPLOADING_FAILED, details })
  const cases: [UploadType, Buffer, Options, RegExp][] = [
    ['visual-classifier', colourClassifier(), { labels: COLOURS.slice(1) }, /float32 \[3\], but there are 2 labels/],
    ['visual-classifier', colourClassifier(), { labels: [] }, /classes have no names/],
    [
      'visual-classifier',
      colourClassifier(),
      { inputMap: { image: 'picture' } },
      /no input tensor 'picture'; it has 'image'/,
    ],
    [
      'visual-classifier',
      colourClassifier(),
      { outputMap: { tags: 'x' } },
      /output_fields_map has 'tags'; .* concepts/,
    ],
    ['visual-classifier', colourClassifier(), { outputMap: { concepts: 3 } }, /name of a tensor/],
    ['visual-classifier', wordCounter('softmax_predictions'), {}, /'text' is string \[1\]; a picture/],
    ['text-classifier', colourClassifier(), {}, /'image' is uint8 .*one string/],
    ['visual-detector', colourClassifier(), {}, /no output tensor 'predicted_bboxes'; it has 'softmax_predictions'/],
    ['visual-segmenter', colourClassifier(), {}, /float32 .*must be int64/],
    ['visual-embedder', planarMeans(5_000), {}, /side of 5000 pixels; use at most 4096/],
  ]
  for (const [type, file, options, details] of cases) await assert.rejects(load(t, type, file, options), is(details))
})

test('settings out of range are named', () => {
  for (const [input, output, name] of [
    [{ image_resize: 'zoom' }, {}, /image_resize/],
    [{ image_std: 0 }, {}, /image_std/],
    [{ image_mean: [1, 2, 3, 4] }, {}, /image_mean/],
    [{ image_width: 1e9 }, {}, /image_width/],
    [{}, { box_format: 'round' }, /box_format/],
    [{}, { activation: 'relu' }, /activation/],
  ] as const) {
    assert.throws(() => readUploadSettings(input as unknown as JsonObject, output), {
      code: StatusCode.MODEL_INVALID_ARGUMENT,
      details: name,
    })
  }
})
