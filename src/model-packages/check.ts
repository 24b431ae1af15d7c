import { stat } from 'node:fs/promises'
import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf'
import type { InferenceSession } from 'onnxruntime-node'
import { isAppError } from '../base/errors.ts'
import { DataSchema, ImageSchema } from '../contract/index.ts'
import type { Label } from '../engines/concepts.ts'
import type { EngineItem } from '../engines/engine.ts'
import { bindLayers } from '../engines/onnx-model/bind.ts'
import { loadedModel, openSession } from '../engines/onnx-model/engine.ts'
import { type Layers, namesClasses, type UploadType } from '../engines/onnx-model/layers.ts'
import type { ParamSpec } from '../engines/onnx-model/param-specs.ts'
import { uploadProblem } from '../engines/onnx-model/problem.ts'
import type { UploadSettings } from '../engines/onnx-model/settings.ts'
import { createScope } from '../engines/scope.ts'
import { ImageHandle } from '../media/image.ts'
import { AUDIO_SAMPLE_RATE } from '../media/limits.ts'
import { withIds } from './labels.ts'
import { MODEL_BYTES_MAX, TEST_PICTURE_SIDE } from './limits.ts'
import { checkOnnxStructure } from './onnx-structure.ts'
import { type ConfigTensor, unpackModel } from './unpack.ts'

/** A package to be checked, and what its uploader says about it. */
export interface CheckOrder {
  /** Path of what was sent. */
  readonly package: string
  /** An empty folder for what is unpacked. */
  readonly folder: string
  readonly type: UploadType
  readonly inputMap: JsonObject
  readonly outputMap: JsonObject
  readonly settings: UploadSettings
  /** The classes, where the uploader listed them as concepts. */
  readonly labels: readonly Label[]
  /** Parameters that the uploader has declared for the model. */
  readonly params?: readonly ParamSpec[]
}

/** What a package turned out to be. */
export interface CheckedPackage {
  /** Path of the model file. */
  readonly model: string
  readonly layers: Layers
}

/** What is being done, in order; each has a time limit of its own. */
export type CheckStage = 'read' | 'load' | 'run'

/**
 * Unpacks a package, reads its model, loads it and runs it once on made-up input. Throws AppError 21105 with a sentence
 * for the uploader. For a process of its own: what the runtime does with a hostile model is not known.
 */
export async function checkPackage(order: CheckOrder, begin: (stage: CheckStage) => void): Promise<CheckedPackage> {
  begin('read')
  const { model, labels: names, config } = await unpackModel(order.package, order.folder)
  const { size } = await stat(model)
  if (size > MODEL_BYTES_MAX)
    throw uploadProblem(`The model has ${size} bytes; at most ${MODEL_BYTES_MAX} are possible.`)
  checkOnnxStructure(model)
  const labels = labelsFor(order, names)
  begin('load')
  const session = await asProblem(() => openSession(model))
  try {
    const { inputMetadata: inputs, outputMetadata: outputs } = session
    if (config) {
      checkConfig('input', config.inputs, inputs)
      checkConfig('output', config.outputs, outputs)
    }
    const layers = bindLayers({ ...order, labels, inputs, outputs })
    begin('run')
    const loaded = loadedModel(session, layers, size)
    const setup = { params: {}, concepts: [] }
    await asProblem(() => loaded.infer(testItems(layers), setup), 'The test run failed. ')
    return { model, layers }
  } finally {
    await session.release()
  }
}

function labelsFor({ type, labels }: CheckOrder, names: readonly string[] | undefined): readonly Label[] {
  if (!namesClasses(type)) return []
  if (labels.length === 0) return withIds(names ?? [])
  if (names === undefined || names.length === labels.length) return labels
  throw uploadProblem(
    `The labels file has ${names.length} lines, but ${labels.length} concepts are listed; list as many or none.`,
  )
}

/** What the runtime calls the types of Triton. */
const CONFIG_TYPES: Readonly<Record<string, string>> = {
  FP32: 'float32',
  FP64: 'float64',
  FP16: 'float16',
  STRING: 'string',
  BOOL: 'bool',
}

function checkConfig(
  what: 'input' | 'output',
  described: readonly ConfigTensor[],
  tensors: readonly InferenceSession.ValueMetadata[],
): void {
  for (const { name, type } of described) {
    const tensor = tensors.find((candidate) => candidate.name === name)
    if (!tensor) throw uploadProblem(`The model has no ${what} '${name.slice(0, 100)}', which config.pbtxt describes.`)
    const wanted = CONFIG_TYPES[type] ?? type.toLowerCase()
    if (!tensor.isTensor || tensor.type !== wanted) {
      const is = tensor.isTensor ? tensor.type : 'no tensor'
      throw uploadProblem(`The ${what} '${name.slice(0, 100)}' is ${is}, but config.pbtxt says ${type.slice(0, 40)}.`)
    }
  }
}

/** Made-up inputs: a picture in which all colours occur, a sentence, a tone; for models of two kinds each alone too. */
function testItems({ text, image, audio }: Layers): EngineItem[] {
  const scope = createScope(new AbortController().signal)
  const item = (data: MessageInitShape<typeof DataSchema>): EngineItem => ({ data: create(DataSchema, data), scope })
  if (audio) return [item({ audio: { base64: testTone() } })]
  const sentence = { raw: 'This is a sentence to try the model on.' }
  if (!image) return [item({ text: sentence })]
  const [width, height] = [image.width ?? TEST_PICTURE_SIDE, image.height ?? TEST_PICTURE_SIDE]
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7 + (at >> 8) * 13) & 255)
  const picture = create(ImageSchema)
  scope.bindImage(picture, ImageHandle.fromRaw(rgb, width, height))
  const seen = { data: create(DataSchema), scope }
  seen.data.image = picture
  if (!text) return [seen]
  const both = { data: create(DataSchema, { text: sentence }), scope }
  both.data.image = picture
  return [both, seen, item({ text: sentence })]
}

/** A second of a tone as a WAV file of 16 kHz, 16 bits and one channel. */
function testTone(): Buffer {
  const file = Buffer.alloc(44 + AUDIO_SAMPLE_RATE * 2)
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(AUDIO_SAMPLE_RATE, 24)
  file.writeUInt32LE(AUDIO_SAMPLE_RATE * 2, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(AUDIO_SAMPLE_RATE * 2, 40)
  for (let at = 0; at < AUDIO_SAMPLE_RATE; at++) {
    file.writeInt16LE(Math.round(8_000 * Math.sin((at * 2 * Math.PI * 440) / AUDIO_SAMPLE_RATE)), 44 + at * 2)
  }
  return file
}

async function asProblem<T>(work: () => Promise<T>, prefix = ''): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isAppError(error)) throw uploadProblem(`${prefix}${error.details}`, error)
    throw error
  }
}
