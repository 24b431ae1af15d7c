import type { JsonObject } from '@bufbuild/protobuf'
import type { InferenceSession } from 'onnxruntime-node'
import type { Label } from '../concepts.ts'
import type { PixelScale } from '../pixels.ts'
import {
  type AudioLayer,
  type ImageLayer,
  INPUT_FIELDS,
  type Layers,
  namesClasses,
  OUTPUT_FIELDS,
  type OutputRole,
  type ParamLayer,
  type TextLayer,
  type UploadType,
} from './layers.ts'
import { SIDE_MAX, TENSOR_NAME_MAX, VECTOR_LENGTH_MAX } from './limits.ts'
import type { ParamSpec } from './param-specs.ts'
import { uploadProblem } from './problem.ts'
import type { UploadSettings } from './settings.ts'

type Tensor = InferenceSession.ValueMetadata
type TypedTensor = Extract<Tensor, { isTensor: true }>

/** What decides how the tensors of a model are used. */
export interface Binding {
  readonly type: UploadType
  /** Field path -> name of the tensor, as the uploader wrote them; what is left out has its usual name. */
  readonly inputMap: JsonObject
  readonly outputMap: JsonObject
  readonly settings: UploadSettings
  /** The classes in the order of the model's outputs. */
  readonly labels: readonly Label[]
  /** Parameters that the uploader has declared; further inputs of the model are named after them. */
  readonly params?: readonly ParamSpec[]
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
}

const WHOLE_NUMBERS = ['int64', 'int32', 'uint8', 'int8', 'int16', 'uint16', 'uint32']
const OUTPUT_TYPES: Readonly<Record<OutputRole, readonly string[]>> = {
  concepts: ['float32', 'float64'],
  embeddings: ['float32', 'float64'],
  boxes: ['float32', 'float64'],
  scores: ['float32', 'float64'],
  labels: [...WHOLE_NUMBERS, 'float32'],
  mask: WHOLE_NUMBERS,
  text: ['string'],
  image: ['uint8', 'float32'],
}

/** Fits the tensors of a model to the fields of its type. Throws AppError 21105 for the first that does not fit. */
export function bindLayers(binding: Binding): Layers {
  const { type, settings } = binding
  const fields = OUTPUT_FIELDS[type]
  checkFieldMaps(type, binding.inputMap, binding.outputMap)
  const { taken, used } = bindInputs(binding)
  const params = paramLayers(binding, used)
  const outputs: Partial<Record<OutputRole, string>> = {}
  for (const { role, path, usual } of fields) {
    const tensor = find(binding.outputs, binding.outputMap[path], usual, 'output', fields.length === 1)
    checkOutput(role, tensor, binding)
    outputs[role] = tensor.name
  }
  return {
    type,
    ...taken,
    ...(params.length > 0 ? { params } : {}),
    outputs,
    activation: settings.activation,
    boxes: { format: settings.boxFormat, units: settings.boxUnits },
    labels: namesClasses(type) ? binding.labels : [],
  }
}

type Taken = Pick<Layers, 'image' | 'text' | 'audio'>

/** The tensors of the input fields: the one there must be, or those that there are of several. */
function bindInputs({ type, settings, inputs, inputMap, params = [] }: Binding): { taken: Taken; used: Set<string> } {
  const fields = INPUT_FIELDS[type]
  const declared = new Set(params.map(({ name }) => name))
  const media = inputs.filter(({ name }) => !declared.has(name))
  const used = new Set<string>()
  const taken: { -readonly [F in keyof Taken]: Taken[F] } = {}
  for (const field of fields) {
    const named = inputMap[field] !== undefined || media.some(({ name }) => name === field)
    // Of several fields those may be missing that the model knows nothing of.
    if (fields.length > 1 && !named) continue
    const tensor = find(media, inputMap[field], field, 'input', true)
    used.add(tensor.name)
    if (field === 'text') taken.text = textLayer(tensor)
    else if (field === 'audio') taken.audio = audioLayer(tensor)
    else taken.image = imageLayer(tensor, settings)
  }
  if (used.size > 0) return { taken, used }
  const names = media.map(({ name }) => `'${shown(name)}'`).join(', ') || 'none'
  throw uploadProblem(
    `The model has no input tensor ${fields.map((field) => `'${field}'`).join(' or ')}; it has ${names}.`,
  )
}

const PARAM_TYPES: Readonly<Record<string, readonly string[]>> = {
  boolean: ['bool'],
  string: ['string'],
  number: ['float32', 'float64', 'int32', 'int64'],
}

