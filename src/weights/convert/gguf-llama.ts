/**
 * Converts language models of the Llama family from GGUF to ONNX, with the tokenizer in the form of Hugging Face.
 *
 * The weights stay as small as they were: matrices are 4-bit or 8-bit blocks that the runtime multiplies with directly,
 * in a data file beside the graph, so that loading maps them instead of copying them. The graph reads any number of
 * tokens at once, hands on the keys and values of each layer, and scores what may follow the last token.
 */
import { GraphBuilder } from '../onnx/builder.ts'
import { float, onnxDataType } from '../onnx/writer.ts'
import { bytesOfWeights, CodebookReader, decodeWeights, GgmlType, GROUP, readCodebook } from './ggml-blocks.ts'
import type { GgufFile } from './gguf.ts'
import { tokenizerOf } from './gguf-tokenizer.ts'

/** Longest text in tokens, unless the file says less: more would make the tables of positions needlessly large. */
const POSITIONS_MAX = 4_096
const RUNTIME = 'com.microsoft'
/** Asks the runtime to multiply 8-bit integers, the fastest of its ways. */
const AS_INTEGERS = 4

/** The files that a model becomes. */
export interface ConvertedLlama {
  readonly model: Buffer
  readonly data: Buffer
  readonly tokenizer: Buffer
  readonly tokenizerConfig: Buffer
}

interface Sizes {
  readonly layers: number
  readonly heads: number
  readonly keyHeads: number
  readonly headSize: number
  readonly positions: number
  readonly base: number
  readonly epsilon: number
}

function sizesOf(gguf: GgufFile): Sizes {
  const { metadata } = gguf
  const architecture = metadata.get('general.architecture')
  if (architecture !== 'llama') throw new Error(`the architecture is ${architecture}, not llama`)
  const number = (key: string, otherwise?: number): number => {
    const value = Number(metadata.get(`llama.${key}`) ?? otherwise)
    if (!Number.isFinite(value) || value <= 0) throw new Error(`the file does not say its llama.${key}`)
    return value
  }
  const heads = number('attention.head_count')
  const state = number('embedding_length')
  const keyHeads = number('attention.head_count_kv', heads)
  // Tables are made of these numbers, so a false one could take any amount of memory.
  const [, size] = gguf.raw('token_embd.weight').shape
  if (state !== size || state % (2 * heads) !== 0 || heads % keyHeads !== 0) {
    throw new Error(`${state} channels, ${heads} heads and ${keyHeads} key heads do not fit together`)
  }
  return {
    layers: number('block_count'),
    heads,
    keyHeads,
    headSize: state / heads,
    positions: Math.min(POSITIONS_MAX, number('context_length')),
    base: number('rope.freq_base', 10_000),
    epsilon: number('attention.layer_norm_rms_epsilon'),
  }
}

class Layers {
  readonly b = new GraphBuilder()
  readonly #source: GgufFile
  readonly #codebook: CodebookReader | undefined
  readonly #epsilon: number

  constructor(source: GgufFile, codebook: CodebookReader | undefined, epsilon: number) {
    this.#source = source
    this.#codebook = codebook
    this.#epsilon = epsilon
  }

