import type { RawImage } from '../bmp.ts'
import { HOSTED_JPEG_QUALITY, HOSTED_SIDES } from '../limits.ts'
import { fromRaw, insideOf, toRgb } from '../pixel-source.ts'
import { imageError } from '../sharp-setup.ts'
import type { PreparedSize, SizeName } from './prepared.ts'

/** Sizes that pictures are hosted in beside the original, from the largest to the smallest. */
export const PICTURE_SIZES = Object.entries(HOSTED_SIDES) as [keyof typeof HOSTED_SIDES, number][]

/** Collects derived pictures into one array. */
export class DerivedSizes {
  readonly sizes: PreparedSize[] = []
  readonly #parts: Buffer[] = []
  #length = 0

  /** All pictures so far, one after the other. */
  get bytes(): Buffer | undefined {
    return this.#parts.length === 0 ? undefined : Buffer.concat(this.#parts, this.#length)
  }

  /** Adds a size that the original itself serves. */
  addOriginal(size: SizeName, width: number, height: number, contentType: string): void {
    this.sizes.push({ size, width, height, contentType })
  }

  /** Adds a picture as a JPEG. */
  async add(size: SizeName, raw: RawImage): Promise<void> {
    const file = await jpegOf(raw)
    const { width, height } = raw
    const part = { start: this.#length, length: file.length }
    this.sizes.push({ size, width, height, contentType: 'image/jpeg', part })
    this.#parts.push(file)
    this.#length += file.length
  }

  /** Adds all sizes from `first` on of a picture of `full` size, each made from the one before: it is never decoded twice. */
  async addAll(raw: RawImage, full: { width: number; height: number } = raw, first = 0): Promise<void> {
    let last = raw
    for (const [size, side] of PICTURE_SIZES.slice(first)) {
      last = await resized(last, insideOf(full, side))
      await this.add(size, last)
    }
  }
}

async function resized(raw: RawImage, size: { width: number; height: number }): Promise<RawImage> {
  const { width, height } = size
  if (width === raw.width && height === raw.height) return raw
  const data = await toRgb(fromRaw(raw).resize(width, height, { fit: 'fill', kernel: 'cubic' }))
  return { data, width, height }
}

async function jpegOf(raw: RawImage): Promise<Buffer> {
  try {
    return await fromRaw(raw).jpeg({ quality: HOSTED_JPEG_QUALITY }).toBuffer()
  } catch (error) {
    throw imageError(error)
  }
}