/** The tensors that parameters fill. A declared parameter without a tensor would change nothing, so it is refused. */
function paramLayers({ type, inputs, params = [] }: Binding, used: ReadonlySet<string>): ParamLayer[] {
  const other = inputs.find(({ name }) => !used.has(name) && !params.some((spec) => spec.name === name))
  if (other) {
    throw uploadProblem(
      `The model wants a further input '${shown(other.name)}', which ${type} models do not have; declare it in output_info.params_specs with a default, or leave it out of the graph.`,
    )
  }
  return params.map(({ name, otherwise }) => {
    const tensor = inputs.find((input) => input.name === name)
    if (!tensor) throw uploadProblem(`The parameter '${name}' of params_specs has no input tensor of that name.`)
    const wanted = PARAM_TYPES[typeof otherwise]!
    const { shape = [] } = tensor.isTensor ? tensor : {}
    if (!tensor.isTensor || !wanted.includes(tensor.type) || shape.length > 2 || !single(shape)) {
      throw uploadProblem(
        `The input '${name}' must be one value of ${wanted.join(' or ')}, as its parameter in params_specs is.`,
      )
    }
    return { name, type: tensor.type as ParamLayer['type'], rank: shape.length, otherwise }
  })
}

/** Refuses field maps with fields that the type does not have or without names of tensors. Throws AppError 21105. */
export function checkFieldMaps(type: UploadType, inputMap: JsonObject, outputMap: JsonObject): void {
  checkPaths(inputMap, INPUT_FIELDS[type], 'input_fields_map')
  const paths = OUTPUT_FIELDS[type].map(({ path }) => path)
  checkPaths(outputMap, paths, 'output_fields_map')
}

function checkPaths(map: JsonObject, known: readonly string[], what: string): void {
  for (const [path, name] of Object.entries(map)) {
    if (!known.includes(path)) {
      throw uploadProblem(`The ${what} has '${shown(path)}'; this type of model has ${known.join(' and ')}.`)
    }
    if (typeof name !== 'string' || name === '' || name.length > TENSOR_NAME_MAX) {
      throw uploadProblem(`The ${what} must give '${path}' the name of a tensor.`)
    }
  }
}

/** The tensor of a field by its given or usual name; the only one there is where nothing is said and `alone` is set. */
function find(
  tensors: readonly Tensor[],
  given: unknown,
  usual: string,
  what: 'input' | 'output',
  alone: boolean,
): TypedTensor {
  const wanted = typeof given === 'string' ? given : usual
  const byName = tensors.find(({ name }) => name === wanted)
  const found = byName ?? (given === undefined && alone && tensors.length === 1 ? tensors[0] : undefined)
  if (!found) {
    const names = tensors.map(({ name }) => `'${shown(name)}'`).join(', ') || 'none'
    throw uploadProblem(`The model has no ${what} tensor '${shown(wanted)}'; it has ${names}.`)
  }
  if (!found.isTensor) throw uploadProblem(`The ${what} '${shown(found.name)}' of the model is not a tensor.`)
  return found
}

function textLayer({ name, type, shape }: TypedTensor): TextLayer {
  const one = shape.every((size) => isOpen(size) || size === 1)
  if (type === 'string' && shape.length <= 2 && one) return { name, rank: shape.length }
  throw uploadProblem(
    `The input '${shown(name)}' is ${type} [${shape}]; a text goes in as one string, as a tensor STRING [1]. Put the tokenizer into the graph.`,
  )
}

function audioLayer({ name, type, shape }: TypedTensor): AudioLayer {
  const fits = type === 'float32' && shape.length >= 1 && shape.length <= 2 && single(shape.slice(0, -1))
  if (fits && isOpen(shape.at(-1)!)) return { name, rank: shape.length }
  throw uploadProblem(
    `The input '${shown(name)}' is ${type} [${shape}]; sound goes in as samples of 16 kHz, as a tensor FP32 [-1].`,
  )
}

