import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { pseudoRandom } from '../../../test/kit/weights/pseudo-random.ts'
import { bytesOf, bytesOfWeights, CodebookReader, decodeWeights, GgmlType, half, readCodebook } from './ggml-blocks.ts'

const randomBytes = (length: number, seed: number): Buffer => {
  const next = pseudoRandom(seed)
  return Buffer.from(Uint8Array.from({ length }, () => next() * 256))
}
const near = (found: ArrayLike<number>, wanted: ArrayLike<number>): void => {
  assert.equal(found.length, wanted.length)
  for (let i = 0; i < wanted.length; i++) assert.ok(Math.abs(found[i]! - wanted[i]!) < 1e-6, `weight ${i}`)
}
/** Sets two small scales, as random ones may be no numbers. */
const scaled = (block: Buffer, at: number): Buffer => {
  block.writeUInt16LE(0x2c00, at)
  block.writeUInt16LE(0x2800, at + 2)
  return block
}
const [SCALE, MIN] = [half(0x2c00), half(0x2800)]

describe('block formats of ggml', () => {
  it('reads half floats', () => {
    const values = [0x3c00, 0xc000, 0x0001, 0x03ff, 0x7c00, 0x2c00].map(half)
    assert.deepEqual(values, [1, -2, 2 ** -24, 1023 * 2 ** -24, Number.POSITIVE_INFINITY, 0.0625])
    assert.ok(Number.isNaN(half(0x7e00)))
  })

  it('reads plain floats', () => {
    near(decodeWeights(Buffer.from(Float32Array.of(1.5, -2).buffer), GgmlType.F32, 2), [1.5, -2])
    near(decodeWeights(Buffer.from(Uint16Array.of(0x3c00, 0xc000).buffer), GgmlType.F16, 2), [1, -2])
  })

  it('reads Q2_K: a scale and a minimum of 4 bits for each 16 weights of 2 bits', () => {
    const block = scaled(randomBytes(84, 1), 80)
    const wanted = Array.from({ length: 256 }, (_, i) => {
      const packed = block[Math.floor(i / 16)]!
      // 128 weights share 32 bytes: four rows of 32, in the bit pairs from below.
      const [upper, row, column] = [Math.floor(i / 128), Math.floor((i % 128) / 32), i % 32]
      const code = (block[16 + upper * 32 + column]! >> (2 * row)) & 3
      return SCALE * (packed % 16) * code - MIN * Math.floor(packed / 16)
    })
    near(decodeWeights(block, GgmlType.Q2_K, 256), wanted)
  })

  /** The 6-bit scales and minima of Q4_K and Q5_K, unpacked from their definition. */
  const sixBits = (block: Buffer): [number, number][] =>
    Array.from({ length: 8 }, (_, i) => {
      const q = block.subarray(4, 16)
      if (i < 4) return [q[i]! % 64, q[i + 4]! % 64]
      const [low, high] = [q[i + 4]! % 16, Math.floor(q[i + 4]! / 16)]
      return [low + 16 * Math.floor(q[i - 4]! / 64), high + 16 * Math.floor(q[i]! / 64)]
    })

  it('reads Q4_K and Q5_K: a scale and a minimum of 6 bits for each 32 weights of 4 or 5 bits', () => {
    for (const [type, bytes, codesAt] of [
      [GgmlType.Q4_K, 144, 16],
      [GgmlType.Q5_K, 176, 48],
    ] as const) {
      const block = scaled(randomBytes(bytes, type), 0)
      const scales = sixBits(block)
      const wanted = Array.from({ length: 256 }, (_, i) => {
        const [group, column] = [Math.floor(i / 32), i % 32]
        const packed = block[codesAt + Math.floor(group / 2) * 32 + column]!
        const low = group % 2 === 0 ? packed % 16 : Math.floor(packed / 16)
        const fifth = type === GgmlType.Q5_K ? (block[16 + column]! >> group) & 1 : 0
        const [scale, min] = scales[group]!
        return SCALE * scale * (low + 16 * fifth) - MIN * min
      })
      near(decodeWeights(block, type, 256), wanted)
    }
  })

  it('reads IQ2_XXS by a codebook, closely', () => {
    const next = pseudoRandom(9)
    const magnitudes = Array.from({ length: 256 }, () =>
      Array.from({ length: 8 }, () => [8, 25, 43][Math.floor(next() * 3)]!),
    )
    const codebook = magnitudes.map((entry) =>
      entry.reduce((sum, value, i) => sum + (BigInt(value) << BigInt(8 * i)), 0n),
    )
    const block = randomBytes(66, 2)
    block.writeUInt16LE(0x2c00, 0)
    const { codes, scales } = new CodebookReader(codebook).nibbles(block, 256)
    for (let i = 0; i < 256; i++) {
      const group = block.subarray(2 + Math.floor(i / 32) * 8, 10 + Math.floor(i / 32) * 8)
      const signs = group.readUInt32LE(4)
      const part = Math.floor((i % 32) / 8)
      const row = (signs >>> (7 * part)) % 128
      const ones = row.toString(2).replaceAll('0', '').length
      const negative = i % 8 === 7 ? ones % 2 === 1 : ((row >> (i % 8)) & 1) === 1
      const wanted = SCALE * (0.5 + (signs >>> 28)) * 0.25 * magnitudes[group[part]!]![i % 8]! * (negative ? -1 : 1)
      const code = (codes[Math.floor(i / 2)]! >> (4 * (i % 2))) & 15
      const found = (code - 8) * scales[Math.floor(i / 32)]!
      assert.ok(Math.abs(found - wanted) <= 0.065 * Math.abs(wanted), `weight ${i}: ${found}, not ${wanted}`)
    }
  })

  it('writes 8-bit weights that are off by less than half a step', () => {
    const next = pseudoRandom(4)
    const weights = Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? next() - 0.5 : 0))
    const { codes, scales } = bytesOfWeights(weights)
    for (let i = 0; i < 32; i++) assert.ok(Math.abs((codes[i]! - 128) * scales[0]! - weights[i]!) <= scales[0]! * 0.501)
    assert.deepEqual([scales[1], codes[40]], [0, 128])
  })

  it('refuses what is not whole or not known', () => {
    assert.throws(() => bytesOf(99, 256), /type 99 cannot be read/)
    assert.throws(() => bytesOf(GgmlType.Q2_K, 100), /do not fill blocks/)
    assert.throws(() => decodeWeights(Buffer.alloc(83), GgmlType.Q2_K, 256), /ends inside/)
    assert.throws(() => decodeWeights(Buffer.alloc(66), GgmlType.IQ2_XXS, 256), /need a codebook/)
    assert.throws(() => new CodebookReader([8n]), /256 entries/)
    assert.throws(() => new CodebookReader(new Array(256).fill(7n)), /other magnitudes/)
    assert.throws(() => readCodebook('nothing'), /no codebook/)
    const table = Array.from({ length: 256 }, () => '0x0808080808080819').join(', ')
    assert.equal(
      readCodebook(`X_BEGIN(uint64_t, iq2xxs_grid, 256)\n ${table}\nGGML_TABLE_END()`)[255],
      0x0808080808080819n,
    )
  })
})
