import type { WhisperSizes } from '../../../src/weights/convert/ggml.ts'
import { WHISPER_WINDOW } from '../../../src/weights/convert/ggml-whisper.ts'
import { uniform } from './pseudo-random.ts'

/** Sizes of a Whisper network small enough to be computed by hand. */
export const TINY_SIZES: WhisperSizes = {
  vocabulary: 24,
  audioContext: 12,
  audioState: 8,
  audioHeads: 2,
  audioLayers: 2,
  textContext: 6,
  textState: 8,
  textHeads: 2,
  textLayers: 2,
  mels: 5,
}

/** A tensor of the tiny network, with the values that the file really holds. */
export interface TinyTensor {
  readonly shape: readonly number[]
  readonly data: Float32Array
}

/** The weights of a tiny network by name. */
export type TinyWeights = ReadonlyMap<string, TinyTensor>

const FREQUENCIES = WHISPER_WINDOW / 2 + 1

/** Rounds to 1024ths, which half floats below 2 hold exactly. */
const toHalves = (data: Float32Array): Float32Array => data.map((value) => Math.round(value * 1024) / 1024)

function halfBits(value: number): number {
  if (value === 0) return 0
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  const mantissa = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024)
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | mantissa
}

/** Random weights of a tiny network; matrices and filters are half floats, the rest floats, as in the real files. */
export function tinyWeights(seed: number): { weights: TinyWeights; filters: Float32Array } {
  const weights = new Map<string, TinyTensor>()
  let next = seed
  const add = (name: string, shape: readonly number[], scale: number, around = 0): void => {
    const count = shape.reduce((product, size) => product * size, 1)
    const data = uniform(next++, count, -scale, scale).map((value) => value + around)
    weights.set(name, { shape, data: isHalf(shape) ? toHalves(data) : data })
  }
  const {
    audioState: a,
    textState: t,
    audioLayers,
    textLayers,
    mels,
    audioContext,
    textContext,
    vocabulary,
  } = TINY_SIZES
  const norm = (name: string, size: number): void => {
    add(`${name}.weight`, [size], 0.3, 1)
    add(`${name}.bias`, [size], 0.3)
  }
  const linear = (name: string, out: number, into: number, bias = true): void => {
    add(`${name}.weight`, [out, into], 0.6)
    if (bias) add(`${name}.bias`, [out], 0.3)
  }
  const attention = (name: string, size: number): void => {
    for (const part of ['query', 'key', 'value', 'out']) linear(`${name}.${part}`, size, size, part !== 'key')
  }
  add('encoder.conv1.weight', [a, mels, 3], 0.6)
  add('encoder.conv1.bias', [a, 1], 0.3)
  add('encoder.conv2.weight', [a, a, 3], 0.6)
  add('encoder.conv2.bias', [a, 1], 0.3)
  add('encoder.positional_embedding', [audioContext, a], 0.6)
  for (const [side, layers, size] of [
    ['encoder', audioLayers, a],
    ['decoder', textLayers, t],
  ] as const) {
    for (let layer = 0; layer < layers; layer++) {
      const prefix = `${side}.blocks.${layer}`
      norm(`${prefix}.attn_ln`, size)
      attention(`${prefix}.attn`, size)
      if (side === 'decoder') {
        norm(`${prefix}.cross_attn_ln`, size)
        attention(`${prefix}.cross_attn`, size)
      }
      norm(`${prefix}.mlp_ln`, size)
      linear(`${prefix}.mlp.0`, 4 * size, size)
      linear(`${prefix}.mlp.2`, size, 4 * size)
    }
  }
  norm('encoder.ln_post', a)
  add('decoder.token_embedding.weight', [vocabulary, t], 0.6)
  add('decoder.positional_embedding', [textContext, t], 0.6)
  norm('decoder.ln', t)
  return { weights, filters: uniform(next, mels * FREQUENCIES, 0, 0.01) }
}

const isHalf = (shape: readonly number[]): boolean => shape.length === 3 || (shape.length === 2 && shape[1] !== 1)

const uint32 = (...values: number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer)

/** The bytes of a ggml file that holds the weights; `type` overrides the element type that each tensor claims. */
export function tinyGgml({ weights, filters }: ReturnType<typeof tinyWeights>, type?: number): Buffer {
  const tokens = Array.from({ length: TINY_SIZES.vocabulary - 2 }, (_, id) => Buffer.from(` t${id}`))
  const parts = [uint32(0x67676d6c, ...Object.values(TINY_SIZES), 1)]
  parts.push(uint32(TINY_SIZES.mels, FREQUENCIES), Buffer.from(filters.buffer))
  parts.push(uint32(tokens.length), ...tokens.flatMap((token) => [uint32(token.length), token]))
  for (const [name, { shape, data }] of weights) {
    const half = isHalf(shape)
    parts.push(uint32(shape.length, name.length, type ?? Number(half), ...shape.toReversed()), Buffer.from(name))
    const bytes = half ? Uint16Array.from(data, halfBits) : Float32Array.from(data)
    parts.push(Buffer.from(bytes.buffer))
  }
  return Buffer.concat(parts)
}
