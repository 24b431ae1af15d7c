/**
 * Converts Whisper (OpenAI, in the ggml form of whisper.cpp) to two ONNX models and a vocabulary.
 *
 * The encoder turns sound into the keys and values that each decoder layer looks at; the decoder makes one step per
 * run and hands its own keys and values on to the next.
 */
import type { GgmlWhisper } from './ggml.ts'
import { WhisperLayers } from './whisper-layers.ts'

/** Samples of a spectrum, and samples from one spectrum to the next (16 kHz). */
export const WHISPER_WINDOW = 400
export const WHISPER_HOP = 160

/** Smallest energy that is told apart from silence. */
const ENERGY_MIN = 1e-10
/** How far below the loudest spot quiet ones are cut off, in powers of ten. */
const DYNAMIC_RANGE = 8

/** The files that a Whisper model becomes. */
export interface ConvertedWhisper {
  encoder: Buffer
  decoder: Buffer
  /** A JSON list of the bytes of each text token in base64. */
  vocabulary: Buffer
}

type Metadata = Readonly<Record<string, string>>

/** Converts all parts; throws when a tensor is missing or has sizes that do not fit. */
export function convertWhisper(source: GgmlWhisper, metadata: Metadata = {}): ConvertedWhisper {
  return {
    encoder: convertEncoder(source, metadata),
    decoder: convertDecoder(source, metadata),
    vocabulary: Buffer.from(JSON.stringify(source.tokens.map((token) => token.toString('base64')))),
  }
}

/** Rows of a windowed Fourier transform: real parts of all frequencies, then imaginary ones; [2 * frequencies, 1, window]. */
function fourierFilters(frequencies: number): Float32Array {
  const filters = new Float32Array(2 * frequencies * WHISPER_WINDOW)
  for (let k = 0; k < frequencies; k++) {
    for (let n = 0; n < WHISPER_WINDOW; n++) {
      const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WHISPER_WINDOW)
      const angle = (2 * Math.PI * ((k * n) % WHISPER_WINDOW)) / WHISPER_WINDOW
      filters[k * WHISPER_WINDOW + n] = hann * Math.cos(angle)
      filters[(frequencies + k) * WHISPER_WINDOW + n] = -hann * Math.sin(angle)
    }
  }
  return filters
}

/** Log mel spectrum [1, mels, steps] of samples [1, 1, n]; n is a multiple of the hop. */
function melSpectrum({ b }: WhisperLayers, samples: string, { filters }: GgmlWhisper): string {
  const [mels, frequencies] = filters.shape
  // One sample less behind than in front leaves out the last spectrum, as the original does.
  const pads = b.ints([0, 0, WHISPER_WINDOW / 2, 0, 0, WHISPER_WINDOW / 2 - 1])
  const padded = b.node('Pad', [samples, pads], { mode: 'reflect' })
  const fourier = b.initializer('float32', [2 * frequencies, 1, WHISPER_WINDOW], fourierFilters(frequencies))
  const spectrum = b.node('Conv', [padded, fourier], { kernel_shape: [WHISPER_WINDOW], strides: [WHISPER_HOP] })
  const squares = b.node('Mul', [spectrum, spectrum])
  const [real, imaginary] = b.nodes('Split', [squares, b.ints([frequencies, frequencies])], { axis: 1 }, 2)
  const power = b.node('Add', [real!, imaginary!])
  const energy = b.node('MatMul', [b.initializer('float32', [mels, frequencies], filters.data), power])
  const log = b.node('Log', [b.node('Max', [energy, b.scalar(ENERGY_MIN)])])
  const decades = b.node('Mul', [log, b.scalar(Math.LOG10E)])
  const floor = b.node('Sub', [b.node('ReduceMax', [decades], { keepdims: 0 }), b.scalar(DYNAMIC_RANGE)])
  return b.node('Div', [b.node('Add', [b.node('Max', [decades, floor]), b.scalar(4)]), b.scalar(4)])
}

