import { promisify } from 'node:util'
import { crc32, inflate } from 'node:zlib'

const inflated = promisify(inflate)
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** Samples of a pixel by colour type: grey, colours, palette, grey and alpha, colours and alpha. */
const SAMPLES: ReadonlyMap<number, number> = new Map([
  [0, 1],
  [2, 3],
  [3, 1],
  [4, 2],
  [6, 4],
])
const DEPTHS: readonly number[] = [1, 2, 4, 8, 16]
/** Where the seven passes of an interlaced picture begin and how far their pixels lie apart, by column and row. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const
const FILTERS = 5

/** Size of a PNG picture in pixels. */
export interface PngSize {
  readonly width: number
  readonly height: number
}

/**
 * Reads a PNG as far as telling whether it is whole: its chunks with their checksums, and whether its pixels can be
 * unpacked to as many bytes as it has pixels. Answers its size, or in words what is wrong with it. The unpacking is done
 * in another thread and never makes more than `pixelsMax` pixels.
 */
export async function checkPng(bytes: Uint8Array, pixelsMax: number): Promise<PngSize | string> {
  const png = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (!png.subarray(0, 8).equals(SIGNATURE)) return 'is not a PNG'
  const chunks = chunksOf(png)
  if (typeof chunks === 'string') return chunks
  const header = chunks[0]!
  if (header.type !== 'IHDR' || header.data.length !== 13) return 'is a PNG without header'
  const [width, height] = [header.data.readUInt32BE(0), header.data.readUInt32BE(4)]
  const [depth, colour, interlaced] = [header.data[8]!, header.data[9]!, header.data[12]! === 1]
  const samples = SAMPLES.get(colour)
  if (width === 0 || height === 0 || samples === undefined || !DEPTHS.includes(depth))
    return 'is a PNG with a broken header'
  if (width * height > pixelsMax) return `has ${width} x ${height} pixels; use at most ${pixelsMax} pixels`
  const rows = interlaced ? passesOf(width, height) : [{ width, height }]
  const rowBytes = (pixels: number): number => 1 + Math.ceil((pixels * samples * depth) / 8)
  const expected = rows.reduce((sum, pass) => sum + rowBytes(pass.width) * pass.height, 0)
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data))
  try {
    const pixels = await inflated(packed, { maxOutputLength: expected })
    if (pixels.length !== expected) return 'is a PNG of which pixels are missing'
    return filtersAreKnown(pixels, rows, rowBytes) ? { width, height } : 'is a PNG with broken pixels'
  } catch {
    return 'is a PNG with broken pixels'
  }
}

interface Chunk {
  readonly type: string
  readonly data: Buffer
}

function chunksOf(png: Buffer): Chunk[] | string {
  const chunks: Chunk[] = []
  for (let at = 8; at + 12 <= png.length; ) {
    const length = png.readUInt32BE(at)
    const end = at + 8 + length
    if (end + 4 > png.length) return 'is a PNG that is cut off'
    const type = png.toString('latin1', at + 4, at + 8)
    if (crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) return 'is a damaged PNG'
    chunks.push({ type, data: png.subarray(at + 8, end) })
    if (type === 'IEND') return chunks
    at = end + 4
  }
  return 'is a PNG that is cut off'
}

const passesOf = (width: number, height: number): PngSize[] =>
  PASSES.map(([left, top, right, down]) => ({
    width: Math.ceil((width - left) / right),
    height: Math.ceil((height - top) / down),
  })).filter((pass) => pass.width > 0 && pass.height > 0)

function filtersAreKnown(pixels: Buffer, passes: readonly PngSize[], rowBytes: (pixels: number) => number): boolean {
  let at = 0
  for (const { width, height } of passes) {
    for (let row = 0; row < height; row++, at += rowBytes(width)) if (pixels[at]! >= FILTERS) return false
  }
  return true
}
