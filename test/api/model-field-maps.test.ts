// Each row of the field maps for models that users bring: a small network of its type comes as a package, the maps name
// its tensors, and it is called.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import type { Data, DataSchema, ModelVersionSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { loadedModel, openSession } from '../../src/engines/onnx-model/engine.ts'
import type { UploadType } from '../../src/engines/onnx-model/layers.ts'
import { readUploadSettings } from '../../src/engines/onnx-model/settings.ts'
import * as media from '../../src/engines/onnx-model/test-media-models.ts'
import * as pictures from '../../src/engines/onnx-model/test-models.ts'
import { materialise } from '../../src/engines/scope.ts'
import { itemOf, PLAIN, speechRecording } from '../../src/engines/test-weights.ts'
import { ImageHandle } from '../../src/media/image.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
import { checkPackage } from '../../src/model-packages/check.ts'
import { packageOf } from '../../src/model-packages/test-zip.ts'
import { modelTypes } from '../../src/workflow/model-types/index.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type GivenVersion = MessageInitShape<typeof ModelVersionSchema>

let server: TestServer
let app: TestApp
let files: Server
let base = ''
const served = new Map<string, Buffer>()

before(async () => {
  files = createServer((request, response) => response.end(served.get(request.url!))).listen(0, '127.0.0.1')
  await once(files, 'listening')
  base = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  server = await startTestServer({ models: true, settings: { fetchAllow: '127.0.0.1/32' } })
  app = await makeApp(server, 'maps')
})
after(async () => {
  files.closeAllConnections()
  files.close()
  await server[Symbol.asyncDispose]()
})

let models = 0
async function bring(modelTypeId: string, bytes: Buffer, version: GivenVersion): Promise<string> {
  const { userAppId } = app
  const id = `m${++models}`
  served.set(`/${id}`, bytes)
  succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId }] }))
  const pretrainedModelConfig = { modelZipUrl: `${base}/${id}`, ...version.pretrainedModelConfig }
  const modelVersions = [{ ...version, pretrainedModelConfig } as GivenVersion]
  succeeded(await server.call('PostModelVersions', { userAppId, modelId: id, modelVersions }))
  return id
}

/** The status of the latest version once nothing is imported any more. */
async function statusOf(modelId: string) {
  await server.services.jobs.idle()
  const { modelVersion } = await server.call('GetModelVersion', { userAppId: app.userAppId, modelId })
  return modelVersion!.status!
}

const predict = (modelId: string, data: MessageInitShape<typeof DataSchema>, params?: JsonObject) =>
  server.call('PostModelOutputs', {
    userAppId: app.userAppId,
    modelId,
    inputs: [{ data }],
    ...(params && { model: { modelVersion: { outputInfo: { params } } } }),
  })
async function answer(...call: Parameters<typeof predict>): Promise<Data> {
  return succeeded(await predict(...call)).outputs[0]!.data!
}

const colour = async (r: number, g: number, b: number) => {
  const rgb = Uint8Array.from({ length: 24 * 12 * 3 }, (_, at) => [r, g, b][at % 3]!)
  return { image: { base64: await ImageHandle.fromRaw(rgb, 24, 12).encode('png') } }
}
const text = (raw: string) => ({ text: { raw } })
const first = ({ concepts }: Data) => concepts[0]!.id
const vector = ({ embeddings }: Data) => embeddings[0]!.vector.map((number) => Number(number.toFixed(2)))
const pixel = async ({ image }: Data) => {
  const { data, info } = await sharp(image!.base64).raw().toBuffer({ resolveWithObject: true })
  return [info.width, info.height, ...data.subarray(0, 3)]
}

/** What a model answers an input: in this process, or through the server. */
type Ask = (data: MessageInitShape<typeof DataSchema>) => Promise<Data>

interface Row {
  readonly file: Buffer
  readonly input: JsonObject
  readonly output: JsonObject
  readonly labels?: string
  readonly check: (ask: Ask) => Promise<void>
}

