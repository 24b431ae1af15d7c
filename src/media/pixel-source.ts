import type { Sharp } from 'sharp'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { bmpSize, decodeBmp, type RawImage } from './bmp.ts'
import { plainJpegHeader } from './jpeg-header.ts'
import { MAX_IMAGE_BYTES, MAX_IMAGE_FRAMES, MAX_IMAGE_PIXELS, MAX_WORKING_PIXELS } from './limits.ts'
import { imageError, sharp } from './sharp-setup.ts'
import { IMAGE_FORMATS, type ImageFormat, sniff } from './sniff.ts'

/** Resampling filters, all of them averaging over the whole footprint when an image gets smaller. */
export type Kernel = 'nearest' | 'linear' | 'cubic' | 'mitchell' | 'lanczos2' | 'lanczos3'

/** Limits on one encoded image. */
export interface ImageLimits {
  maxBytes?: number
  maxPixels?: number
  maxFrames?: number
}

/** Colour seen through transparent pixels. */
const BACKDROP = { r: 255, g: 255, b: 255 }
/**
 * Reductions of which a JPEG decoder does the greater part almost for free (by 8, 4 and 2), and the total reduction
 * from which each is used, so that enough is left to the final filter. They are one more than the decoder's because
 * the library avoids exact multiples, where libjpeg's rounding shows. Below the last one the library decodes in full.
 */
const JPEG_LEVELS = [
  { level: 9, from: 18 },
  { level: 5, from: 10 },
  { level: 3, from: 4 },
] as const

/** Wraps packed RGB pixels for the image library. */
export function fromRaw(raw: RawImage): Sharp {
  return sharp(raw.data, { raw: { width: raw.width, height: raw.height, channels: 3 } })
}

/**
 * The pixels of one picture, decoded as late, as small and as seldom as possible.
 *
 * Results depend only on the bytes and on what is asked, never on what was asked before: reductions are derived
 * from one of four fixed levels (1, 1/3, 1/5 or 1/9 for JPEG, full size for the others).
 */
export class PixelSource {
  readonly width: number
  readonly height: number
  readonly format: ImageFormat | 'RAW'
  readonly colorMode: string
  /** Whether the pixels are stored as they are shown: not turned, in red, green and blue. */
  readonly isPlain: boolean
  readonly #open: ((forPeople?: boolean) => Sharp) | undefined
  readonly #levels = new Map<number, Promise<RawImage>>()
  /** Whether a first size may come straight from the file with the very pixels that the shared copy would give. */
  #mayBeDirect: boolean

  private constructor(
    size: { width: number; height: number },
    format: ImageFormat | 'RAW',
    colorMode: string,
    open: ((forPeople?: boolean) => Sharp) | undefined,
    { full, mayBeDirect = false, isPlain = false }: { full?: RawImage; mayBeDirect?: boolean; isPlain?: boolean } = {},
  ) {
    this.width = size.width
    this.height = size.height
    this.format = format
    this.colorMode = colorMode
    this.#open = open
    this.isPlain = isPlain
    this.#mayBeDirect = mayBeDirect
    if (full) this.#levels.set(1, Promise.resolve(full))
  }

  /** Takes packed RGB pixels as they are; the array must not change afterwards. */
  static fromRaw(raw: RawImage): PixelSource {
    if (raw.data.length !== raw.width * raw.height * 3 || raw.data.length === 0) {
      throw new RangeError('raw pixels need width * height * 3 bytes')
    }
    return new PixelSource(raw, 'RAW', 'RGB', undefined, { full: raw })
  }

