/**
 * Decodes the block formats of ggml. A tensor is a row of blocks; each block holds some weights with the scales that they
 * share. Formats are those of llama.cpp: K-quants with a scale and a minimum for each 16 or 32 weights, and IQ2_XXS,
 * whose blocks of 8 weights are entries of a codebook with signs.
 */

/** Element types by their number in the file. */
export const GgmlType = { F32: 0, F16: 1, Q2_K: 10, Q4_K: 12, Q5_K: 13, IQ2_XXS: 16 } as const

/** Weights of a block. */
export const BLOCK = 256
/** Weights that share a scale in IQ2_XXS. */
export const GROUP = 32

/** Bytes of a block (of one weight for plain floats). */
const BLOCK_BYTES: Readonly<Record<number, number>> = {
  [GgmlType.F32]: 4,
  [GgmlType.F16]: 2,
  [GgmlType.Q2_K]: 84,
  [GgmlType.Q4_K]: 144,
  [GgmlType.Q5_K]: 176,
  [GgmlType.IQ2_XXS]: 66,
}

/** Bytes that `count` weights of a type take; throws for a type that is not known here or a count that does not fill blocks. */
export function bytesOf(type: number, count: number): number {
  const bytes = BLOCK_BYTES[type]
  if (bytes === undefined) throw new Error(`weights of the type ${type} cannot be read`)
  const size = type === GgmlType.F32 || type === GgmlType.F16 ? 1 : BLOCK
  if (count % size !== 0) throw new RangeError(`${count} weights do not fill blocks of ${size}`)
  return (count / size) * bytes
}

/** A 16-bit float as a number. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** Scale and minimum number `index` of the twelve bytes that Q4_K and Q5_K pack eight of each into, 6 bits wide. */
function scaleAndMin(bytes: Buffer, at: number, index: number): [number, number] {
  const byte = (offset: number): number => bytes[at + offset]!
  if (index < 4) return [byte(index) & 63, byte(index + 4) & 63]
  return [(byte(index + 4) & 15) | ((byte(index - 4) >> 6) << 4), (byte(index + 4) >> 4) | ((byte(index) >> 6) << 4)]
}

function readQ2K(bytes: Buffer, at: number, out: Float32Array, to: number): void {
  const [scale, min] = [half(bytes.readUInt16LE(at + 80)), half(bytes.readUInt16LE(at + 82))]
  for (let group = 0; group < 16; group++) {
    const packed = bytes[at + group]!
    const [step, low] = [scale * (packed & 15), min * (packed >> 4)]
    // Sixteen weights each: two groups side by side, four of such pairs in the bit pairs of the same bytes.
    const codes = at + 16 + (group >> 3) * 32 + (group & 1) * 16
    const shift = ((group >> 1) & 3) * 2
    for (let i = 0; i < 16; i++) out[to + group * 16 + i] = step * ((bytes[codes + i]! >> shift) & 3) - low
  }
}

function readQ4K(bytes: Buffer, at: number, out: Float32Array, to: number): void {
  const [scale, min] = [half(bytes.readUInt16LE(at)), half(bytes.readUInt16LE(at + 2))]
  for (let group = 0; group < 8; group++) {
    const [s, m] = scaleAndMin(bytes, at + 4, group)
    const codes = at + 16 + (group >> 1) * 32
    const shift = (group & 1) * 4
    for (let i = 0; i < 32; i++) out[to + group * 32 + i] = scale * s * ((bytes[codes + i]! >> shift) & 15) - min * m
  }
}

function readQ5K(bytes: Buffer, at: number, out: Float32Array, to: number): void {
  const [scale, min] = [half(bytes.readUInt16LE(at)), half(bytes.readUInt16LE(at + 2))]
  for (let group = 0; group < 8; group++) {
    const [s, m] = scaleAndMin(bytes, at + 4, group)
    const codes = at + 48 + (group >> 1) * 32
    const shift = (group & 1) * 4
    for (let i = 0; i < 32; i++) {
      const code = ((bytes[codes + i]! >> shift) & 15) | (((bytes[at + 16 + i]! >> group) & 1) << 4)
      out[to + group * 32 + i] = scale * s * code - min * m
    }
  }
}

const READERS: Readonly<Record<number, (bytes: Buffer, at: number, out: Float32Array, to: number) => void>> = {
  [GgmlType.Q2_K]: readQ2K,
  [GgmlType.Q4_K]: readQ4K,
  [GgmlType.Q5_K]: readQ5K,
}

/** Decodes `count` weights from their first byte on. Throws for types that need a codebook, see nibblesOfCodebook. */
export function decodeWeights(bytes: Buffer, type: number, count: number): Float32Array {
  const out = new Float32Array(count)
  if (bytes.length < bytesOf(type, count)) throw new RangeError('the file ends inside a tensor')
  if (type === GgmlType.F32) for (let i = 0; i < count; i++) out[i] = bytes.readFloatLE(i * 4)
  else if (type === GgmlType.F16) for (let i = 0; i < count; i++) out[i] = half(bytes.readUInt16LE(i * 2))
  else {
    const read = READERS[type]
    if (!read) throw new Error(`weights of the type ${type} need a codebook`)
    const size = BLOCK_BYTES[type]!
    for (let block = 0; block < count / BLOCK; block++) read(bytes, block * size, out, block * BLOCK)
  }
  return out
}

