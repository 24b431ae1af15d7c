/** Layers of a Whisper network as ONNX nodes. Half floats stay half floats in the file and are widened on loading. */
import { GraphBuilder } from '../onnx/builder.ts'
import { transposeData } from '../onnx/tensor-data.ts'
import { float, onnxDataType } from '../onnx/writer.ts'
import type { GgmlTensor, GgmlWhisper } from './ggml.ts'

const LAYER_NORM_EPSILON = 1e-5

/** Writes layers into one graph; the names that go in and come out are those of node outputs. */
export class WhisperLayers {
  readonly b = new GraphBuilder()
  readonly #source: GgmlWhisper
  readonly #state: number
  readonly #heads: number

  constructor(source: GgmlWhisper, state: number, heads: number) {
    if (!(heads > 0 && state % heads === 0)) throw new Error(`${state} channels cannot be shared by ${heads} heads`)
    this.#source = source
    this.#state = state
    this.#heads = heads
  }

  /** Writes a weight in the shape given and returns its name as float32. */
  #write({ dtype, data }: GgmlTensor, shape: readonly number[]): string {
    const name = this.b.initializer(dtype, shape, data)
    return dtype === 'float32' ? name : this.b.node('Cast', [name], { to: onnxDataType('float32') })
  }

  /** A weight as it is; `shape` reads the same elements with other sizes. */
  weight(name: string, shape?: readonly number[]): string {
    const tensor = this.#source.tensor(name)
    return this.#write(tensor, shape ?? tensor.shape)
  }

  /** The rows of a table that the indexes choose. */
  rows(table: string, indexes: string): string {
    const { dtype, data, shape } = this.#source.tensor(table)
    const found = this.b.node('Gather', [this.b.initializer(dtype, shape, data), indexes])
    return dtype === 'float32' ? found : this.b.node('Cast', [found], { to: onnxDataType('float32') })
  }

  linear(x: string, prefix: string, { bias = true } = {}): string {
    const tensor = this.#source.tensor(`${prefix}.weight`)
    const [out, into] = tensor.shape
    if (!out || !into || tensor.shape.length !== 2) throw new Error(`${prefix}.weight has shape [${tensor.shape}]`)
    // Stored as [out, in]; turned here once instead of whenever the model is loaded.
    const turned = { ...tensor, data: transposeData(tensor.data, tensor.shape, [1, 0]) } as GgmlTensor
    const y = this.b.node('MatMul', [x, this.#write(turned, [into, out])])
    return bias ? this.b.node('Add', [y, this.weight(`${prefix}.bias`)]) : y
  }

  norm(x: string, prefix: string): string {
    const inputs = [x, this.weight(`${prefix}.weight`), this.weight(`${prefix}.bias`)]
    return this.b.node('LayerNormalization', inputs, { axis: -1, epsilon: float(LAYER_NORM_EPSILON) })
  }

  /** The exact form with the error function, which Whisper was trained with. */
  gelu(x: string): string {
    const { b } = this
    const erf = b.node('Erf', [b.node('Div', [x, b.scalar(Math.SQRT2)])])
    return b.node('Mul', [b.node('Mul', [x, b.node('Add', [erf, b.scalar(1)])]), b.scalar(0.5)])
  }

  /** Splits [1, steps, channels] into heads: [1, heads, steps, size], or with `turned` [1, heads, size, steps]. */
  heads(x: string, { turned = false } = {}): string {
    const split = this.b.node('Reshape', [x, this.b.ints([1, -1, this.#heads, this.#state / this.#heads])])
    return this.b.node('Transpose', [split], { perm: turned ? [0, 2, 3, 1] : [0, 2, 1, 3] })
  }

  /** Attention of heads to heads, joined to [1, steps, channels]. */
  attend(queries: string, turnedKeys: string, values: string): string {
    const { b } = this
    const scale = b.scalar(1 / Math.sqrt(this.#state / this.#heads))
    const scores = b.node('Mul', [b.node('MatMul', [queries, turnedKeys]), scale])
    const mixed = b.node('MatMul', [b.node('Softmax', [scores], { axis: -1 }), values])
    return b.node('Reshape', [b.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }), b.ints([1, -1, this.#state])])
  }

  /** The two-layer part of a block, with its residual. */
  mlp(x: string, prefix: string): string {
    const hidden = this.gelu(this.linear(this.norm(x, `${prefix}.mlp_ln`), `${prefix}.mlp.0`))
    return this.b.node('Add', [x, this.linear(hidden, `${prefix}.mlp.2`)])
  }

  conv(x: string, prefix: string, stride: number): string {
    const inputs = [x, this.weight(`${prefix}.weight`), this.weight(`${prefix}.bias`, [this.#state])]
    return this.b.node('Conv', inputs, { kernel_shape: [3], pads: [1, 1], strides: [stride] })
  }
}
