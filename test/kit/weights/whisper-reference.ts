/** Whisper computed step by step in double precision, without anything that the converter uses: slow and plain. */
import { TINY_SIZES, type TinyWeights } from './tiny-whisper.ts'

type Matrix = number[][]

const HOP = 160
const WINDOW = 400

const rows = (count: number, make: (row: number) => number[]): Matrix =>
  Array.from({ length: count }, (_, row) => make(row))
const list = (count: number, make: (at: number) => number): number[] =>
  Array.from({ length: count }, (_, at) => make(at))
const plus = (a: Matrix, b: Matrix): Matrix => a.map((row, i) => row.map((value, j) => value + b[i]![j]!))
const product = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0)

/** The error function by its series, exact to double precision for the small values of the tests. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x)
  let [term, sum] = [x, x]
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2))

/** Mel spectrum in the scale of the network, [steps][mels]. */
export function referenceMel(samples: ArrayLike<number>, filters: Float32Array): Matrix {
  const at = (i: number): number => samples[i < 0 ? -i : i >= samples.length ? 2 * (samples.length - 1) - i : i]!
  const frequencies = WINDOW / 2 + 1
  const logs = rows(samples.length / HOP, (step) => {
    const power = list(frequencies, (k) => {
      let [real, imaginary] = [0, 0]
      for (let n = 0; n < WINDOW; n++) {
        const value = at(step * HOP + n - WINDOW / 2) * Math.sin((Math.PI * n) / WINDOW) ** 2
        real += value * Math.cos((2 * Math.PI * k * n) / WINDOW)
        imaginary += value * Math.sin((2 * Math.PI * k * n) / WINDOW)
      }
      return real ** 2 + imaginary ** 2
    })
    return list(TINY_SIZES.mels, (mel) => {
      const filter = Array.from(filters.subarray(mel * frequencies, (mel + 1) * frequencies))
      return Math.log10(Math.max(1e-10, product(filter, power)))
    })
  })
  const top = Math.max(...logs.flat())
  return logs.map((row) => row.map((value) => (Math.max(value, top - 8) + 4) / 4))
}

/** A network with given weights. */
export class WhisperReference {
  readonly #weights: TinyWeights

  constructor(weights: TinyWeights) {
    this.#weights = weights
  }

  #vector(name: string): number[] {
    return Array.from(this.#weights.get(name)!.data)
  }

  #matrix(name: string): Matrix {
    const { shape, data } = this.#weights.get(name)!
    const width = shape.slice(1).reduce((size, each) => size * each, 1)
    return rows(shape[0]!, (row) => Array.from(data.subarray(row * width, (row + 1) * width)))
  }

  #linear(x: Matrix, name: string, bias = true): Matrix {
    const weight = this.#matrix(`${name}.weight`)
    const add = bias ? this.#vector(`${name}.bias`) : []
    return x.map((row) => weight.map((column, out) => product(row, column) + (add[out] ?? 0)))
  }

  #norm(x: Matrix, name: string): Matrix {
    const [weight, bias] = [this.#vector(`${name}.weight`), this.#vector(`${name}.bias`)]
    return x.map((row) => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length
      return row.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[i]! + bias[i]!)
    })
  }

  #attention(x: Matrix, source: Matrix, name: string, heads: number, causal: boolean): Matrix {
    const queries = this.#linear(x, `${name}.query`)
    const [keys, values] = this.#keysAndValues(source, name)
    const size = queries[0]!.length / heads
    const mixed = queries.map((query, step) => {
      const seen = causal ? step + 1 : keys.length
      return list(query.length, (channel) => {
        const start = Math.floor(channel / size) * size
        const part = query.slice(start, start + size)
        const weights = list(seen, (at) =>
          Math.exp(product(part, keys[at]!.slice(start, start + size)) / Math.sqrt(size)),
        )
        const total = weights.reduce((sum, value) => sum + value, 0)
        return weights.reduce((sum, value, at) => sum + (value / total) * values[at]![channel]!, 0)
      })
    })
    return this.#linear(mixed, `${name}.out`)
  }

  #keysAndValues(source: Matrix, name: string): [Matrix, Matrix] {
    return [this.#linear(source, `${name}.key`, false), this.#linear(source, `${name}.value`)]
  }

  #mlp(x: Matrix, name: string): Matrix {
    const hidden = this.#linear(this.#norm(x, `${name}.mlp_ln`), `${name}.mlp.0`)
    return plus(
      x,
      this.#linear(
        hidden.map((row) => row.map(gelu)),
        `${name}.mlp.2`,
      ),
    )
  }

  #conv(x: Matrix, name: string, stride: number): Matrix {
    const { shape, data } = this.#weights.get(`${name}.weight`)!
    const [out, into, width] = shape as [number, number, number]
    const bias = this.#vector(`${name}.bias`)
    return rows(Math.ceil(x.length / stride), (step) =>
      list(out, (o) => {
        let sum = bias[o]!
        for (let k = 0; k < width; k++) {
          const source = x[step * stride + k - 1]
          for (let i = 0; source && i < into; i++) sum += source[i]! * data[(o * into + i) * width + k]!
        }
        return gelu(sum)
      }),
    )
  }

  /** What the encoder makes of a mel spectrum, [steps][channels]. */
  encode(mel: Matrix): Matrix {
    let x = this.#conv(this.#conv(mel, 'encoder.conv1', 1), 'encoder.conv2', 2)
    x = plus(x, this.#matrix('encoder.positional_embedding').slice(0, x.length))
    for (let layer = 0; layer < TINY_SIZES.audioLayers; layer++) {
      const name = `encoder.blocks.${layer}`
      const y = this.#norm(x, `${name}.attn_ln`)
      x = this.#mlp(plus(x, this.#attention(y, y, `${name}.attn`, TINY_SIZES.audioHeads, false)), name)
    }
    return this.#norm(x, 'encoder.ln_post')
  }

  /** Keys and values that a decoder layer makes of the encoder's answer, [steps][channels] each. */
  soundOf(encoded: Matrix, layer: number): [Matrix, Matrix] {
    return this.#keysAndValues(encoded, `decoder.blocks.${layer}.cross_attn`)
  }

  /** The scores of all next tokens after each of the given ones, computed for the whole text at once. */
  decode(encoded: Matrix, tokens: readonly number[]): Matrix {
    const embedding = this.#matrix('decoder.token_embedding.weight')
    const positions = this.#matrix('decoder.positional_embedding')
    let x = tokens.map((token, at) => embedding[token]!.map((value, i) => value + positions[at]![i]!))
    for (let layer = 0; layer < TINY_SIZES.textLayers; layer++) {
      const name = `decoder.blocks.${layer}`
      const y = this.#norm(x, `${name}.attn_ln`)
      x = plus(x, this.#attention(y, y, `${name}.attn`, TINY_SIZES.textHeads, true))
      const z = this.#norm(x, `${name}.cross_attn_ln`)
      x = plus(x, this.#attention(z, encoded, `${name}.cross_attn`, TINY_SIZES.textHeads, false))
      x = this.#mlp(x, name)
    }
    return this.#norm(x, 'decoder.ln').map((row) => embedding.map((token) => product(row, token)))
  }
}
