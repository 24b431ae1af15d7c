import type { RawImage } from '../../media/image.ts'

/** Side of the tile that the network sees, in pixels. */
export const TILE_PX = 96
/** How many times larger the answer is. */
export const FACTOR = 2
/** Border of a tile whose enlarged form is not used, because the network did not see what lies beyond. */
const BORDER_PX = 8
const STEP_PX = TILE_PX - 2 * BORDER_PX

/** The top left corners of the parts that tiles are enlarged for; each tile reaches BORDER_PX beyond its part. */
export function* parts({ width, height }: RawImage): Generator<{ readonly x: number; readonly y: number }> {
  for (let y = 0; y < height; y += STEP_PX) for (let x = 0; x < width; x += STEP_PX) yield { x, y }
}

const within = (at: number, size: number): number => Math.min(size - 1, Math.max(0, at))

/** A tile around a part as floats 0..1; what lies outside of the picture repeats its edge. */
export function tileAt({ data, width, height }: RawImage, x: number, y: number): Float32Array {
  const tile = new Float32Array(TILE_PX * TILE_PX * 3)
  let to = 0
  for (let row = 0; row < TILE_PX; row++) {
    const line = within(y - BORDER_PX + row, height) * width
    for (let column = 0; column < TILE_PX; column++) {
      const from = (line + within(x - BORDER_PX + column, width)) * 3
      tile[to++] = data[from]! / 255
      tile[to++] = data[from + 1]! / 255
      tile[to++] = data[from + 2]! / 255
    }
  }
  return tile
}

/** Copies the middle of an enlarged tile to its place in the enlarged picture. */
export function place(large: ArrayLike<number>, out: RawImage, x: number, y: number): void {
  const side = TILE_PX * FACTOR
  const [left, top] = [x * FACTOR, y * FACTOR]
  const rows = Math.min(STEP_PX * FACTOR, out.height - top)
  const columns = Math.min(STEP_PX * FACTOR, out.width - left)
  for (let row = 0; row < rows; row++) {
    let from = ((row + BORDER_PX * FACTOR) * side + BORDER_PX * FACTOR) * 3
    let to = ((top + row) * out.width + left) * 3
    for (const end = to + columns * 3; to < end; ) out.data[to++] = byte(large[from++]!)
  }
}

const byte = (value: number): number => Math.min(255, Math.max(0, Math.round(value * 255)))
