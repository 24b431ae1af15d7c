import sharp, { type Sharp } from 'sharp'

/** Seeded random numbers in 0..1 (mulberry32), so that tests repeat exactly. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A smooth colourful picture as packed RGB: different in all four corners, so that turns and flips show. */
export function gradient(width: number, height: number): Buffer {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3
      data[at] = (255 * x) / width
      data[at + 1] = (255 * y) / height
      data[at + 2] = 128 + 100 * Math.sin((x + y) / 9)
    }
  }
  return data
}

/** The gradient picture as a sharp pipeline, to be encoded as a test wants. */
export function picture(width: number, height: number): Sharp {
  return sharp(gradient(width, height), { raw: { width, height, channels: 3 } })
}

/** A 24-bit BMP file of packed RGB pixels, rows bottom up unless `topDown`. */
export function bmp24(rgb: Uint8Array, width: number, height: number, topDown = false): Buffer {
  const stride = Math.ceil((width * 3) / 4) * 4
  const file = Buffer.alloc(54 + stride * height)
  bmpHeader(file, { width, height: topDown ? -height : height, bits: 24, compression: 0, pixelOffset: 54, colours: 0 })
  for (let y = 0; y < height; y++) {
    const to = 54 + (topDown ? y : height - 1 - y) * stride
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3
      file[to + x * 3] = rgb[from + 2]!
      file[to + x * 3 + 1] = rgb[from + 1]!
      file[to + x * 3 + 2] = rgb[from]!
    }
  }
  return file
}

/** Writes the 54 header bytes of a BMP file. */
export function bmpHeader(
  file: Buffer,
  head: { width: number; height: number; bits: number; compression: number; pixelOffset: number; colours: number },
): void {
  file.write('BM', 0, 'latin1')
  file.writeUInt32LE(file.length, 2)
  file.writeUInt32LE(head.pixelOffset, 10)
  file.writeUInt32LE(40, 14)
  file.writeInt32LE(head.width, 18)
  file.writeInt32LE(head.height, 22)
  file.writeUInt16LE(1, 26)
  file.writeUInt16LE(head.bits, 28)
  file.writeUInt32LE(head.compression, 30)
  file.writeUInt32LE(head.colours, 46)
}

/** Largest absolute difference between two arrays of bytes of the same length. */
export function maxDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let most = 0
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!))
  return most
}

/** Mean absolute difference between two arrays of bytes of the same length. */
export function meanDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!)
  return sum / a.length
}
