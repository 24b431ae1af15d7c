/** What the header of a plain JPEG says of its pixels. */
export interface JpegHeader {
  readonly width: number
  readonly height: number
  /** 1 for grey, 3 for colour. */
  readonly components: 1 | 3
}

const APP1 = 0xe1
const START_OF_SCAN = 0xda
/** Start-of-frame markers of baseline, extended and progressive pictures with Huffman coding. */
const FRAMES = new Set([0xc0, 0xc1, 0xc2])
/** Markers before the frame that say nothing of the size: tables, restart interval, comment and application data. */
const isSkipped = (marker: number): boolean =>
  marker === 0xc4 || marker === 0xdb || marker === 0xdd || marker === 0xfe || (marker >= 0xe0 && marker <= 0xef)

/**
 * Reads the header of a JPEG of the usual kind, which takes a hundredth of the time that asking the image library
 * does. Undefined for all others, which the library has to look at: with EXIF or XMP (they may turn the picture), of
 * other colour models or codings, damaged ones.
 */
export function plainJpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const u16 = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
  if (bytes.length < 4 || u16(0) !== 0xffd8) return undefined
  let at = 2
  while (at + 4 <= bytes.length) {
    const marker = bytes[at + 1]!
    const length = u16(at + 2)
    if (bytes[at] !== 0xff || marker === APP1 || marker === START_OF_SCAN || length < 2) return undefined
    if (FRAMES.has(marker)) return frameOf(bytes.subarray(at + 4, at + 2 + length))
    if (!isSkipped(marker)) return undefined
    at += 2 + length
  }
  return undefined
}

/** The frame header: precision, height, width, number of components, and three bytes for each. */
function frameOf(frame: Uint8Array): JpegHeader | undefined {
  const [precision, h1, h0, w1, w0, components] = frame
  if (precision !== 8 || (components !== 1 && components !== 3) || frame.length !== 6 + 3 * components) return undefined
  const [width, height] = [(w1! << 8) | w0!, (h1! << 8) | h0!]
  return width > 0 && height > 0 ? { width, height, components } : undefined
}
