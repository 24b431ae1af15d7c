import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../base/errors.ts'
import { bmpSize, decodeBmp } from './bmp.ts'
import { bmp24, bmpHeader, gradient } from './test-images.ts'

const RED = [255, 0, 0]
const GREEN = [0, 255, 0]
const BLUE = [0, 0, 255]
const BLACK = [0, 0, 0]
/** Palette of four colours as a BMP file stores it: blue, green, red, unused. */
const PALETTE = Buffer.from([0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0])

function file(
  head: { width: number; height: number; bits: number; compression?: number; colours?: number },
  between: Buffer,
  pixels: number[] | Buffer,
): Buffer {
  const out = Buffer.concat([Buffer.alloc(54), between, Buffer.from(pixels)])
  bmpHeader(out, { compression: 0, colours: 0, ...head, pixelOffset: 54 + between.length })
  return out
}

const pixelsOf = (bytes: Uint8Array): number[][] => {
  const { data } = decodeBmp(bytes)
  return Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(i * 3, i * 3 + 3)])
}

test('24-bit rows are padded and run bottom up, or top down with a negative height', () => {
  const rgb = gradient(7, 5)
  for (const topDown of [false, true]) {
    const bytes = bmp24(rgb, 7, 5, topDown)
    assert.deepEqual(bmpSize(bytes), { width: 7, height: 5 })
    assert.deepEqual(Buffer.from(decodeBmp(bytes).data), rgb)
  }
})

test('palettes of 1, 4 and 8 bits', () => {
  const two = { width: 3, height: 1, colours: 4 }
  assert.deepEqual(pixelsOf(file({ ...two, bits: 8 }, PALETTE, [1, 3, 2, 0])), [RED, BLUE, GREEN])
  assert.deepEqual(pixelsOf(file({ ...two, bits: 4 }, PALETTE, [0x13, 0x20, 0, 0])), [RED, BLUE, GREEN])
  const bilevel = file({ width: 3, height: 1, bits: 1, colours: 2 }, PALETTE.subarray(0, 8), [0b1010_0000, 0, 0, 0])
  assert.deepEqual(pixelsOf(bilevel), [RED, BLACK, RED])
})

test('16 and 32 bits, plain and with masks', () => {
  const pair = { width: 2, height: 1 }
  assert.deepEqual(pixelsOf(file({ ...pair, bits: 16 }, Buffer.alloc(0), [0x00, 0x7c, 0xe0, 0x03])), [RED, GREEN])
  const masks = Buffer.alloc(12)
  for (const [i, mask] of [0xf800, 0x07e0, 0x001f].entries()) masks.writeUInt32LE(mask, i * 4)
  const masked = file({ ...pair, bits: 16, compression: 3 }, masks, [0xe0, 0x07, 0x1f, 0x00])
  assert.deepEqual(pixelsOf(masked), [GREEN, BLUE])
  const plain = file({ ...pair, bits: 32 }, Buffer.alloc(0), [0, 0, 255, 0, 255, 0, 0, 77])
  assert.deepEqual(pixelsOf(plain), [RED, BLUE])
  for (const [i, mask] of [0xff000000, 0x00ff0000, 0x0000ff00].entries()) masks.writeUInt32LE(mask, i * 4)
  const swapped = file({ ...pair, bits: 32, compression: 3 }, masks, [9, 0, 0, 255, 9, 255, 0, 0])
  assert.deepEqual(pixelsOf(swapped), [RED, BLUE])
})

test('run lengths of 8 and 4 bits with runs, literals, jumps and ends', () => {
  const small = { width: 4, height: 2, colours: 4 }
  const rle8 = file(
    { ...small, bits: 8, compression: 1 },
    PALETTE,
    [2, 1, 0, 2, 1, 0, 1, 2, 0, 0, 0, 3, 1, 2, 3, 0, 0, 1],
  )
  assert.deepEqual(pixelsOf(rle8), [RED, GREEN, BLUE, BLACK, RED, RED, BLACK, GREEN])
  const rle4 = file({ ...small, bits: 4, compression: 2 }, PALETTE, [4, 0x12, 0, 0, 0, 4, 0x12, 0x31, 0, 1])
  assert.deepEqual(pixelsOf(rle4), [RED, GREEN, BLUE, RED, RED, GREEN, RED, GREEN])
  const overrun = file({ ...small, bits: 8, compression: 1 }, PALETTE, [255, 1, 0, 2, 9, 9, 5, 1])
  assert.deepEqual(pixelsOf(overrun).slice(4), [RED, RED, RED, RED])
})

test('headers and data that lie are refused, and none of them is read past its end', () => {
  const good = bmp24(gradient(4, 4), 4, 4)
  const cases: [number, number][] = [
    [14, 7],
    [18, 0],
    [18, -4],
    [22, 0],
    [28, 13],
    [30, 9],
    [10, 1_000_000],
  ]
  for (const [offset, value] of cases) {
    const bad = Buffer.from(good)
    if (offset === 28) bad.writeUInt16LE(value, offset)
    else bad.writeInt32LE(value, offset)
    assert.throws(() => decodeBmp(bad), isAppError, `${value} at ${offset}`)
  }
  for (let length = 0; length < good.length; length++) {
    assert.throws(() => decodeBmp(good.subarray(0, length)), isAppError, `${length} bytes`)
  }
  const runs = file({ width: 4, height: 2, bits: 8, compression: 1, colours: 4 }, PALETTE, [2, 1, 0])
  assert.throws(() => decodeBmp(runs), isAppError)
})
