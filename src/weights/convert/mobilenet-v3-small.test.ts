/**
 * The converted MobileNetV3-Small against a second implementation: TensorFlow.js operators, wired after the paper and
 * the names and shapes of the weights, sharing nothing with the converter but the GGUF reader.
 */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { assertClose, relativeError } from '../../../test/kit/weights/agreement.ts'
import { channelsFirst, picture } from '../../../test/kit/weights/pseudo-random.ts'
import { runOnnx } from '../../../test/kit/weights/run-onnx.ts'
import { sourceFiles, testWeightStore } from '../../../test/kit/weights/source-files.ts'
import { tf, useBackend } from '../../../test/kit/weights/tfjs-reference.ts'
import { weightCatalogue } from '../manifest.ts'
import { type GgufFile, readGguf } from './gguf.ts'

const TOLERANCE = 1e-4
/** Strides of features.1 to features.11 in table 2 of "Searching for MobileNetV3". */
const STRIDES = [2, 2, 1, 2, 1, 1, 1, 1, 2, 1, 1]
/** The blocks of that table which use ReLU; all others use h-swish. */
const RELU_BLOCKS = 3

class Reference {
  readonly #file: GgufFile

  constructor(file: GgufFile) {
    this.#file = file
  }

  has(name: string): boolean {
    return this.#file.tensorNames.includes(name)
  }

  tensor(name: string): tf.Tensor {
    const { shape, data } = this.#file.tensor(name)
    return tf.tensor(data, [...shape])
  }

  /** Convolution padded by half a kernel, as torchvision does, which differs from TensorFlow's SAME. */
  conv(x: tf.Tensor4D, prefix: string, stride = 1): tf.Tensor4D {
    const filter = this.tensor(`${prefix}.weight`) as tf.Tensor4D
    const [out, perGroup, size] = filter.shape
    const half = size >> 1
    const padded = tf.pad4d(x, [
      [0, 0],
      [half, half],
      [half, half],
      [0, 0],
    ])
    const depthwise = perGroup === 1 && out > 1 && x.shape[3] === out
    const result = depthwise
      ? tf.depthwiseConv2d(padded, tf.transpose(filter, [2, 3, 0, 1]) as tf.Tensor4D, stride, 'valid')
      : tf.conv2d(padded, tf.transpose(filter, [2, 3, 1, 0]) as tf.Tensor4D, stride, 'valid')
    return this.has(`${prefix}.bias`) ? tf.add(result, this.tensor(`${prefix}.bias`)) : result
  }

  convNorm(x: tf.Tensor4D, prefix: string, stride = 1): tf.Tensor4D {
    const y = this.conv(x, `${prefix}.0`, stride)
    const part = (name: string): tf.Tensor => this.tensor(`${prefix}.1.${name}`)
    const scale = tf.div(part('weight'), tf.sqrt(tf.add(part('running_var'), 0.001)))
    return tf.add(tf.mul(tf.sub(y, part('running_mean')), scale), part('bias'))
  }

  hardSwish<T extends tf.Tensor>(x: T): T {
    return tf.mul(x, tf.div(tf.clipByValue(tf.add(x, 3), 0, 6), 6))
  }

  block(x: tf.Tensor4D, index: number): tf.Tensor4D {
    const prefix = `features.${index + 1}.block`
    const activate = (y: tf.Tensor4D): tf.Tensor4D => (index < RELU_BLOCKS ? tf.relu(y) : this.hardSwish(y))
    let y = x
    let step = 0
    for (; this.has(`${prefix}.${step}.0.weight`); step++) {
      const [, perGroup] = this.#file.tensor(`${prefix}.${step}.0.weight`).shape
      const isLast = !this.has(`${prefix}.${step + 1}.0.weight`) && !this.has(`${prefix}.${step + 1}.fc1.weight`)
      y = this.convNorm(y, `${prefix}.${step}`, perGroup === 1 ? STRIDES[index] : 1)
      if (!isLast) y = activate(y)
      if (this.has(`${prefix}.${step + 1}.fc1.weight`)) {
        step++
        const pooled = tf.mean(y, [1, 2], true) as tf.Tensor4D
        const squeezed = tf.relu(this.conv(pooled, `${prefix}.${step}.fc1`))
        const gate = tf.div(tf.clipByValue(tf.add(this.conv(squeezed, `${prefix}.${step}.fc2`), 3), 0, 6), 6)
        y = tf.mul(y, gate)
      }
    }
    return STRIDES[index] === 1 && x.shape.join() === y.shape.join() ? tf.add(x, y) : y
  }

  run(pixels: Float32Array): { embedding: Float32Array; probs: Float32Array } {
    const [embedding, probs] = tf.tidy(() => {
      const image = tf.div(tf.tensor4d(pixels, [1, 224, 224, 3]), 255)
      const normal = tf.div(tf.sub(image, [0.485, 0.456, 0.406]), [0.229, 0.224, 0.225]) as tf.Tensor4D
      let x = this.hardSwish(this.convNorm(normal, 'features.0', 2))
      for (let i = 0; i < STRIDES.length; i++) x = this.block(x, i)
      const pooled = tf.mean(this.hardSwish(this.convNorm(x, 'features.12')), [1, 2]) as tf.Tensor2D
      const linear = (y: tf.Tensor2D, name: string): tf.Tensor2D =>
        tf.add(tf.matMul(y, this.tensor(`${name}.weight`) as tf.Tensor2D, false, true), this.tensor(`${name}.bias`))
      const logits = linear(this.hardSwish(linear(pooled, 'classifier.0')), 'classifier.3')
      return [pooled, tf.softmax(logits)] as const
    })
    return { embedding: embedding.dataSync() as Float32Array, probs: probs.dataSync() as Float32Array }
  }
}

describe('MobileNetV3-Small', () => {
  before(() => useBackend('wasm'))

  it('computes what a second implementation computes', async () => {
    const { files } = await testWeightStore().ensure('mobilenet-v3-small')
    const read = await sourceFiles('mobilenet-v3-small')
    const file = readGguf(await read(weightCatalogue['mobilenet-v3-small'].conversion.gguf))
    const reference = new Reference(file)
    const embeddings: Float32Array[] = []
    for (const seed of [1, 2]) {
      const pixels = picture(seed, [224, 224, 3], 0, 255)
      const actual = await runOnnx(files.model, {
        input: { dims: [1, 3, 224, 224], data: channelsFirst(pixels, 224, 224, 3) },
      })
      const expected = reference.run(pixels)
      assert.deepEqual(actual.embedding!.dims, [1, 576])
      assertClose(actual.embedding!.data as Float32Array, expected.embedding, TOLERANCE, 'embedding')
      assertClose(actual.probs!.data as Float32Array, expected.probs, TOLERANCE, 'probs')
      embeddings.push(expected.embedding)
    }
    assert.ok(relativeError(embeddings[0]!, embeddings[1]!) > 0.05, 'different pictures have different embeddings')
  })

  it('uses every tensor of the file that belongs to the network', async () => {
    const read = await sourceFiles('mobilenet-v3-small')
    const file = readGguf(await read(weightCatalogue['mobilenet-v3-small'].conversion.gguf))
    const used = new Set<string>()
    const { convertMobileNetV3Small } = await import('./mobilenet-v3-small.ts')
    convertMobileNetV3Small({
      ...file,
      tensor: (name) => {
        used.add(name)
        return file.tensor(name)
      },
    })
    assert.deepEqual(
      file.tensorNames.filter((name) => !used.has(name) && !name.endsWith('num_batches_tracked')),
      [],
    )
  })
})