function imageLayer({ name, type, shape }: TypedTensor, settings: UploadSettings): ImageLayer {
  const batch = shape.length === 4
  const order = pictureOrder(shape, type)
  if (order === undefined) {
    throw uploadProblem(
      `The input '${shown(name)}' is ${type} [${shape}]; a picture goes in as uint8 or float32 with 3 channels, first or last, such as UINT8 [-1,-1,3] or FP32 [1,3,224,224].`,
    )
  }
  const sides = order === 'HWC' ? shape.slice(-3, -1) : shape.slice(-2)
  const height = side(name, sides[0]!, settings.height)
  const width = side(name, sides[1]!, settings.width)
  if ((height === null) !== (width === null)) {
    throw uploadProblem(
      `The input '${shown(name)}' fixes one side of the picture only; give the other in image_width or image_height.`,
    )
  }
  const scales = settings.mean.map((mean, channel): PixelScale => {
    const std = settings.std[channel]!
    return { scale: settings.scale / std, offset: -mean / std }
  }) as unknown as ImageLayer['scales']
  return {
    name,
    type: type as ImageLayer['type'],
    order,
    batch,
    height,
    width,
    fit: settings.fit,
    bgr: settings.bgr,
    scales,
  }
}

/** Where the channels of a picture stand in a tensor, or undefined for one that can be no picture. */
function pictureOrder(shape: readonly (number | string)[], type: string): ImageLayer['order'] | undefined {
  const fits = (type === 'uint8' || type === 'float32') && (shape.length === 3 || shape.length === 4)
  return fits && (shape.length === 3 || single(shape.slice(0, 1))) ? orderOf(shape.slice(-3), type) : undefined
}

/** Where the three channels stand; where nothing tells, bytes have them last, as pictures do, and floats first. */
function orderOf(shape: readonly (number | string)[], type: string): ImageLayer['order'] | undefined {
  const [first, , last] = shape
  if (last === 3 && first !== 3) return 'HWC'
  if (first === 3 && last !== 3) return 'CHW'
  const undecided = (first === 3 && last === 3) || (isOpen(first!) && isOpen(last!))
  return undecided ? (type === 'uint8' ? 'HWC' : 'CHW') : undefined
}

function side(name: string, size: number | string, wanted: number): number | null {
  if (isOpen(size)) return wanted === 0 ? null : wanted
  if ((size as number) <= SIDE_MAX && (size as number) > 0) return size as number
  throw uploadProblem(
    `The input '${shown(name)}' wants pictures with a side of ${size} pixels; use at most ${SIDE_MAX}.`,
  )
}

function checkOutput(role: OutputRole, { name, type, shape }: TypedTensor, { labels, type: modelType }: Binding): void {
  const is = `The output '${shown(name)}' is ${type} [${shape}]`
  if (!OUTPUT_TYPES[role].includes(type)) {
    throw uploadProblem(`${is}; for this field it must be ${OUTPUT_TYPES[role].join(' or ')}.`)
  }
  if (namesClasses(modelType) && labels.length === 0) {
    throw uploadProblem(
      'The classes have no names; put a labels file into the package or list the concepts in output_info.data.concepts.',
    )
  }
  const rest = shape.filter((size) => size !== 1)
  const last = shape.at(-1)
  if (role === 'concepts' && !(shape.length <= 2 && matches(last, labels.length) && single(shape.slice(0, -1)))) {
    throw uploadProblem(`${is}, but there are ${labels.length} labels; both must be equal.`)
  }
  if (role === 'boxes' && !(shape.length >= 2 && shape.length <= 3 && matches(last, 4))) {
    throw uploadProblem(`${is}; boxes are [-1,4].`)
  }
  if ((role === 'labels' || role === 'scores') && shape.length > 3) throw uploadProblem(`${is}; it must be [-1,1].`)
  if (role === 'mask' && (shape.length < 2 || shape.length > 4 || !single(shape.slice(0, -2)))) {
    throw uploadProblem(`${is}; a mask is [-1,-1], the class of each pixel.`)
  }
  if (role === 'text' && !(shape.length <= 2 && single(shape))) {
    throw uploadProblem(`${is}; an answer is one text, STRING [1].`)
  }
  if (role === 'image' && pictureOrder(shape, type) === undefined) {
    throw uploadProblem(`${is}; a picture comes as uint8 or float32 with 3 channels, such as UINT8 [-1,-1,3].`)
  }
  if (role === 'embeddings') {
    const length = rest.reduce<number>((product, size) => (isOpen(size) ? product : product * (size as number)), 1)
    if (length > VECTOR_LENGTH_MAX) throw uploadProblem(`${is}; a vector may have ${VECTOR_LENGTH_MAX} numbers.`)
  }
}

const isOpen = (size: number | string): boolean => typeof size === 'string' || size < 0
const matches = (size: number | string | undefined, wanted: number): boolean =>
  size !== undefined && (isOpen(size) || size === wanted)
const single = (sizes: readonly (number | string)[]): boolean => sizes.every((size) => isOpen(size) || size === 1)
const shown = (name: string): string => name.slice(0, TENSOR_NAME_MAX)
