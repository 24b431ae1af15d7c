import type { Sharp } from 'sharp'
import type { RawImage } from './bmp.ts'
import { MAX_CACHED_SIZES, MAX_TARGET_SIDE } from './limits.ts'
import { fromRaw, type ImageLimits, type Kernel, PixelSource, toRgb } from './pixel-source.ts'
import { imageError } from './sharp-setup.ts'
import type { ImageFormat } from './sniff.ts'
import { copyRegion, type SquareRegion, warpSquare } from './warp.ts'

export type { RawImage } from './bmp.ts'
export type { ImageLimits, Kernel } from './pixel-source.ts'
export type { SquareRegion } from './warp.ts'

/** An 8-bit RGB colour. */
export interface Rgb {
  r: number
  g: number
  b: number
}

/** How a picture is brought to the size a model wants; stretched (`fill`), linear and black borders by default. */
export interface ResizeOptions {
  /** `fill` stretches, `contain` letterboxes on `background`, `cover` cuts the middle out. */
  fit?: 'fill' | 'contain' | 'cover'
  kernel?: Kernel
  background?: Rgb
}

/** A box by its edges, each 0..1 of the picture's height or width. */
export interface RelativeBox {
  top: number
  left: number
  bottom: number
  right: number
}

/** A box in pixels of the picture. */
export interface PixelBox {
  x0: number
  y0: number
  x1: number
  y1: number
}

/** Where `contain` puts a picture: `scale` is target pixels per picture pixel, the rest is in target pixels. */
export interface Letterbox {
  scale: number
  left: number
  top: number
  width: number
  height: number
}

/** Options of `encode`. */
export interface EncodeOptions {
  /** JPEG quality, 1..100. */
  quality?: number
  /** Reduces the picture so that neither side is longer than this many pixels. */
  maxSide?: number
}

interface Rectangle {
  left: number
  top: number
  width: number
  height: number
}

const DEFAULT_JPEG_QUALITY = 90
/** A `cover` that would blow the picture up beyond this many times the target is cut before it is resized. */
const MAX_COVER_OVERSIZE = 4
const BLACK: Rgb = { r: 0, g: 0, b: 0 }

/** The placement that `rgb(..., { fit: 'contain' })` uses, for mapping a model's boxes back to the picture. */
export function letterbox(width: number, height: number, targetWidth: number, targetHeight: number): Letterbox {
  const scale = Math.min(targetWidth / width, targetHeight / height)
  const inner = {
    width: Math.min(targetWidth, Math.max(1, Math.round(width * scale))),
    height: Math.min(targetHeight, Math.max(1, Math.round(height * scale))),
  }
  return {
    scale,
    left: Math.floor((targetWidth - inner.width) / 2),
    top: Math.floor((targetHeight - inner.height) / 2),
    ...inner,
  }
}

/**
 * One picture, or a part of one, that models of a request share: it is decoded once, and each size is made once.
 *
 * For use inside worker processes. Arrays it returns are shared between callers: read them, never change them.
 */
export class ImageHandle {
  /** Width in pixels, after EXIF rotation. */
  readonly width: number
  /** Height in pixels, after EXIF rotation. */
  readonly height: number
  /** Format of the encoded picture; RAW for frames of a video. */
  readonly format: ImageFormat | 'RAW'
  /** Colour mode of the encoded picture: L, LA, RGB, RGBA or CMYK. */
  readonly colorMode: string
  readonly #source: PixelSource
  readonly #part: Rectangle | undefined
  readonly #sizes = new Map<string, Promise<Uint8Array>>()

  private constructor(source: PixelSource, part?: Rectangle) {
    this.width = part?.width ?? source.width
    this.height = part?.height ?? source.height
    this.format = source.format
    this.colorMode = source.colorMode
    this.#source = source
    this.#part = part
  }

  /**
   * Opens encoded bytes; only the header is read here. With `shared` the first size is made like those after it, from a
   * picture that is decoded once; the pixels are the same either way.
   * Throws AppError 30101 for other formats, 30105 over a limit, 30300 for damaged bytes (also later, on decoding).
   */
  static async decode(bytes: Uint8Array, limits?: ImageLimits, shared = false): Promise<ImageHandle> {
    const source = await PixelSource.open(bytes, limits)
    if (shared) source.share()
    return new ImageHandle(source)
  }

