import { create } from '@bufbuild/protobuf'
import type { Tensor } from 'onnxruntime-node'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { type Data, DataSchema, type Image, ImageSchema, type Region, RegionSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { unit } from '../boxes.ts'
import type { ConceptMaker } from '../concepts.ts'
import type { InferScope } from '../engine.ts'
import { boxRegion, embeddingData } from '../kit.ts'
import { sigmoid, softmax } from '../vectors.ts'
import type { Placement } from './feed.ts'
import type { BoxForm, Layers, OutputRole } from './layers.ts'
import {
  BOXES_MAX,
  IMAGE_OUT_PIXELS_MAX,
  MASK_PIXELS_MAX,
  REGIONS_MAX,
  TEXT_OUT_LENGTH_MAX,
  VECTOR_LENGTH_MAX,
} from './limits.ts'

/** What the answers of a model are made into data with. */
export interface AnswerContext {
  readonly layers: Layers
  readonly concept: ConceptMaker
  readonly scope: InferScope
  /** Where the picture lay, for models that look at one. */
  readonly placement?: Placement
}

type Outputs = Readonly<Record<string, Tensor>>

/** Turns the output tensors of a model into data of its type. Throws AppError 21313 for answers that make no sense. */
export async function answerData(outputs: Outputs, context: AnswerContext): Promise<Data> {
  switch (context.layers.type) {
    case 'visual-embedder':
    case 'text-embedder':
    case 'audio-embedder':
    case 'multimodal-embedder':
      return embeddingData(vectorOf(outputs, context.layers))
    case 'visual-detector':
      return create(DataSchema, { regions: boxRegions(outputs, context) })
    case 'visual-segmenter':
      return create(DataSchema, { regions: await maskRegions(outputs, context) })
    case 'text-to-text':
    case 'image-to-text':
    case 'audio-to-text':
    case 'multimodal-to-text':
      return create(DataSchema, { text: { raw: answeredText(outputs, context.layers) } })
    case 'text-to-image':
    case 'image-to-image':
      return create(DataSchema, { image: answeredImage(outputs, context) })
    default:
      return create(DataSchema, { concepts: classes(outputs, context) })
  }
}

const wrong = (details: string): AppError => new AppError(StatusCode.MODEL_PREDICTION_FAILED, details)

function tensorOf(outputs: Outputs, layers: Layers, role: OutputRole): Tensor {
  const tensor = outputs[layers.outputs[role]!]
  if (tensor) return tensor
  throw wrong(`The model gave no output '${layers.outputs[role]}'.`)
}

const numbers = (tensor: Tensor): ArrayLike<number> =>
  tensor.data instanceof BigInt64Array ? Array.from(tensor.data, Number) : (tensor.data as ArrayLike<number>)

function vectorOf(outputs: Outputs, layers: Layers): ArrayLike<number> {
  const vector = numbers(tensorOf(outputs, layers, 'embeddings'))
  if (vector.length === 0 || vector.length > VECTOR_LENGTH_MAX) {
    throw wrong(`The model gave a vector of ${vector.length} numbers; 1 to ${VECTOR_LENGTH_MAX} are possible.`)
  }
  for (let at = 0; at < vector.length; at++) {
    if (!Number.isFinite(vector[at])) throw wrong('The model gave a vector with a value that is no number.')
  }
  return vector
}

function answeredText(outputs: Outputs, layers: Layers): string {
  const texts = tensorOf(outputs, layers, 'text').data as unknown as readonly string[]
  const [text] = texts
  if (text === undefined || texts.length > 1) throw wrong(`The model gave ${texts.length} texts; it must give one.`)
  if (text.length <= TEXT_OUT_LENGTH_MAX) return text
  throw wrong(`The model gave a text of ${text.length} characters; ${TEXT_OUT_LENGTH_MAX} are possible.`)
}

/** A picture of bytes, or of floats from 0 to 1. */
function answeredImage(outputs: Outputs, { layers, scope }: AnswerContext): Image {
  const tensor = tensorOf(outputs, layers, 'image')
  const sides = tensor.dims.slice(-3)
  const last = sides[2] === 3
  const [height = 0, width = 0] = last ? sides : sides.slice(1)
  const pixels = height * width
  if (pixels === 0 || pixels > IMAGE_OUT_PIXELS_MAX || tensor.data.length !== pixels * 3) {
    throw wrong(
      `The model gave a picture of [${tensor.dims}]; one of at most ${IMAGE_OUT_PIXELS_MAX} pixels is possible.`,
    )
  }
  const values = numbers(tensor)
  const scale = tensor.type === 'uint8' ? 1 : 255
  const [step, plane] = last ? [3, 1] : [1, pixels]
  const rgb = new Uint8Array(pixels * 3)
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = Math.round(values[pixel * step + channel * plane]! * scale)
      rgb[pixel * 3 + channel] = Math.min(255, Math.max(0, value))
    }
  }
  const image = create(ImageSchema)
  scope.bindImage(image, ImageHandle.fromRaw(rgb, width, height))
  return image
}