const ROWS: Readonly<Record<string, Row>> = {
  'visual-classifier': {
    file: pictures.colourClassifier('my_classes'),
    input: { image: 'image' },
    output: { concepts: 'my_classes' },
    check: async (ask) => assert.equal(first(await ask(await colour(0, 0, 255))), 'blue'),
  },
  'visual-detector': {
    file: pictures.colourDetector(),
    input: { image: 'image' },
    output: {
      'regions[...].region_info.bounding_box': 'predicted_bboxes',
      'regions[...].data.concepts[...].id': 'predicted_labels',
      'regions[...].data.concepts[...].value': 'predicted_scores',
    },
    check: async (ask) => {
      const [region] = (await ask(await colour(0, 200, 0))).regions
      assert.deepEqual([region!.data!.concepts[0]!.id, region!.regionInfo!.boundingBox!.leftCol], ['green', 0.25])
    },
  },
  'visual-segmenter': {
    file: pictures.colourSegmenter(),
    input: { image: 'image' },
    output: { 'regions[...].region_info.mask,regions[...].data.concepts': 'predicted_mask' },
    check: async (ask) => {
      const [region] = (await ask(await colour(200, 0, 0))).regions
      assert.deepEqual([region!.data!.concepts[0]!.id, region!.value], ['red', 1])
      assert.ok(region!.regionInfo!.mask!.image!.base64.length > 0)
    },
  },
  'visual-embedder': {
    file: pictures.planarMeans(8),
    input: { image: 'pixels' },
    output: { embeddings: 'means' },
    check: async (ask) => assert.deepEqual(vector(await ask(await colour(255, 51, 0))), [1, 0.2, 0]),
  },
  'text-classifier': {
    file: pictures.wordCounter('softmax_predictions'),
    input: { text: 'text' },
    output: { concepts: 'softmax_predictions' },
    labels: 'good\nbad',
    check: async (ask) => assert.equal(first(await ask(text('a bad film'))), 'bad'),
  },
  'text-embedder': {
    file: pictures.wordCounter('embeddings'),
    input: { text: 'text' },
    output: { embeddings: 'embeddings' },
    check: async (ask) => assert.deepEqual(vector(await ask(text('good good bad'))), [2, 1]),
  },
  'text-to-text': {
    file: media.shouter(),
    input: { text: 'text' },
    output: { text: 'answer' },
    check: async (ask) => assert.equal((await ask(text('hello Welt'))).text!.raw, 'HELLO WELT'),
  },
  'text-to-image': {
    file: media.painter(),
    input: { text: 'text' },
    output: { image: 'image' },
    check: async (ask) => assert.deepEqual(await pixel(await ask(text('good bad good'))), [6, 4, 100, 200, 0]),
  },
  'image-to-image': {
    file: media.negative(),
    input: { image: 'image' },
    output: { image: 'picture' },
    check: async (ask) => assert.deepEqual(await pixel(await ask(await colour(255, 55, 0))), [24, 12, 0, 200, 255]),
  },
  'image-to-text': {
    file: media.describer(),
    input: { image: 'image' },
    output: { text: 'word' },
    check: async (ask) => {
      assert.equal((await ask(await colour(255, 255, 250))).text!.raw, 'bright')
      assert.equal((await ask(await colour(9, 9, 9))).text!.raw, 'dark')
    },
  },
  'audio-classifier': {
    file: media.listener('softmax_predictions'),
    input: { audio: 'audio' },
    output: { concepts: 'softmax_predictions' },
    labels: 'loud\nquiet',
    check: async (ask) => {
      assert.equal(first(await ask({ audio: { base64: await speechRecording() } })), 'loud')
      assert.equal(first(await ask({ audio: { base64: await quietly() } })), 'quiet')
    },
  },
  'audio-embedder': {
    file: media.listener('embeddings'),
    input: { audio: 'audio' },
    output: { embeddings: 'embeddings' },
    check: async (ask) => {
      const [loud, quiet] = vector(await ask({ audio: { base64: await quietly() } }))
      assert.ok(loud! > 0.02 && loud! < 0.2 && Math.abs(loud! + quiet! - 1) < 0.02, `${loud}`)
    },
  },
  'audio-to-text': {
    file: media.transcriber(),
    input: { audio: 'audio' },
    output: { text: 'word' },
    check: async (ask) => {
      assert.equal((await ask({ audio: { base64: await speechRecording() } })).text!.raw, 'loud')
    },
  },
  'multimodal-embedder': {
    file: media.twoEyes(),
    input: { image: 'image', text: 'text' },
    output: { embeddings: 'embeddings' },
    check: async (ask) => {
      assert.deepEqual(vector(await ask(await colour(255, 0, 51))), [1, 0, 0.2, 0, 0])
      assert.deepEqual(vector(await ask(text('good'))), [0, 0, 0, 1, 0])
      assert.deepEqual(vector(await ask({ ...(await colour(0, 255, 0)), ...text('bad') })), [0, 1, 0, 0, 1])
    },
  },
  'multimodal-to-text': {
    file: media.answerer(),
    input: { image: 'image', text: 'text' },
    output: { text: 'answer' },
    check: async (ask) => {
      assert.equal((await ask({ ...(await colour(250, 250, 250)), ...text('sky?') })).text!.raw, 'bright sky?')
      assert.equal((await ask(await colour(5, 5, 5))).text!.raw, 'dark ')
      assert.equal((await ask(text('why?'))).text!.raw, 'dark why?')
    },
  },
}