  /** Wraps packed 8-bit RGB pixels, rows from top to bottom; the array must not change afterwards. */
  static fromRaw(data: Uint8Array, width: number, height: number): ImageHandle {
    return new ImageHandle(PixelSource.fromRaw({ data, width, height }))
  }

  /** The picture in width x height pixels as packed RGB (width * height * 3 bytes). */
  rgb(width: number, height: number, options: ResizeOptions = {}): Promise<Uint8Array> {
    checkSide(width)
    checkSide(height)
    const { fit = 'fill', kernel = 'linear', background = BLACK } = options
    const pad = fit === 'contain' ? `${background.r},${background.g},${background.b}` : ''
    return this.#cached(`${fit} ${kernel} ${width} ${height} ${pad}`, () => {
      if (fit === 'contain') return this.#contain(width, height, kernel, background)
      if (fit === 'cover') return this.#cover(width, height, kernel)
      return this.#stretch(width, height, kernel)
    })
  }

  /** All pixels as packed RGB; pictures beyond 24 Mpx come reduced, so look at the returned width and height. */
  async pixels(): Promise<RawImage> {
    const working = await this.#source.working()
    if (!this.#part) return working
    const { left, top, width, height } = scaled(this.#part, working.width / this.#source.width, working)
    return copyRegion(working, left, top, width, height)
  }

  /**
   * The part inside a box, clamped to the picture, at least one pixel wide and high. `margin` widens the box by that
   * share of its own width and height on each side. Nothing is decoded until the part is used.
   */
  crop(box: RelativeBox, options: { margin?: number } = {}): ImageHandle {
    const edges = [box.top, box.left, box.bottom, box.right]
    if (!edges.every(Number.isFinite)) throw new RangeError('a box needs four finite edges')
    const margin = options.margin ?? 0
    const [marginX, marginY] = [(box.right - box.left) * margin, (box.bottom - box.top) * margin]
    const across = span((box.left - marginX) * this.width, (box.right + marginX) * this.width, this.width)
    const down = span((box.top - marginY) * this.height, (box.bottom + marginY) * this.height, this.height)
    return new ImageHandle(this.#source, {
      left: (this.#part?.left ?? 0) + across.start,
      top: (this.#part?.top ?? 0) + down.start,
      width: across.length,
      height: down.length,
    })
  }

  /**
   * The square around the middle of a pixel box, its side the longer side of the box times `scale`, as
   * size x size packed RGB; what lies outside of the picture is black.
   */
  squareCrop(box: PixelBox, scale: number, size: number): Promise<Uint8Array> {
    const side = Math.max(box.x1 - box.x0, box.y1 - box.y0) * scale
    return this.rotateCrop({ centerX: (box.x0 + box.x1) / 2, centerY: (box.y0 + box.y1) / 2, side, angle: 0 }, size)
  }

  /** A turned square as size x size packed RGB, as face alignment needs it; black outside of the picture. */
  async rotateCrop(region: SquareRegion, size: number): Promise<Uint8Array> {
    checkSide(size)
    const { centerX, centerY, side, angle } = region
    if (![centerX, centerY, angle].every(Number.isFinite) || !(side > 0 && side < Number.POSITIVE_INFINITY)) {
      throw new RangeError('a square crop needs a finite centre and angle and a positive side')
    }
    const pixels = await this.pixels()
    const factor = pixels.width / this.width
    return warpReduced(
      pixels,
      { centerX: centerX * factor, centerY: centerY * factor, side: side * factor, angle },
      size,
    )
  }

  /** The picture as a file; throws AppError when the original is damaged. */
  async encode(format: 'png' | 'jpeg', options: EncodeOptions = {}): Promise<Buffer> {
    const { quality = DEFAULT_JPEG_QUALITY, maxSide } = options
    let pipeline = fromRaw(await this.pixels())
    if (maxSide !== undefined) {
      pipeline = pipeline.resize(maxSide, maxSide, { fit: 'inside', withoutEnlargement: true })
    }
    try {
      return await (format === 'png' ? pipeline.png() : pipeline.jpeg({ quality })).toBuffer()
    } catch (error) {
      throw imageError(error)
    }
  }

  #cached(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    let made = this.#sizes.get(key)
    if (!made) {
      made = make()
      this.#sizes.set(key, made)
      if (this.#sizes.size > MAX_CACHED_SIZES) this.#sizes.delete(this.#sizes.keys().next().value!)
    }
    return made
  }

  async #stretch(width: number, height: number, kernel: Kernel, after = (s: Sharp) => s): Promise<Uint8Array> {
    if (!this.#part) return this.#source.resized(width, height, kernel, after)
    const part = await this.pixels()
    return toRgb(after(fromRaw(part).resize(width, height, { fit: 'fill', kernel })))
  }

  #contain(width: number, height: number, kernel: Kernel, background: Rgb): Promise<Uint8Array> {
    const place = letterbox(this.width, this.height, width, height)
    const { left, top } = place
    const [right, bottom] = [width - place.width - left, height - place.height - top]
    return this.#stretch(place.width, place.height, kernel, (s) => s.extend({ left, top, right, bottom, background }))
  }

  #cover(width: number, height: number, kernel: Kernel): Promise<Uint8Array> {
    const scale = Math.max(width / this.width, height / this.height)
    const outer = {
      width: Math.max(width, Math.round(this.width * scale)),
      height: Math.max(height, Math.round(this.height * scale)),
    }
    if (outer.width * outer.height > width * height * MAX_COVER_OVERSIZE) {
      const [shareX, shareY] = [width / outer.width, height / outer.height]
      const middle = {
        left: (1 - shareX) / 2,
        right: (1 + shareX) / 2,
        top: (1 - shareY) / 2,
        bottom: (1 + shareY) / 2,
      }
      return this.crop(middle).rgb(width, height, { kernel })
    }
    const left = Math.floor((outer.width - width) / 2)
    const top = Math.floor((outer.height - height) / 2)
    return this.#stretch(outer.width, outer.height, kernel, (s) => s.extract({ left, top, width, height }))
  }
}