function classes(outputs: Outputs, { layers, concept }: AnswerContext): Data['concepts'] {
  const given = numbers(tensorOf(outputs, layers, 'concepts'))
  const { labels, activation } = layers
  if (given.length !== labels.length) {
    throw wrong(`The model gave ${given.length} values for ${labels.length} labels; both must be equal.`)
  }
  const values = activation === 'softmax' ? softmax(given) : Array.from(given, (v) => activated(v, activation))
  return labels.map((label, at) => concept(label, finite(values[at]!))).sort((a, b) => b.value - a.value)
}

const activated = (value: number, activation: Layers['activation']): number =>
  activation === 'sigmoid' ? sigmoid(value) : value

/** Values that are no number count as 0: sorting and limits could not deal with them. */
const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

function boxRegions(outputs: Outputs, { layers, concept, placement }: AnswerContext): Region[] {
  const boxes = numbers(tensorOf(outputs, layers, 'boxes'))
  const indexes = numbers(tensorOf(outputs, layers, 'labels'))
  const scores = numbers(tensorOf(outputs, layers, 'scores'))
  const count = scores.length
  if (count > BOXES_MAX) throw wrong(`The model gave ${count} boxes; at most ${BOXES_MAX} are possible.`)
  if (boxes.length !== count * 4 || indexes.length !== count) {
    throw wrong(
      `The model gave ${boxes.length / 4} boxes, ${indexes.length} labels and ${count} scores; all must be equal.`,
    )
  }
  const places = Array.from({ length: count }, (_, at) => at)
    // Models fill up fixed outputs with boxes without score or class.
    .filter((at) => scores[at]! > 0 && indexes[at]! >= 0)
    .sort((a, b) => scores[b]! - scores[a]!)
    .slice(0, REGIONS_MAX)
  return places.map((at) => {
    const label = layers.labels[indexes[at]!]
    if (!label) throw wrong(`The model gave the class ${indexes[at]}, but there are ${layers.labels.length} labels.`)
    const four = [boxes[at * 4]!, boxes[at * 4 + 1]!, boxes[at * 4 + 2]!, boxes[at * 4 + 3]!] as const
    const score = unit(scores[at]!)
    return boxRegion(toPicture(edges(four, layers.boxes), layers.boxes, placement!), score, {
      concepts: [concept(label, score)],
    })
  })
}

interface Edges {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

function edges([a, b, c, d]: readonly [number, number, number, number], { format }: BoxForm): Edges {
  if (format === 'xyxy') return { left: a, top: b, right: c, bottom: d }
  if (format === 'cxcywh') return { left: a - c / 2, top: b - d / 2, right: a + c / 2, bottom: b + d / 2 }
  return { top: a, left: b, bottom: c, right: d }
}

/** Edges in what the model saw as shares of the picture. */
function toPicture(box: Edges, { units }: BoxForm, place: Placement): Edges {
  const [rows, columns] = units === 'pixels' ? [1, 1] : [place.height, place.width]
  const down = (value: number): number => (value * rows - place.top) / place.pictureHeight
  const across = (value: number): number => (value * columns - place.left) / place.pictureWidth
  return { top: down(box.top), left: across(box.left), bottom: down(box.bottom), right: across(box.right) }
}

/** A region for each class that occurs: white where it is in its mask, its value the share of pixels. */
async function maskRegions(outputs: Outputs, { layers, concept }: AnswerContext): Promise<Region[]> {
  const tensor = tensorOf(outputs, layers, 'mask')
  const [height = 0, width = 0] = tensor.dims.slice(-2)
  const mask = numbers(tensor)
  const pixels = height * width
  if (pixels === 0 || pixels > MASK_PIXELS_MAX || mask.length !== pixels) {
    throw wrong(
      `The model gave a mask of [${tensor.dims}]; one picture of at most ${MASK_PIXELS_MAX} pixels is possible.`,
    )
  }
  const counts = new Map<number, number>()
  for (let at = 0; at < pixels; at++) counts.set(mask[at]!, (counts.get(mask[at]!) ?? 0) + 1)
  const found = [...counts].sort(([, a], [, b]) => b - a)
  const unknown = found.find(([index]) => layers.labels[index] === undefined)
  if (unknown) throw wrong(`The model gave the class ${unknown[0]}, but there are ${layers.labels.length} labels.`)
  const regions: Region[] = []
  // One after the other, so that only one mask at a time is there in full.
  for (const [index, count] of found.slice(0, REGIONS_MAX)) {
    const value = count / pixels
    const base64 = await drawMask(mask, index, width, height)
    regions.push(
      create(RegionSchema, {
        id: newId(),
        value,
        regionInfo: { mask: { image: { base64, imageInfo: { width, height, format: 'PNG', colorMode: 'RGB' } } } },
        data: create(DataSchema, { concepts: [concept(layers.labels[index]!, value)] }),
      }),
    )
  }
  return regions
}

function drawMask(mask: ArrayLike<number>, index: number, width: number, height: number): Promise<Buffer> {
  const rgb = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at++) if (mask[at] === index) rgb.fill(255, at * 3, at * 3 + 3)
  return ImageHandle.fromRaw(rgb, width, height).encode('png')
}