  /** Multiplies [1, steps, into] with the matrix of a tensor [out, into]. */
  linear(x: string, name: string): string {
    const { shape, type, bytes } = this.#source.raw(name)
    const [out, into] = shape
    if (!out || !into || shape.length !== 2 || into % GROUP !== 0) throw new Error(`${name} has shape [${shape}]`)
    const inCodebook = type === GgmlType.IQ2_XXS
    if (inCodebook && !this.#codebook) throw new Error(`${name} needs a codebook`)
    const { codes, scales } = inCodebook
      ? this.#codebook!.nibbles(bytes, out * into)
      : bytesOfWeights(decodeWeights(bytes, type, out * into))
    const bits = inCodebook ? 4 : 8
    const groups = into / GROUP
    const inputs = [
      x,
      this.b.external('uint8', [out, groups, (GROUP * bits) / 8], codes),
      this.b.external('float32', [out * groups], scales),
    ]
    const attributes = { K: into, N: out, bits, block_size: GROUP, accuracy_level: AS_INTEGERS }
    return this.b.node(`${RUNTIME}:MatMulNBits`, inputs, attributes)
  }

  /** The rows of a table that the ids choose, as floats; the table is kept in 8 bits. */
  rows(name: string, ids: string): string {
    const { b } = this
    const { shape, type, bytes } = this.#source.raw(name)
    const [count, size] = shape
    if (!count || !size || shape.length !== 2) throw new Error(`${name} has shape [${shape}]`)
    const { codes, scales } = bytesOfWeights(decodeWeights(bytes, type, count * size))
    const groups = size / GROUP
    const found = b.node('Gather', [b.external('uint8', [count, size], codes), ids])
    const whole = b.node('Sub', [b.node('Cast', [found], { to: onnxDataType('float32') }), b.scalar(128)])
    const grouped = b.node('Reshape', [whole, b.ints([1, -1, groups, GROUP])])
    const steps = b.node('Gather', [b.external('float32', [count, groups, 1], scales), ids])
    return b.node('Reshape', [b.node('Mul', [grouped, steps]), b.ints([1, -1, size])])
  }

  norm(x: string, name: string): string {
    const { data, shape } = this.#source.tensor(name)
    const inputs = [x, this.b.initializer('float32', shape, data)]
    return this.b.node('SimplifiedLayerNormalization', inputs, {
      axis: -1,
      epsilon: float(this.#epsilon),
      stash_type: 1,
    })
  }
}

/** Cosines and sines of each position for each pair of a head; [positions, headSize / 2]. */
function rotations({ positions, headSize, base }: Sizes): { cos: Float32Array; sin: Float32Array } {
  const pairs = headSize / 2
  const [cos, sin] = [new Float32Array(positions * pairs), new Float32Array(positions * pairs)]
  for (let position = 0; position < positions; position++) {
    for (let pair = 0; pair < pairs; pair++) {
      const angle = position * base ** ((-2 * pair) / headSize)
      cos[position * pairs + pair] = Math.cos(angle)
      sin[position * pairs + pair] = Math.sin(angle)
    }
  }
  return { cos, sin }
}

/**
 * Converts a model; `source` is a text in which the codebook of IQ2_XXS stands, where the file needs it, and `dataFile`
 * the name that the data file is going to have. Throws when the file is another kind of model, or not whole.
 */
export function convertLlama(
  gguf: GgufFile,
  source: string | undefined,
  dataFile: string,
  metadata: Readonly<Record<string, string>> = {},
): ConvertedLlama {
  const sizes = sizesOf(gguf)
  const { heads, keyHeads, headSize } = sizes
  const codebook = source === undefined ? undefined : new CodebookReader(readCodebook(source))
  const layers = new Layers(gguf, codebook, sizes.epsilon)
  const { b } = layers
  const ids = b.openInput('input_ids', [1, 'length'], 'int64')
  const mask = b.openInput('attention_mask', [1, 'all'], 'int64')
  const { cos, sin } = rotations(sizes)
  const tables = [cos, sin].map((table) => b.initializer('float32', [sizes.positions, headSize / 2], table))
  const toInt32 = { to: onnxDataType('int32') }
  const counted = b.node('ReduceSum', [mask, b.ints([1])], { keepdims: 0 })
  const last = b.node('Cast', [b.node('Sub', [counted, b.ints([1])])], toInt32)
  const total = b.node('Cast', [b.node('Gather', [b.node('Shape', [mask]), b.initializer('int64', [], [1])])], toInt32)

  let x = layers.rows('token_embd.weight', ids)
  for (let layer = 0; layer < sizes.layers; layer++) {
    const at = (name: string): string => `blk.${layer}.${name}.weight`
    const pastShape = [1, keyHeads, 'past', headSize]
    const normed = layers.norm(x, at('attn_norm'))
    const [query, key, value] = ['attn_q', 'attn_k', 'attn_v'].map((name) => layers.linear(normed, at(name)))
    const past = ['key', 'value'].map((kind) => b.openInput(`past_key_values.${layer}.${kind}`, pastShape))
    const [mixed, ...present] = b.nodes(
      `${RUNTIME}:GroupQueryAttention`,
      [query!, key!, value!, ...past, last, total, ...tables],
      // Heads are stored with the two halves of each rotated pair side by side.
      { num_heads: heads, kv_num_heads: keyHeads, do_rotary: 1, rotary_interleaved: 1 },
      3,
    )
    for (const [which, kind] of ['key', 'value'].entries()) {
      b.openOutput(`present.${layer}.${kind}`, present[which]!, [1, keyHeads, 'all', headSize])
    }
    x = b.node('Add', [x, layers.linear(mixed!, at('attn_output'))])
    const again = layers.norm(x, at('ffn_norm'))
    const gate = layers.linear(again, at('ffn_gate'))
    const open = b.node('Mul', [gate, b.node('Sigmoid', [gate])])
    const hidden = b.node('Mul', [open, layers.linear(again, at('ffn_up'))])
    x = b.node('Add', [x, layers.linear(hidden, at('ffn_down'))])
  }
  const end = b.node('Slice', [x, b.ints([-1]), b.ints([Number.MAX_SAFE_INTEGER]), b.ints([1])])
  const output = gguf.tensorNames.includes('output.weight') ? 'output.weight' : 'token_embd.weight'
  const { shape } = gguf.raw(output)
  b.openOutput('logits', layers.linear(layers.norm(end, 'output_norm.weight'), output), [1, 1, shape[0]!])
  const { tokenizer, config } = tokenizerOf(gguf)
  return {
    ...b.buildWithData(dataFile, metadata),
    tokenizer: Buffer.from(JSON.stringify(tokenizer)),
    tokenizerConfig: Buffer.from(JSON.stringify(config)),
  }
}