/** Weights of 4 bits, two to a byte (the first in the low half) around a middle of 8, and a scale for each GROUP. */
export interface Nibbles {
  readonly codes: Uint8Array
  readonly scales: Float32Array
}

/** The three magnitudes of codebook entries; their ratio is near 1 : 3 : 5, which 4 bits can say. */
const MAGNITUDES = [8, 25, 43]
const STEPS = [1, 3, 5]
/** The least-squares fit of the steps to the magnitudes. */
const STEP_SIZE = (8 * 1 + 25 * 3 + 43 * 5) / (1 + 9 + 25)
const SIGN_ROWS = 128

/** For each entry of the codebook and each row of signs the eight 4-bit codes, as one number of 32 bits. */
function codesBySigns(codebook: readonly bigint[]): Uint32Array {
  const codes = new Uint32Array(codebook.length * SIGN_ROWS)
  for (const [entry, packed] of codebook.entries()) {
    const magnitudes = Array.from({ length: 8 }, (_, i) => Number((packed >> BigInt(8 * i)) & 255n))
    const steps = magnitudes.map((magnitude) => STEPS[MAGNITUDES.indexOf(magnitude)])
    if (steps.includes(undefined)) throw new Error(`the codebook has an entry of other magnitudes: ${magnitudes}`)
    for (let row = 0; row < SIGN_ROWS; row++) {
      // Seven signs are written, the eighth makes their number even.
      let parity = 0
      for (let bit = 0; bit < 7; bit++) parity ^= (row >> bit) & 1
      const signs = row | (parity << 7)
      let code = 0
      for (let i = 0; i < 8; i++) code |= (8 + ((signs >> i) & 1 ? -steps[i]! : steps[i]!)) << (4 * i)
      codes[entry * SIGN_ROWS + row] = code >>> 0
    }
  }
  return codes
}

/** Reads IQ2_XXS weights as 4-bit ones; what is lost is at most a sixteenth of a small weight. */
export class CodebookReader {
  readonly #codes: Uint32Array

  /** `codebook` has 256 entries of eight magnitudes, a byte each, the first in the lowest. */
  constructor(codebook: readonly bigint[]) {
    if (codebook.length !== 256) throw new Error(`a codebook has 256 entries, not ${codebook.length}`)
    this.#codes = codesBySigns(codebook)
  }

  nibbles(bytes: Buffer, count: number): Nibbles {
    if (bytes.length < bytesOf(GgmlType.IQ2_XXS, count)) throw new RangeError('the file ends inside a tensor')
    const codes = new Uint32Array(count / 8)
    const scales = new Float32Array(count / GROUP)
    const size = BLOCK_BYTES[GgmlType.IQ2_XXS]!
    for (let group = 0; group < scales.length; group++) {
      const block = Math.floor(group / (BLOCK / GROUP)) * size
      const at = block + 2 + (group % (BLOCK / GROUP)) * 8
      const signs = bytes.readUInt32LE(at + 4)
      scales[group] = half(bytes.readUInt16LE(block)) * (0.5 + (signs >>> 28)) * 0.25 * STEP_SIZE
      for (let part = 0; part < 4; part++) {
        codes[group * 4 + part] = this.#codes[bytes[at + part]! * SIGN_ROWS + ((signs >>> (7 * part)) & 127)]!
      }
    }
    return { codes: new Uint8Array(codes.buffer), scales }
  }
}

/** Weights as 8-bit ones around a middle of 128, with a scale for each GROUP. */
export function bytesOfWeights(weights: Float32Array): Nibbles {
  const codes = new Uint8Array(weights.length)
  const scales = new Float32Array(weights.length / GROUP)
  for (let group = 0; group < scales.length; group++) {
    const at = group * GROUP
    let largest = 0
    for (let i = 0; i < GROUP; i++) largest = Math.max(largest, Math.abs(weights[at + i]!))
    const scale = largest / 127
    scales[group] = scale
    for (let i = 0; i < GROUP; i++) codes[at + i] = 128 + (scale === 0 ? 0 : Math.round(weights[at + i]! / scale))
  }
  return { codes, scales }
}

const TABLE = /iq2xxs_grid,\s*256\)([^G]*)/

/** The codebook of IQ2_XXS out of the source text of ggml, where it is written down. */
export function readCodebook(source: string): bigint[] {
  const numbers = TABLE.exec(source)?.[1]?.match(/0x[0-9a-fA-F]{16}/g) ?? []
  if (numbers.length !== 256) throw new Error('the source of ggml has no codebook of IQ2_XXS')
  return numbers.map(BigInt)
}