/** Speech at a tenth of its loudness. */
async function quietly(): Promise<Buffer> {
  const wav = Buffer.from(await speechRecording())
  for (let at = wav.indexOf('data') + 8; at + 1 < wav.length; at += 2) {
    wav.writeInt16LE(Math.round(wav.readInt16LE(at) / 10), at)
  }
  return wav
}

describe('field maps', () => {
  test('every type that can be brought has a row, and its layers are told by ListModelTypes', () => {
    const told = [...modelTypes.values()].filter(({ expectedInputLayers: layers }) => layers.length > 0)
    assert.deepEqual(told.map(({ id }) => id).toSorted(), Object.keys(ROWS).toSorted())
    for (const { id, expectedInputLayers, expectedOutputLayers } of told) {
      const names = (layers: typeof expectedInputLayers) => layers.map(({ dataFieldName }) => dataFieldName).toSorted()
      assert.deepEqual(names(expectedInputLayers), Object.keys(ROWS[id]!.input).toSorted(), id)
      assert.deepEqual(names(expectedOutputLayers), Object.keys(ROWS[id]!.output).toSorted(), id)
    }
  })

  const order = (type: string, { file, input, output, labels }: Row, folder: string, path: string) => {
    const [settings, known] = [readUploadSettings({}, {}), (labels ?? 'red\ngreen\nblue').split('\n')]
    const maps = { inputMap: input, outputMap: output }
    return {
      order: { package: path, folder, type: type as UploadType, ...maps, settings, labels: [] },
      bytes: packageOf(file, known.join('\n'), ''),
    }
  }

  for (const [type, row] of Object.entries(ROWS)) {
    test(`of a ${type} lead to its tensors`, async (t) => {
      const folder = await mkdtemp(join(tmpdir(), 'limpid-maps-'))
      t.after(() => rm(folder, { recursive: true }))
      const path = join(folder, 'package.zip')
      const { order: wanted, bytes } = order(type, row, folder, path)
      await writeFile(path, bytes)
      const { model, layers } = await checkPackage(wanted, () => {})
      const loaded = loadedModel(await openSession(model), layers, bytes.length)
      t.after(() => loaded.dispose())
      await row.check(async (data) => {
        const item = itemOf(data)
        const [made] = await loaded.infer([item], PLAIN)
        await materialise(made!)
        return made!
      })
    })
  }

  test('lead there through the server as well, wherever clients write them', async () => {
    const ids: [string, Row][] = []
    for (const [at, type] of ['text-to-text', 'image-to-image', 'audio-classifier', 'multimodal-embedder'].entries()) {
      const row = ROWS[type]!
      const bytes = packageOf(row.file, row.labels ?? 'red\ngreen\nblue', '')
      // Half of them as the config of the upload has them, half in the info of in- and output.
      const version =
        at % 2 === 0
          ? { pretrainedModelConfig: { inputFieldsMap: row.input, outputFieldsMap: row.output } }
          : { inputInfo: { fieldsMap: row.input }, outputInfo: { fieldsMap: row.output } }
      ids.push([await bring(type, bytes, version), row])
    }
    for (const [id, row] of ids) {
      const { code, details } = await statusOf(id)
      assert.equal(StatusCode[code], 'MODEL_TRAINED', details)
      await row.check((data) => answer(id, data))
    }
  })

  test('that do not fit say in one sentence which tensor, field and type', async (t) => {
    const cases: [string, Partial<Row>, RegExp][] = [
      ['text-to-text', { file: media.shouter(), output: { text: 'text' } }, /no output tensor 'text'; it has 'answer'/],
      ['text-to-text', { file: pictures.wordCounter('embeddings') }, /'embeddings' is float32 .*must be string/],
      ['text-to-image', { file: media.shouter() }, /'answer' is string .*must be uint8 or float32/],
      ['image-to-image', { file: pictures.colourEmbedder() }, /'embeddings' is float32 \[3\]; a picture comes as/],
      ['audio-classifier', { file: pictures.colourClassifier() }, /'image' is uint8 .*samples of 16 kHz/],
      [
        'multimodal-embedder',
        { file: media.listener('embeddings') },
        /no input tensor 'image' or 'text'; it has 'audio'/,
      ],
      ['visual-classifier', { file: media.tunedClassifier() }, /further input 'gain', .*declare it in .*params_specs/],
    ]
    for (const [type, row, details] of cases) {
      const folder = await mkdtemp(join(tmpdir(), 'limpid-maps-'))
      t.after(() => rm(folder, { recursive: true }))
      const path = join(folder, 'package.zip')
      const { order: wanted, bytes } = order(type, { input: {}, output: {}, ...row } as Row, folder, path)
      await writeFile(path, bytes)
      await assert.rejects(
        checkPackage(wanted, () => {}),
        { code: StatusCode.MODEL_UPLOADING_FAILED, details },
      )
    }
  })
})