/** Warps a square; a square much larger than its target is first averaged down, so that no pixel is skipped. */
async function warpReduced(raw: RawImage, square: SquareRegion, size: number): Promise<Uint8Array> {
  if (square.side / size <= 2) return warpSquare(raw, square, size)
  const reach = (square.side / 2) * (Math.abs(Math.cos(square.angle)) + Math.abs(Math.sin(square.angle))) + 1
  const left = Math.max(0, Math.floor(square.centerX - reach))
  const top = Math.max(0, Math.floor(square.centerY - reach))
  const right = Math.min(raw.width, Math.ceil(square.centerX + reach))
  const bottom = Math.min(raw.height, Math.ceil(square.centerY + reach))
  if (left >= right || top >= bottom) return new Uint8Array(size * size * 3)
  const near = copyRegion(raw, left, top, right - left, bottom - top)
  const shrink = square.side / size
  const width = Math.max(1, Math.round(near.width / shrink))
  const height = Math.max(1, Math.round(near.height / shrink))
  const data = await toRgb(fromRaw(near).resize(width, height, { fit: 'fill', kernel: 'linear' }))
  const [scaleX, scaleY] = [width / near.width, height / near.height]
  const centerX = (square.centerX - left) * scaleX
  const centerY = (square.centerY - top) * scaleY
  const side = square.side * Math.sqrt(scaleX * scaleY)
  return warpSquare({ data, width, height }, { centerX, centerY, side, angle: square.angle }, size)
}

function checkSide(side: number): void {
  if (!Number.isInteger(side) || side < 1 || side > MAX_TARGET_SIDE) {
    throw new RangeError(`an image side must be a whole number from 1 to ${MAX_TARGET_SIDE}, got ${side}`)
  }
}

/** Whole pixels that cover start..end inside 0..limit; never empty. */
function span(start: number, end: number, limit: number): { start: number; length: number } {
  const first = Math.min(limit - 1, Math.max(0, Math.round(Math.min(start, end))))
  const last = Math.min(limit, Math.max(first + 1, Math.round(Math.max(start, end))))
  return { start: first, length: last - first }
}

/** A rectangle of the full picture in pixels of a reduced one. */
function scaled(part: Rectangle, factor: number, within: RawImage): Rectangle {
  if (factor === 1) return part
  const across = span(part.left * factor, (part.left + part.width) * factor, within.width)
  const down = span(part.top * factor, (part.top + part.height) * factor, within.height)
  return { left: across.start, top: down.start, width: across.length, height: down.length }
}
