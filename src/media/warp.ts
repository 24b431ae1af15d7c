import type { RawImage } from './bmp.ts'

/** A square region of a picture in its pixels: centre, side, and a turn in radians (positive is clockwise). */
export interface SquareRegion {
  centerX: number
  centerY: number
  side: number
  angle: number
}

/** Copies the rectangle left, top, width, height (whole pixels, may lie outside); outside is black. */
export function copyRegion(raw: RawImage, left: number, top: number, width: number, height: number): RawImage {
  const data = new Uint8Array(width * height * 3)
  const x0 = Math.max(0, left)
  const x1 = Math.min(raw.width, left + width)
  const y0 = Math.max(0, top)
  const y1 = Math.min(raw.height, top + height)
  if (x0 < x1) {
    for (let y = y0; y < y1; y++) {
      const from = (y * raw.width + x0) * 3
      data.set(raw.data.subarray(from, from + (x1 - x0) * 3), ((y - top) * width + x0 - left) * 3)
    }
  }
  return { data, width, height }
}

/** Samples a turned square into size x size packed RGB, bilinear between pixel centres, black outside. */
export function warpSquare(raw: RawImage, region: SquareRegion, size: number): Uint8Array {
  const { data, width, height } = raw
  const out = new Uint8Array(size * size * 3)
  const step = region.side / size
  const cos = Math.cos(region.angle) * step
  const sin = Math.sin(region.angle) * step
  const half = (size - 1) / 2
  let to = 0
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++, to += 3) {
      const x = region.centerX + (column - half) * cos - (row - half) * sin - 0.5
      const y = region.centerY + (column - half) * sin + (row - half) * cos - 0.5
      const left = Math.floor(x)
      const top = Math.floor(y)
      if (left < -1 || top < -1 || left >= width || top >= height) continue
      const fx = x - left
      const fy = y - top
      const hasLeft = left >= 0
      const hasRight = left + 1 < width
      const hasTop = top >= 0
      const hasBottom = top + 1 < height
      const at = (top * width + left) * 3
      const below = at + width * 3
      for (let c = 0; c < 3; c++) {
        const a = hasTop && hasLeft ? data[at + c]! : 0
        const b = hasTop && hasRight ? data[at + 3 + c]! : 0
        const d = hasBottom && hasLeft ? data[below + c]! : 0
        const e = hasBottom && hasRight ? data[below + 3 + c]! : 0
        const upper = a + (b - a) * fx
        out[to + c] = upper + (d + (e - d) * fx - upper) * fy + 0.5
      }
    }
  }
  return out
}