  /** Reads the header of an encoded picture and refuses what is too large, before any pixel is decoded. */
  static async open(bytes: Uint8Array, limits: ImageLimits = {}): Promise<PixelSource> {
    const { maxBytes = MAX_IMAGE_BYTES, maxPixels = MAX_IMAGE_PIXELS, maxFrames = MAX_IMAGE_FRAMES } = limits
    if (bytes.length > maxBytes) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `Input image is larger than the allowed limit of ${maxBytes} bytes.`,
      )
    }
    const sniffed = await sniff(bytes)
    if (sniffed?.kind !== 'image') {
      throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, `The input is not an image; send ${IMAGE_FORMATS}.`)
    }
    const checkPixels = (width: number, height: number): void => {
      if (width * height > maxPixels) {
        throw new AppError(
          StatusCode.INPUT_OVER_LIMIT,
          `Input image is larger than the allowed limit of ${maxPixels} pixels: it has ${width} x ${height}.`,
        )
      }
    }
    const format = sniffed.format as ImageFormat
    if (format === 'BMP') {
      const { width, height } = bmpSize(bytes)
      checkPixels(width, height)
      return new PixelSource({ width, height }, 'BMP', 'RGB', undefined, { full: decodeBmp(bytes) })
    }
    const options = { failOn: 'error', limitInputPixels: maxPixels, sequentialRead: true } as const
    const plain = format === 'JPEG' ? plainJpegHeader(bytes) : undefined
    if (plain) {
      checkPixels(plain.width, plain.height)
      const open = (forPeople?: boolean): Sharp =>
        sharp(bytes, { ...options, ignoreIcc: !(forPeople && hasProfile(bytes)) })
      return new PixelSource(plain, 'JPEG', plain.components === 1 ? 'L' : 'RGB', open, {
        mayBeDirect: true,
        isPlain: true,
      })
    }
    try {
      const metadata = await sharp(bytes, options).metadata()
      checkPixels(metadata.width, metadata.height)
      if ((metadata.pages ?? 1) > maxFrames) {
        throw new AppError(
          StatusCode.INPUT_OVER_LIMIT,
          `Input image has ${metadata.pages} frames; at most ${maxFrames} are allowed.`,
        )
      }
      // Models are trained on pixels as stored, and converting RGB profiles doubles the cost of decoding; CMYK
      // means nothing without its profile.
      const isCmyk = metadata.space === 'cmyk'
      const open = (forPeople?: boolean): Sharp => {
        const heedsProfile = isCmyk || (forPeople === true && (format !== 'JPEG' || hasProfile(bytes)))
        return sharp(bytes, { ...options, ignoreIcc: !heedsProfile, autoOrient: true })
      }
      // For WebP the library would choose a reduction of its own, and quarter turns round differently before resizing.
      const mayBeDirect = format !== 'WEBP' && (metadata.orientation ?? 1) < 5
      const colorMode = colorModeOf(metadata.space, metadata.hasAlpha)
      const isPlain = (metadata.orientation ?? 1) === 1 && !isCmyk
      return new PixelSource(metadata.autoOrient, format, colorMode, open, { mayBeDirect, isPlain })
    } catch (error) {
      throw imageError(error)
    }
  }

  /** Says that more than one size is going to be asked for, so that already the first comes from a decoded picture. */
  share(): void {
    this.#mayBeDirect = false
  }

  /** The picture stretched to width x height and then finished by `after` (padding, cutting), as packed RGB. */
  async resized(width: number, height: number, kernel: Kernel, after: (s: Sharp) => Sharp): Promise<Uint8Array> {
    const level = this.#levelFor(width, height)
    // One size alone is fastest straight from the file; from the second one on they share a decoded picture.
    const direct = this.#mayBeDirect && level === 1 && !this.#levels.has(1) ? this.#open : undefined
    this.#mayBeDirect = false
    const start = direct ? flat(direct()) : fromRaw(await this.level(level))
    return toRgb(after(start.resize(width, height, { fit: 'fill', kernel, fastShrinkOnLoad: false })))
  }

  /**
   * The upright picture in true colours, with no side longer than `maxSide`, as a pipeline that decodes it once and as
   * small as the format allows: for people to look at, where the other functions are for models.
   */
  async shown(maxSide: number): Promise<Sharp> {
    const { width, height } = insideOf(this, maxSide)
    const source = this.#open ? this.#open(true) : fromRaw(await this.level(1))
    return flat(source.resize(width, height, { fit: 'fill', kernel: 'linear' }))
  }

  /** The whole picture as packed RGB, reduced when it has more than MAX_WORKING_PIXELS. */
  async working(): Promise<RawImage> {
    let level = 1
    while ((this.width * this.height) / level ** 2 > MAX_WORKING_PIXELS) level++
    return this.level(level)
  }

  /** The picture divided by a whole number in each direction, decoded once. */
  level(level: number): Promise<RawImage> {
    let raw = this.#levels.get(level)
    if (!raw) {
      raw = this.#decode(level)
      this.#levels.set(level, raw)
      raw.catch(() => {})
    }
    return raw
  }

  async #decode(level: number): Promise<RawImage> {
    const width = Math.max(1, Math.floor(this.width / level))
    const height = Math.max(1, Math.floor(this.height / level))
    if (!this.#open) {
      const full = await this.level(1)
      return {
        data: await toRgb(fromRaw(full).resize(width, height, { fit: 'fill', kernel: 'linear' })),
        width,
        height,
      }
    }
    const source = flat(this.#open())
    const data = await toRgb(level === 1 ? source : source.resize(width, height, { fit: 'fill', kernel: 'linear' }))
    if (data.length !== width * height * 3) throw imageError(new Error('unexpected size of decoded data'))
    return { data, width, height }
  }

  #levelFor(width: number, height: number): number {
    if (this.format !== 'JPEG') return 1
    const shrink = Math.min(this.width / width, this.height / height)
    return JPEG_LEVELS.find(({ from }) => shrink >= from)?.level ?? 1
  }
}

/** Size of a picture brought inside a square of `maxSide` pixels; a smaller one keeps its size. */
export function insideOf(size: { width: number; height: number }, maxSide: number): { width: number; height: number } {
  const scale = Math.min(1, maxSide / Math.max(size.width, size.height))
  return { width: Math.max(1, Math.round(size.width * scale)), height: Math.max(1, Math.round(size.height * scale)) }
}

/** Bytes at the start of a JPEG in which its colour profile is looked for. */
const PROFILE_WITHIN = 64 * 1024

/** Whether a JPEG has a colour profile that is not the usual one: heeding a profile doubles the cost of decoding. */
function hasProfile(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PROFILE_WITHIN))
  const profile = start.indexOf('ICC_PROFILE\0', 0, 'latin1')
  return profile >= 0 && start.indexOf('sRGB', profile, 'latin1') < 0
}

const flat = (source: Sharp): Sharp => source.flatten({ background: BACKDROP }).toColourspace('srgb')

/** Runs a pipeline and returns packed RGB; throws AppError for damaged bytes. */
export async function toRgb(pipeline: Sharp): Promise<Uint8Array> {
  try {
    const { data, info } = await pipeline
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    if (info.channels === 3) return data
    throw new Error(`expected 3 channels, got ${info.channels}`)
  } catch (error) {
    throw imageError(error)
  }
}

function colorModeOf(space: string, hasAlpha: boolean): string {
  if (space === 'cmyk') return 'CMYK'
  if (space === 'b-w' || space === 'grey16') return hasAlpha ? 'LA' : 'L'
  return hasAlpha ? 'RGBA' : 'RGB'
}
