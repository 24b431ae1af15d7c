/** A small network of the Llama family with random weights, and what it answers, computed plainly. */
import { floatTensor, ggufFile, type HeaderValue } from './gguf-file.ts'
import { pseudoRandom } from './pseudo-random.ts'

const [STATE, HEADS, KEY_HEADS, HIDDEN, LAYERS] = [64, 4, 2, 96, 2] as const
const HEAD_SIZE = STATE / HEADS
const EPSILON = 1e-5
const BASE = 10_000

/** Its tokens: bytes are missing on purpose, merges are by score. */
export const TOKENS = ['<unk>', '<s>', '</s>', '▁', 'a', 'b', 'ab', '▁ab', 'c', '▁a']
const SCORES = [0, 0, 0, -9, -8, -7, -1, -2, -6, -5]
const KINDS = [2, 3, 3, 1, 1, 1, 1, 1, 1, 1]

type Matrix = { readonly shape: readonly [number, number]; readonly values: Float32Array }

/** Weights by name; the matrices are multiples of 1/127 of the largest of each row, as 8 bits can say them. */
export class TinyLlama {
  readonly #matrices = new Map<string, Matrix>()
  readonly #norms = new Map<string, Float32Array>()

  constructor(seed = 3) {
    const next = pseudoRandom(seed)
    const matrix = (name: string, out: number, into: number): void => {
      const values = Float32Array.from({ length: out * into }, () => Math.round((next() - 0.5) * 254) / 500)
      this.#matrices.set(name, { shape: [out, into], values })
    }
    const norm = (name: string): void => {
      this.#norms.set(
        name,
        Float32Array.from({ length: STATE }, () => 0.5 + next()),
      )
    }
    matrix('token_embd.weight', TOKENS.length, STATE)
    matrix('output.weight', TOKENS.length, STATE)
    norm('output_norm.weight')
    for (let layer = 0; layer < LAYERS; layer++) {
      const at = (name: string): string => `blk.${layer}.${name}.weight`
      norm(at('attn_norm'))
      norm(at('ffn_norm'))
      matrix(at('attn_q'), STATE, STATE)
      matrix(at('attn_k'), KEY_HEADS * HEAD_SIZE, STATE)
      matrix(at('attn_v'), KEY_HEADS * HEAD_SIZE, STATE)
      matrix(at('attn_output'), STATE, STATE)
      matrix(at('ffn_gate'), HIDDEN, STATE)
      matrix(at('ffn_up'), HIDDEN, STATE)
      matrix(at('ffn_down'), STATE, HIDDEN)
    }
  }

  /** The file, with some of its header otherwise. */
  file(header: Readonly<Record<string, HeaderValue>> = {}): Buffer {
    const matrices = [...this.#matrices].map(([name, { shape, values }]) => [name, floatTensor(shape, values)])
    const norms = [...this.#norms].map(([name, values]) => [name, floatTensor([STATE], values)])
    return ggufFile(
      {
        'general.architecture': 'llama',
        'llama.context_length': 128,
        'llama.embedding_length': STATE,
        'llama.block_count': LAYERS,
        'llama.feed_forward_length': HIDDEN,
        'llama.attention.head_count': HEADS,
        'llama.attention.head_count_kv': KEY_HEADS,
        'llama.attention.layer_norm_rms_epsilon': { float: EPSILON },
        'tokenizer.ggml.model': 'llama',
        'tokenizer.ggml.tokens': TOKENS,
        'tokenizer.ggml.scores': { floats: SCORES },
        'tokenizer.ggml.token_type': { floats: KINDS },
        'tokenizer.ggml.bos_token_id': 1,
        'tokenizer.ggml.eos_token_id': 2,
        'tokenizer.ggml.unknown_token_id': 0,
        ...header,
      },
      Object.fromEntries([...matrices, ...norms]),
    )
  }

  #times(name: string, x: ArrayLike<number>): number[] {
    const {
      shape: [out, into],
      values,
    } = this.#matrices.get(name)!
    return Array.from({ length: out }, (_, row) => {
      let sum = 0
      for (let i = 0; i < into; i++) sum += values[row * into + i]! * x[i]!
      return sum
    })
  }

  #normed(name: string, x: readonly number[]): number[] {
    const scale = this.#norms.get(name)!
    const power = x.reduce((sum, value) => sum + value * value, 0) / x.length
    return x.map((value, i) => (value / Math.sqrt(power + EPSILON)) * scale[i]!)
  }

  /** Scores of what may follow the last of some tokens. */
  logits(ids: readonly number[]): number[] {
    const table = this.#matrices.get('token_embd.weight')!.values
    let states = ids.map((id) => Array.from(table.subarray(id * STATE, (id + 1) * STATE)))
    for (let layer = 0; layer < LAYERS; layer++) {
      const at = (name: string): string => `blk.${layer}.${name}.weight`
      const normed = states.map((x) => this.#normed(at('attn_norm'), x))
      const queries = normed.map((x, position) => turned(this.#times(at('attn_q'), x), position))
      const keys = normed.map((x, position) => turned(this.#times(at('attn_k'), x), position))
      const values = normed.map((x) => this.#times(at('attn_v'), x))
      states = states.map((x, position) => {
        const mixed = Array.from({ length: HEADS }, (_, head) =>
          attend(queries[position]!, keys, values, position, head),
        )
        const out = this.#times(at('attn_output'), mixed.flat())
        return x.map((value, i) => value + out[i]!)
      })
      states = states.map((x) => {
        const again = this.#normed(at('ffn_norm'), x)
        const gate = this.#times(at('ffn_gate'), again)
        const up = this.#times(at('ffn_up'), again)
        const down = this.#times(
          at('ffn_down'),
          gate.map((value, i) => (value / (1 + Math.exp(-value))) * up[i]!),
        )
        return x.map((value, i) => value + down[i]!)
      })
    }
    return this.#times('output.weight', this.#normed('output_norm.weight', states.at(-1)!))
  }
}

/** Turns neighbouring numbers of each head by an angle that grows with the position. */
function turned(x: readonly number[], position: number): number[] {
  const result = [...x]
  for (let at = 0; at < x.length; at += 2) {
    const angle = position * BASE ** (-(at % HEAD_SIZE) / HEAD_SIZE)
    const [a, b] = [x[at]!, x[at + 1]!]
    result[at] = a * Math.cos(angle) - b * Math.sin(angle)
    result[at + 1] = a * Math.sin(angle) + b * Math.cos(angle)
  }
  return result
}

/** What one head sees of everything up to its position. */
function attend(
  query: readonly number[],
  keys: readonly (readonly number[])[],
  values: readonly (readonly number[])[],
  position: number,
  head: number,
): number[] {
  const [from, other] = [head * HEAD_SIZE, Math.floor((head * KEY_HEADS) / HEADS) * HEAD_SIZE]
  const scores = keys.slice(0, position + 1).map((key) => {
    let sum = 0
    for (let i = 0; i < HEAD_SIZE; i++) sum += query[from + i]! * key[other + i]!
    return sum / Math.sqrt(HEAD_SIZE)
  })
  const top = Math.max(...scores)
  const weights = scores.map((score) => Math.exp(score - top))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Array.from({ length: HEAD_SIZE }, (_, i) =>
    weights.reduce((sum, weight, at) => sum + (weight / total) * values[at]![other + i]!, 0),
  )
}
