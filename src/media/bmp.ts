import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** Packed 8-bit RGB pixels, three bytes each, rows from top to bottom. */
export interface RawImage {
  data: Uint8Array
  width: number
  height: number
}

interface Header {
  width: number
  height: number
  topDown: boolean
  bits: number
  compression: number
  pixelOffset: number
  paletteOffset: number
  paletteStride: number
  paletteCount: number
  masks: [number, number, number]
}

const FILE_HEADER_BYTES = 14
const CORE_HEADER_BYTES = 12
const INFO_HEADER_BYTES = 40
const [BI_RGB, BI_RLE8, BI_RLE4, BI_BITFIELDS, BI_ALPHABITFIELDS] = [0, 1, 2, 3, 6]

const broken = (what: string): AppError =>
  new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, `The BMP image cannot be decoded: ${what}.`)

/** Reads width and height of a BMP file, in pixels, without touching its pixels. */
export function bmpSize(file: Uint8Array): { width: number; height: number } {
  const { width, height } = readHeader(file)
  return { width, height }
}

/**
 * Decodes a BMP file of 1 to 32 bits per pixel, plain, bit-masked or run-length coded; any alpha is ignored,
 * since most writers leave that byte undefined. The caller has checked the size by `bmpSize` before.
 */
export function decodeBmp(file: Uint8Array): RawImage {
  const header = readHeader(file)
  const { width, height, bits, compression } = header
  const out = new Uint8Array(width * height * 3)
  const rowOf = (line: number): number => (header.topDown ? line : height - 1 - line) * width * 3
  const palette = bits <= 8 ? readPalette(file, header) : new Uint8Array(0)
  if (compression === BI_RLE8 || compression === BI_RLE4) {
    runLengths(file, header, (x, line, index) => {
      out.set(palette.subarray(index * 3, index * 3 + 3), rowOf(line) + x * 3)
    })
    return { data: out, width, height }
  }
  const stride = Math.ceil((width * bits) / 32) * 4
  if (header.pixelOffset + stride * (height - 1) + Math.ceil((width * bits) / 8) > file.length) {
    throw broken('its pixel data is cut short')
  }
  for (let line = 0; line < height; line++) {
    const from = header.pixelOffset + line * stride
    if (bits <= 8) indexedRow(file, from, bits, width, palette, out, rowOf(line))
    else if (compression === BI_RGB && bits >= 24) plainRow(file, from, bits / 8, width, out, rowOf(line))
    else maskedRow(file, from, header, out, rowOf(line))
  }
  return { data: out, width, height }
}

function readHeader(file: Uint8Array): Header {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < FILE_HEADER_BYTES + CORE_HEADER_BYTES) throw broken('its header is cut short')
  const headerBytes = view.getUint32(14, true)
  const isCore = headerBytes === CORE_HEADER_BYTES
  if (!isCore && (headerBytes < INFO_HEADER_BYTES || file.length < FILE_HEADER_BYTES + headerBytes)) {
    throw broken('its header is not valid')
  }
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true)
  const signedHeight = isCore ? view.getUint16(20, true) : view.getInt32(22, true)
  const bits = view.getUint16(isCore ? 24 : 28, true)
  const compression = isCore ? BI_RGB : view.getUint32(30, true)
  if (width <= 0 || signedHeight === 0) throw broken('it has no pixels')
  const valid =
    compression === BI_RGB
      ? [1, 4, 8, 16, 24, 32].includes(bits)
      : compression === BI_RLE8
        ? bits === 8
        : compression === BI_RLE4
          ? bits === 4
          : (compression === BI_BITFIELDS || compression === BI_ALPHABITFIELDS) && (bits === 16 || bits === 32)
  if (!valid) throw broken(`${bits} bits per pixel with compression ${compression} are not supported`)
  const hasMasks = compression === BI_BITFIELDS || compression === BI_ALPHABITFIELDS
  const masksOffset = FILE_HEADER_BYTES + INFO_HEADER_BYTES
  if (hasMasks && file.length < masksOffset + 12) throw broken('its header is cut short')
  const usedColours = isCore ? 0 : view.getUint32(46, true)
  return {
    width,
    height: Math.abs(signedHeight),
    topDown: signedHeight < 0,
    bits,
    compression,
    pixelOffset: view.getUint32(10, true),
    paletteOffset: FILE_HEADER_BYTES + headerBytes,
    paletteStride: isCore ? 3 : 4,
    paletteCount: bits <= 8 ? (usedColours === 0 ? 2 ** bits : Math.min(usedColours, 2 ** bits)) : 0,
    masks: hasMasks
      ? [
          view.getUint32(masksOffset, true),
          view.getUint32(masksOffset + 4, true),
          view.getUint32(masksOffset + 8, true),
        ]
      : bits === 16
        ? [0x7c00, 0x03e0, 0x001f]
        : [0xff0000, 0x00ff00, 0x0000ff],
  }
}

