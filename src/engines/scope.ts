import { create } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import { type Data, type Image, ImageInfoSchema } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ImageHandle, type ImageLimits } from '../media/image.ts'
import type { InferScope } from './engine.ts'

/** Pictures encoded at the same time for one answer. */
const ENCODE_PARALLEL_MAX = 4
/** Cut-out pictures of lossless originals stay lossless up to this many pixels; larger ones are answered as JPEG. */
const LOSSLESS_PIXELS_MAX = 1_000_000

interface BoundImage {
  readonly handle: ImageHandle
}

/** Bound images, by message: a binding must survive from one node's scope to the next one's. */
const bound = new WeakMap<Image, BoundImage>()

/**
 * Makes the scope of one input (or of one frame of a video). `sharesPicture` says that more than one engine is going to
 * look at its picture, which is then decoded as a whole at once instead of first to the size of one of them.
 */
export function createScope(signal: AbortSignal, limits?: ImageLimits, sharesPicture = false): InferScope {
  const opened = new WeakMap<Image | Uint8Array, Promise<ImageHandle>>()
  const memory = new Map<string, Promise<unknown>>()
  return {
    signal,
    imageOf(image) {
      const own = bound.get(image)
      if (own) return Promise.resolve(own.handle)
      const bytes = image.base64
      if (bytes.length === 0) return Promise.reject(noBytes(image))
      // Nodes see copies of the message that share its bytes, so the bytes are what identifies the picture.
      let handle = opened.get(bytes)
      if (!handle) {
        handle = ImageHandle.decode(bytes, limits, sharesPicture)
        opened.set(bytes, handle)
      }
      return handle
    },
    bindImage(image, handle) {
      bound.set(image, { handle })
    },
    memo<T>(key: string, compute: () => Promise<T>): Promise<T> {
      let value = memory.get(key) as Promise<T> | undefined
      if (!value) {
        value = compute()
        memory.set(key, value)
      }
      return value
    },
  }
}

const pictureNumbers = new WeakMap<ImageHandle, number>()
let lastPictureNumber = 0

/** Computes a value once per input, picture and key: crops of one input share its scope but not their results. */
export function memoOfImage<T>(
  scope: InferScope,
  handle: ImageHandle,
  key: string,
  compute: () => Promise<T>,
): Promise<T> {
  let number = pictureNumbers.get(handle)
  if (number === undefined) {
    number = ++lastPictureNumber
    pictureNumbers.set(handle, number)
  }
  return scope.memo(`${key}#${number}`, compute)
}

/**
 * Writes the bytes of every bound picture inside `data` that has none, in place, because it is about to be answered.
 * JPEG for parts of JPEGs and for large parts, else PNG.
 */
export async function materialise(data: Data): Promise<Data> {
  const waiting = [...pictures(data)].filter((image) => image.base64.length === 0 && bound.has(image))
  for (let at = 0; at < waiting.length; at += ENCODE_PARALLEL_MAX) {
    await Promise.all(waiting.slice(at, at + ENCODE_PARALLEL_MAX).map(encodeBound))
  }
  return data
}

async function encodeBound(image: Image): Promise<void> {
  const { handle } = bound.get(image)!
  const { width, height, colorMode } = handle
  const format = handle.format === 'JPEG' || width * height > LOSSLESS_PIXELS_MAX ? 'jpeg' : 'png'
  image.base64 = await handle.encode(format)
  image.imageInfo ??= create(ImageInfoSchema, { width, height, format: format.toUpperCase(), colorMode })
  // The bytes are the picture from now on, so that the one it was cut out of can leave the memory.
  bound.delete(image)
}

function* pictures(data: Data): Generator<Image> {
  if (data.image) yield data.image
  yield* data.heatmaps
  for (const region of data.regions) {
    if (region.regionInfo?.mask?.image) yield region.regionInfo.mask.image
    if (region.data) yield* pictures(region.data)
  }
  for (const frame of data.frames) if (frame.data) yield* pictures(frame.data)
}

function noBytes(image: Image): AppError {
  return image.url
    ? new AppError(StatusCode.INPUT_DOWNLOAD_FAILED, 'The image at the URL has not been downloaded; send its bytes.')
    : new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The input has no image; send image.base64 or image.url.')
}