describe('parameters that an uploader declares', () => {
  const spec = (name: string, fieldType: number, defaultValue?: string | number | boolean) => {
    const kind =
      typeof defaultValue === 'string'
        ? { case: 'stringValue' as const, value: defaultValue }
        : typeof defaultValue === 'number'
          ? { case: 'numberValue' as const, value: defaultValue }
          : { case: 'boolValue' as const, value: defaultValue === true }
    return {
      path: `output_info.params.${name}`,
      fieldType,
      ...(defaultValue !== undefined && { defaultValue: { kind } }),
    }
  }

  test('fill further inputs of the graph: the default, that of the version, that of the call', async () => {
    const greeter = await bring('text-to-text', media.greeter(), {
      outputInfo: { paramsSpecs: [spec('greeting', 2, 'Hello '), spec('polite', 1, true)] },
    })
    const tuned = await bring('visual-classifier', packageOf(media.tunedClassifier(), undefined, ''), {
      outputInfo: { params: { gain: 20 }, paramsSpecs: [spec('gain', 3, 1)] },
    })
    assert.equal(StatusCode[(await statusOf(greeter)).code], 'MODEL_TRAINED')
    assert.equal((await answer(greeter, text('Ann'))).text!.raw, 'Hello Ann')
    assert.equal((await answer(greeter, text('Ann'), { greeting: 'Servus ' })).text!.raw, 'Servus Ann')
    assert.equal((await answer(greeter, text('Ann'), { polite: false })).text!.raw, 'Ann')
    const red = async (params?: JsonObject) =>
      (await answer(tuned, await colour(255, 128, 0), params)).concepts[0]!.value
    assert.ok((await red()) > 0.99 && (await red({ gain: 1 })) < 0.6)
    for (const gain of ['much', true, Number.NaN]) {
      const { outputs } = await predict(tuned, await colour(255, 0, 0), { gain })
      assert.equal(outputs[0]!.status!.code, StatusCode.MODEL_INVALID_ARGUMENT)
      assert.match(outputs[0]!.status!.details, /output_info\.params\.gain must be a number/)
    }
    const { modelVersion } = await server.call('GetModelVersion', { userAppId: app.userAppId, modelId: tuned })
    assert.deepEqual(
      modelVersion!.outputInfo!.paramsSpecs.map(({ path }) => path),
      ['output_info.params.gain'],
    )
  })

  test('that make no sense are refused at once, those without a tensor when the model is read', async () => {
    const { userAppId } = app
    const id = await bring('visual-classifier', packageOf(media.tunedClassifier(), undefined, ''), {
      outputInfo: { paramsSpecs: [spec('gain', 3, 1), spec('zest', 3, 1)] },
    })
    assert.match((await statusOf(id)).details, /parameter 'zest' of params_specs has no input tensor/)
    const post = (paramsSpecs: object[]) =>
      server.call('PostModelVersions', {
        userAppId,
        modelId: id,
        modelVersions: [{ pretrainedModelConfig: { modelZipUrl: `${base}/${id}` }, outputInfo: { paramsSpecs } }],
      } as never)
    const cases: [object[], RegExp][] = [
      [[spec('gain', 3)], /default_value of 'gain'/],
      [[spec('gain', 3, 'much')], /default_value of 'gain' .* must be a number/],
      [[spec('gain', 21, 'secret')], /field_type of 'gain'/],
      [[spec('gain', 3, 1), spec('gain', 3, 1)], /each one once/],
      [[{ ...spec('gain', 3, 1), path: 'train_info.params.gain' }], /path 'train_info\.params\.gain'/],
      [Array.from({ length: 65 }, (_, at) => spec(`p${at}`, 3, 1)), /65 entries/],
    ]
    for (const [specs, details] of cases) {
      refused(await post(specs), StatusCode.MODEL_INVALID_ARGUMENT, details)
    }
  })
})
