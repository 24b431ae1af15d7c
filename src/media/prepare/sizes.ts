import type { Sharp } from 'sharp'
import type { RawImage } from '../bmp.ts'
import { HOSTED_JPEG_QUALITY, HOSTED_SIDES } from '../limits.ts'
import { fromRaw, insideOf, toRgb } from '../pixel-source.ts'
import { imageError } from '../sharp-setup.ts'
import type { PreparedSize, SizeName } from './prepared.ts'

/** Sizes that pictures are hosted in beside the original, from the largest to the smallest, with their sides. */
export const PICTURE_SIZES = Object.entries(HOSTED_SIDES) as readonly [keyof typeof HOSTED_SIDES, number][]

interface Dimensions {
  readonly width: number
  readonly height: number
}

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
  addOriginal(size: SizeName, { width, height }: Dimensions, contentType: string): void {
    this.sizes.push({ size, width, height, contentType })
  }

  /**
   * Adds sizes of a picture of `full` size, from the largest on: `decoded` gives it in the first of them, and the others
   * are made from those pixels, so that it is never decoded twice.
   */
  async addSizes(wanted: readonly (readonly [SizeName, number])[], full: Dimensions, decoded: Sharp): Promise<void> {
    const [first, ...others] = wanted.map(([size, side]) => ({ size, ...insideOf(full, side) }))
    if (!first) return
    if (others.length === 0) return this.#add(first.size, first, decoded)
    const pixels = { data: await toRgb(decoded), width: first.width, height: first.height }
    await this.addRaw(first.size, pixels)
    for (const { size, ...to } of others) {
      await this.#add(size, to, fromRaw(pixels).resize(to.width, to.height, { fit: 'fill', kernel: 'linear' }))
    }
  }

  /** Adds pixels as they are. */
  addRaw(size: SizeName, raw: RawImage): Promise<void> {
    return this.#add(size, raw, fromRaw(raw))
  }

  async #add(size: SizeName, { width, height }: Dimensions, picture: Sharp): Promise<void> {
    const file = await jpegOf(picture)
    const part = { start: this.#length, length: file.length }
    this.sizes.push({ size, width, height, contentType: 'image/jpeg', part })
    this.#parts.push(file)
    this.#length += file.length
  }
}

async function jpegOf(picture: Sharp): Promise<Buffer> {
  try {
    // Fitting the code to each picture would take as long again and save one byte in a hundred.
    return await picture.jpeg({ quality: HOSTED_JPEG_QUALITY, optimiseCoding: false }).toBuffer()
  } catch (error) {
    throw imageError(error)
  }
}