function convertEncoder(source: GgmlWhisper, metadata: Metadata): Buffer {
  const { sizes } = source
  const layers = new WhisperLayers(source, sizes.audioState, sizes.audioHeads)
  const { b } = layers
  let x = melSpectrum(layers, b.openInput('samples', [1, 1, 'samples']), source)
  x = layers.gelu(layers.conv(x, 'encoder.conv1', 1))
  x = layers.gelu(layers.conv(x, 'encoder.conv2', 2))
  x = b.node('Transpose', [x], { perm: [0, 2, 1] })
  const steps = b.node('Slice', [b.node('Shape', [x]), b.ints([1]), b.ints([2])])
  const positions = layers.weight('encoder.positional_embedding')
  x = b.node('Add', [x, b.node('Slice', [positions, b.ints([0]), steps, b.ints([0])])])
  for (let layer = 0; layer < sizes.audioLayers; layer++) {
    const prefix = `encoder.blocks.${layer}`
    const y = layers.norm(x, `${prefix}.attn_ln`)
    const queries = layers.heads(layers.linear(y, `${prefix}.attn.query`))
    const keys = layers.heads(layers.linear(y, `${prefix}.attn.key`, { bias: false }), { turned: true })
    const values = layers.heads(layers.linear(y, `${prefix}.attn.value`))
    x = b.node('Add', [x, layers.linear(layers.attend(queries, keys, values), `${prefix}.attn.out`)])
    x = layers.mlp(x, prefix)
  }
  x = layers.norm(x, 'encoder.ln_post')
  for (let layer = 0; layer < sizes.textLayers; layer++) {
    const prefix = `decoder.blocks.${layer}.cross_attn`
    const keys = layers.heads(layers.linear(x, `${prefix}.key`, { bias: false }), { turned: true })
    const values = layers.heads(layers.linear(x, `${prefix}.value`))
    const size = sizes.textState / sizes.textHeads
    b.openOutput(`sound_keys_${layer}`, keys, [1, sizes.textHeads, size, 'sound'])
    b.openOutput(`sound_values_${layer}`, values, [1, sizes.textHeads, 'sound', size])
  }
  return b.build(metadata)
}

function convertDecoder(source: GgmlWhisper, metadata: Metadata): Buffer {
  const { sizes } = source
  const layers = new WhisperLayers(source, sizes.textState, sizes.textHeads)
  const { b } = layers
  const [heads, size] = [sizes.textHeads, sizes.textState / sizes.textHeads]
  const token = b.openInput('token', [1, 1], 'int64')
  const position = b.openInput('position', [1, 1], 'int64')
  const cached = (prefix: string, steps: string) =>
    Array.from({ length: sizes.textLayers }, (_, layer) => ({
      keys: b.openInput(`${prefix}keys_${layer}`, [1, heads, size, steps]),
      values: b.openInput(`${prefix}values_${layer}`, [1, heads, steps, size]),
    }))
  const past = cached('past_', 'past')
  const sound = cached('sound_', 'sound')
  const embedding = 'decoder.token_embedding.weight'
  let x = b.node('Add', [layers.rows(embedding, token), layers.rows('decoder.positional_embedding', position)])
  for (let layer = 0; layer < sizes.textLayers; layer++) {
    const prefix = `decoder.blocks.${layer}`
    const y = layers.norm(x, `${prefix}.attn_ln`)
    const queries = layers.heads(layers.linear(y, `${prefix}.attn.query`))
    const newKeys = layers.heads(layers.linear(y, `${prefix}.attn.key`, { bias: false }), { turned: true })
    const newValues = layers.heads(layers.linear(y, `${prefix}.attn.value`))
    const keys = b.node('Concat', [past[layer]!.keys, newKeys], { axis: 3 })
    const values = b.node('Concat', [past[layer]!.values, newValues], { axis: 2 })
    b.openOutput(`keys_${layer}`, keys, [1, heads, size, 'text'])
    b.openOutput(`values_${layer}`, values, [1, heads, 'text', size])
    x = b.node('Add', [x, layers.linear(layers.attend(queries, keys, values), `${prefix}.attn.out`)])
    const z = layers.norm(x, `${prefix}.cross_attn_ln`)
    const asked = layers.heads(layers.linear(z, `${prefix}.cross_attn.query`))
    const heard = layers.attend(asked, sound[layer]!.keys, sound[layer]!.values)
    x = b.node('Add', [x, layers.linear(heard, `${prefix}.cross_attn.out`)])
    x = layers.mlp(x, prefix)
  }
  const last = b.node('Reshape', [layers.norm(x, 'decoder.ln'), b.ints([1, sizes.textState])])
  // Words go out by the same table by which they come in.
  b.openOutput('logits', b.node('Gemm', [last, layers.weight(embedding)], { transB: 1 }), [1, sizes.vocabulary])
  return b.build(metadata)
}
