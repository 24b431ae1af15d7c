import type { JsonValue } from '@bufbuild/protobuf'
import { Tensor } from 'onnxruntime-node'
import { type ImageHandle, letterbox } from '../../media/image.ts'
import { invalidParam } from '../params.ts'
import type { AudioLayer, ImageLayer, ParamLayer, TextLayer } from './layers.ts'
import { OPEN_SIDE_MAX, TEXT_LENGTH_MAX } from './limits.ts'

/** Where the picture lies in what the model saw, for mapping boxes back: shares of the tensor's height and width. */
export interface Placement {
  readonly height: number
  readonly width: number
  /** Edges of the whole picture in pixels of the tensor; they may lie outside of it. */
  readonly top: number
  readonly left: number
  readonly pictureHeight: number
  readonly pictureWidth: number
}

/** A picture as the tensor that the model wants. Rejects with AppError when the picture is damaged. */
export async function imageTensor(
  handle: ImageHandle,
  layer: ImageLayer,
): Promise<{ tensor: Tensor; placement: Placement }> {
  const { width, height } = sizeFor(handle, layer)
  const rgb = await handle.rgb(width, height, { fit: layer.fit })
  const sides = layer.order === 'HWC' ? [height, width, 3] : [3, height, width]
  const dims = layer.batch ? [1, ...sides] : sides
  const tensor =
    layer.type === 'uint8'
      ? new Tensor('uint8', arrange(rgb, layer, new Uint8Array(rgb.length)), dims)
      : new Tensor('float32', arrange(rgb, layer, new Float32Array(rgb.length)), dims)
  return { tensor, placement: placementOf(handle, layer, width, height) }
}

/** A text as a tensor with one string. */
export function textTensor(text: string, layer: TextLayer): Tensor {
  if (text.length > TEXT_LENGTH_MAX) {
    throw invalidParam(`The text has ${text.length} characters; uploaded models take at most ${TEXT_LENGTH_MAX}.`)
  }
  return new Tensor('string', [text], new Array<number>(layer.rank).fill(1))
}

/** Nothing to see, for a model that takes a picture or a text and was given a text. */
export function blankTensor(layer: ImageLayer): Tensor {
  const [height, width] = [layer.height ?? 1, layer.width ?? 1]
  const sides = layer.order === 'HWC' ? [height, width, 3] : [3, height, width]
  const count = height * width * 3
  const data = layer.type === 'uint8' ? new Uint8Array(count) : new Float32Array(count)
  return new Tensor(layer.type, data as never, layer.batch ? [1, ...sides] : sides)
}

/** Sound as a tensor of its samples. */
export const audioTensor = (samples: Float32Array, { rank }: AudioLayer): Tensor =>
  new Tensor('float32', samples, rank === 2 ? [1, samples.length] : [samples.length])

/** A parameter as a tensor of one value. Throws AppError 21202 for a value of another kind. */
export function paramTensor({ name, type, rank, otherwise }: ParamLayer, given: JsonValue | undefined): Tensor {
  const value = given ?? otherwise
  const fits = typeof value === typeof otherwise && (typeof value !== 'number' || Number.isFinite(value))
  if (!fits) throw invalidParam(`The parameter output_info.params.${name} must be a ${typeof otherwise}.`)
  const dims = new Array<number>(rank).fill(1)
  switch (type) {
    case 'string':
      return new Tensor('string', [String(value)], dims)
    case 'bool':
      return new Tensor('bool', Uint8Array.of(value ? 1 : 0), dims)
    case 'float32':
      return new Tensor('float32', Float32Array.of(Number(value)), dims)
    case 'float64':
      return new Tensor('float64', Float64Array.of(Number(value)), dims)
    case 'int32':
      return new Tensor('int32', Int32Array.of(Math.round(Number(value))), dims)
    case 'int64':
      return new Tensor('int64', BigInt64Array.of(BigInt(Math.round(Number(value)))), dims)
  }
}

function sizeFor({ width, height }: ImageHandle, layer: ImageLayer): { width: number; height: number } {
  if (layer.width !== null && layer.height !== null) return { width: layer.width, height: layer.height }
  const shrink = Math.min(1, OPEN_SIDE_MAX / Math.max(width, height))
  return { width: Math.max(1, Math.round(width * shrink)), height: Math.max(1, Math.round(height * shrink)) }
}

/** Puts packed RGB into the order of the tensor; floats are scaled, bytes stay as they are. */
function arrange<T extends Uint8Array | Float32Array>(rgb: Uint8Array, layer: ImageLayer, out: T): T {
  const pixels = rgb.length / 3
  const [step, plane] = layer.order === 'HWC' ? [3, 1] : [1, pixels]
  for (let channel = 0; channel < 3; channel++) {
    const table = tableOf(layer, channel)
    const source = layer.bgr ? 2 - channel : channel
    for (let pixel = 0, to = channel * plane; pixel < pixels; pixel++, to += step) {
      out[to] = table[rgb[pixel * 3 + source]!]!
    }
  }
  return out
}

function tableOf({ type, scales }: ImageLayer, channel: number): Float32Array {
  const { scale, offset } = type === 'uint8' ? { scale: 1, offset: 0 } : scales[channel]!
  return Float32Array.from({ length: 256 }, (_, value) => value * scale + offset)
}

function placementOf(handle: ImageHandle, { fit }: ImageLayer, width: number, height: number): Placement {
  if (fit === 'contain') {
    const inner = letterbox(handle.width, handle.height, width, height)
    return { height, width, top: inner.top, left: inner.left, pictureHeight: inner.height, pictureWidth: inner.width }
  }
  if (fit === 'fill') return { height, width, top: 0, left: 0, pictureHeight: height, pictureWidth: width }
  const scale = Math.max(width / handle.width, height / handle.height)
  const [pictureWidth, pictureHeight] = [handle.width * scale, handle.height * scale]
  const [top, left] = [(height - pictureHeight) / 2, (width - pictureWidth) / 2]
  return { height, width, top, left, pictureHeight, pictureWidth }
}
