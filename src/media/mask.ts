import { MAX_MASK_SIDE } from './limits.ts'
import { sharp } from './sharp-setup.ts'

/** Certainties (0..1) of the pixels of a picture, row by row. */
export interface SoftMask {
  readonly values: ArrayLike<number>
  readonly width: number
  readonly height: number
}

/** A mask as a PNG file: white where it covers the picture, black elsewhere. */
export interface EncodedMask {
  readonly png: Buffer
  readonly width: number
  readonly height: number
  /** Share of the pixels that are covered, 0..1. */
  readonly share: number
}

const COVERED = 128

/**
 * Blows a soft mask up to the size of its picture (at most MAX_MASK_SIDE pixels a side, in the picture's shape) and
 * makes two masks of it: what is at least half certain, and the rest.
 */
export async function splitMask(
  soft: SoftMask,
  picture: { readonly width: number; readonly height: number },
): Promise<{ inside: EncodedMask; outside: EncodedMask }> {
  const scale = Math.min(1, MAX_MASK_SIDE / Math.max(picture.width, picture.height))
  const width = Math.max(1, Math.round(picture.width * scale))
  const height = Math.max(1, Math.round(picture.height * scale))
  const grey = Uint8Array.from(soft.values, (value) => Math.round(Math.min(1, Math.max(0, value)) * 255))
  const large = await sharp(grey, { raw: { width: soft.width, height: soft.height, channels: 1 } })
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .extractChannel(0)
    .raw()
    .toBuffer()
  let covered = 0
  for (const value of large) if (value >= COVERED) covered++
  const share = covered / large.length
  const encode = async (isInside: boolean): Promise<EncodedMask> => {
    const pixels = large.map((value) => (value >= COVERED === isInside ? 255 : 0))
    const png = await sharp(pixels, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer()
    return { png, width, height, share: isInside ? share : 1 - share }
  }
  return { inside: await encode(true), outside: await encode(false) }
}