/** The palette as 256 RGB entries; entries the file does not have stay black. */
function readPalette(file: Uint8Array, header: Header): Uint8Array {
  const palette = new Uint8Array(256 * 3)
  const { paletteOffset, paletteStride, paletteCount } = header
  if (paletteOffset + paletteCount * paletteStride > file.length) throw broken('its palette is cut short')
  for (let i = 0; i < paletteCount; i++) {
    const at = paletteOffset + i * paletteStride
    palette[i * 3] = file[at + 2]!
    palette[i * 3 + 1] = file[at + 1]!
    palette[i * 3 + 2] = file[at]!
  }
  return palette
}

function indexedRow(
  file: Uint8Array,
  from: number,
  bits: number,
  width: number,
  palette: Uint8Array,
  out: Uint8Array,
  to: number,
): void {
  const mask = 2 ** bits - 1
  for (let x = 0; x < width; x++) {
    const bit = x * bits
    const index = (file[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & mask
    out[to + x * 3] = palette[index * 3]!
    out[to + x * 3 + 1] = palette[index * 3 + 1]!
    out[to + x * 3 + 2] = palette[index * 3 + 2]!
  }
}

function plainRow(file: Uint8Array, from: number, step: number, width: number, out: Uint8Array, to: number): void {
  for (let x = 0; x < width; x++) {
    out[to + x * 3] = file[from + x * step + 2]!
    out[to + x * 3 + 1] = file[from + x * step + 1]!
    out[to + x * 3 + 2] = file[from + x * step]!
  }
}

function maskedRow(file: Uint8Array, from: number, header: Header, out: Uint8Array, to: number): void {
  const channels = header.masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask)
    return { mask, shift, max: mask >>> shift }
  })
  for (let x = 0; x < header.width; x++) {
    const at = from + (x * header.bits) / 8
    const low = file[at]! | (file[at + 1]! << 8)
    const pixel = header.bits === 16 ? low : (low | (file[at + 2]! << 16) | (file[at + 3]! << 24)) >>> 0
    for (let c = 0; c < 3; c++) {
      const { mask, shift, max } = channels[c]!
      out[to + x * 3 + c] = max === 0 ? 0 : Math.round((((pixel & mask) >>> shift) * 255) / max)
    }
  }
}

/** Walks run-length coded data and calls `put` for each pixel inside the image; a missing end is no error. */
function runLengths(file: Uint8Array, header: Header, put: (x: number, line: number, index: number) => void): void {
  const isNibbles = header.compression === BI_RLE4
  const at = (i: number): number => {
    if (i >= file.length) throw broken('its pixel data is cut short')
    return file[i]!
  }
  const clipped = (x: number, line: number, index: number): void => {
    if (x < header.width && line < header.height) put(x, line, index)
  }
  let [i, x, line] = [header.pixelOffset, 0, 0]
  while (line < header.height) {
    const count = at(i)
    const value = at(i + 1)
    i += 2
    if (count > 0) {
      for (let k = 0; k < count; k++) clipped(x++, line, isNibbles ? (k & 1 ? value & 15 : value >> 4) : value)
    } else if (value === 0) {
      x = 0
      line++
    } else if (value === 1) {
      return
    } else if (value === 2) {
      x += at(i)
      line += at(i + 1)
      i += 2
    } else {
      for (let k = 0; k < value; k++) {
        const byte = at(i + (isNibbles ? k >> 1 : k))
        clipped(x++, line, isNibbles ? (k & 1 ? byte & 15 : byte >> 4) : byte)
      }
      const used = isNibbles ? Math.ceil(value / 2) : value
      i += used + (used & 1)
    }
  }
}
