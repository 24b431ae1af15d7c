/** Builds MobileNetV3-Small (torchvision's layout and weight names) as ONNX from the tensors of a GGUF file. */
import { GraphBuilder } from '../onnx/builder.ts'
import { float } from '../onnx/writer.ts'
import type { GgufFile } from './gguf.ts'

/** One inverted residual block. */
export interface MobileNetBlock {
  expanded: number
  out: number
  squeeze: boolean
  activation: 'HardSwish' | 'Relu'
  kernel: number
  stride: number
}

function block(
  kernel: number,
  expanded: number,
  out: number,
  squeeze: boolean,
  activation: MobileNetBlock['activation'],
  stride: number,
): MobileNetBlock {
  return { kernel, expanded, out, squeeze, activation, stride }
}

/** The blocks features.1 to features.11 of torchvision's mobilenet_v3_small. */
export const MOBILENET_V3_SMALL_BLOCKS: readonly MobileNetBlock[] = [
  block(3, 16, 16, true, 'Relu', 2),
  block(3, 72, 24, false, 'Relu', 2),
  block(3, 88, 24, false, 'Relu', 1),
  block(5, 96, 40, true, 'HardSwish', 2),
  block(5, 240, 40, true, 'HardSwish', 1),
  block(5, 240, 40, true, 'HardSwish', 1),
  block(5, 120, 48, true, 'HardSwish', 1),
  block(5, 144, 48, true, 'HardSwish', 1),
  block(5, 288, 96, true, 'HardSwish', 2),
  block(5, 576, 96, true, 'HardSwish', 1),
  block(5, 576, 96, true, 'HardSwish', 1),
]

export const MOBILENET_V3_SMALL_INPUT_PX = 224
export const STEM_CHANNELS = 16
export const EMBEDDING_CHANNELS = 576

/** Mean and standard deviation of ImageNet's RGB channels on a 0..1 scale. */
export const IMAGENET_MEAN: readonly number[] = [0.485, 0.456, 0.406]
export const IMAGENET_STD: readonly number[] = [0.229, 0.224, 0.225]

export const BATCH_NORM_EPSILON = 1e-3
const BYTE_MAX = 255
/** Name of the first dimension: a run takes as many pictures as it is given. */
const BATCH = 'batch'

/** Writes the layers; values are plain ONNX names because everything here is channels-first already. */
class MobileNetWriter {
  readonly b = new GraphBuilder()
  readonly #weights: GgufFile

  constructor(weights: GgufFile) {
    this.#weights = weights
  }

  #weight(name: string): { name: string; shape: readonly number[] } {
    const { shape, data } = this.#weights.tensor(name)
    return { name: this.b.initializer('float32', shape, data), shape }
  }

  conv(x: string, prefix: string, { stride = 1, groups = 1, bias = false } = {}): string {
    const { name, shape } = this.#weight(`${prefix}.weight`)
    const kernel = shape[2]
    if (!kernel || shape.length !== 4) throw new Error(`${prefix}.weight has shape [${shape}], not that of a filter`)
    const inputs = [x, name, ...(bias ? [this.#weight(`${prefix}.bias`).name] : [])]
    const pad = kernel >> 1
    return this.b.node('Conv', inputs, {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
      group: groups,
    })
  }

  batchNorm(x: string, prefix: string): string {
    const inputs = ['weight', 'bias', 'running_mean', 'running_var'].map(
      (part) => this.#weight(`${prefix}.${part}`).name,
    )
    return this.b.node('BatchNormalization', [x, ...inputs], { epsilon: float(BATCH_NORM_EPSILON) })
  }

  linear(x: string, prefix: string): string {
    const inputs = [x, this.#weight(`${prefix}.weight`).name, this.#weight(`${prefix}.bias`).name]
    return this.b.node('Gemm', inputs, { transB: 1 })
  }

  /** Maps RGB bytes to the scale the network was trained on. */
  normalise(input: string): string {
    const constant = (values: readonly number[]): string =>
      this.b.initializer(
        'float32',
        [3, 1, 1],
        values.map((value) => value * BYTE_MAX),
      )
    return this.b.node('Div', [this.b.node('Sub', [input, constant(IMAGENET_MEAN)]), constant(IMAGENET_STD)])
  }

  #squeezeAndExcite(x: string, prefix: string): string {
    const pooled = this.b.node('GlobalAveragePool', [x])
    const squeezed = this.b.node('Relu', [this.conv(pooled, `${prefix}.fc1`, { bias: true })])
    const gate = this.b.node('HardSigmoid', [this.conv(squeezed, `${prefix}.fc2`, { bias: true })], {
      alpha: float(1 / 6),
      beta: float(0.5),
    })
    return this.b.node('Mul', [x, gate])
  }

  block(x: string, index: number, inChannels: number, spec: MobileNetBlock): string {
    const prefix = `features.${index}.block`
    let step = 0
    let y = x
    const convNorm = (options: { stride?: number; groups?: number }): string => {
      const result = this.batchNorm(this.conv(y, `${prefix}.${step}.0`, options), `${prefix}.${step}.1`)
      step++
      return result
    }
    if (spec.expanded !== inChannels) y = this.b.node(spec.activation, [convNorm({})])
    y = this.b.node(spec.activation, [convNorm({ stride: spec.stride, groups: spec.expanded })])
    if (spec.squeeze) y = this.#squeezeAndExcite(y, `${prefix}.${step++}`)
    y = convNorm({})
    return spec.stride === 1 && inChannels === spec.out ? this.b.node('Add', [y, x]) : y
  }
}

/**
 * Converts to the bytes of an `.onnx` file.
 *
 * Input `input` is [batch,3,224,224], RGB 0..255, channels first. Outputs: `embedding` [batch,576], the averaged last
 * feature map, and `probs` [batch,classes], the softmax of the fine-tuned classifier. Throws when a tensor is missing.
 */
export function convertMobileNetV3Small(weights: GgufFile, metadata: Readonly<Record<string, string>> = {}): Buffer {
  const net = new MobileNetWriter(weights)
  const { b } = net
  const px = MOBILENET_V3_SMALL_INPUT_PX
  let x = net.normalise(b.openInput('input', [BATCH, 3, px, px]))
  x = b.node('HardSwish', [net.batchNorm(net.conv(x, 'features.0.0', { stride: 2 }), 'features.0.1')])
  let channels = STEM_CHANNELS
  for (const [i, spec] of MOBILENET_V3_SMALL_BLOCKS.entries()) {
    x = net.block(x, i + 1, channels, spec)
    channels = spec.out
  }
  x = b.node('HardSwish', [net.batchNorm(net.conv(x, 'features.12.0'), 'features.12.1')])
  const flat = b.node('Reshape', [b.node('GlobalAveragePool', [x]), b.ints([-1, EMBEDDING_CHANNELS])])
  b.openOutput('embedding', flat, [BATCH, EMBEDDING_CHANNELS])
  const hidden = b.node('HardSwish', [net.linear(flat, 'classifier.0')])
  const [classes] = weights.tensor('classifier.3.bias').shape
  if (!classes) throw new Error('the classifier has no classes')
  const probs = b.node('Softmax', [net.linear(hidden, 'classifier.3')], { axis: -1 })
  b.openOutput('probs', probs, [BATCH, classes])
  return b.build(metadata)
}
