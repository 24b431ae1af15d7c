/** Reads the weight manifests of TensorFlow.js models and undoes their quantisation. */
import { type Dtype, elementCount, halvesToFloats, type TensorData } from '../onnx/tensor-data.ts'

/** How a weight was made smaller: half floats, or integers with value = stored * scale + min. */
export interface TfjsQuantization {
  dtype: 'float16' | 'uint8' | 'uint16'
  scale?: number
  min?: number
}

/** One entry of a weight manifest. */
export interface TfjsWeightSpec {
  name: string
  shape: readonly number[]
  dtype: string
  quantization?: TfjsQuantization
}

/** A group of weights and the shard files that hold them, one after the other. */
export interface TfjsWeightGroup {
  paths: readonly string[]
  weights: readonly TfjsWeightSpec[]
}

/** A decoded weight. */
export interface DecodedWeight {
  shape: readonly number[]
  dtype: Dtype
  data: TensorData
}

const STORED_BYTES: Record<string, number> = { float32: 4, int32: 4, bool: 1, uint8: 1, uint16: 2, float16: 2 }

function decode(spec: TfjsWeightSpec, stored: string, bytes: ArrayBuffer): DecodedWeight {
  const { shape, quantization } = spec
  if (!quantization) {
    if (stored === 'float32') return { shape, dtype: 'float32', data: new Float32Array(bytes) }
    if (stored === 'int32') return { shape, dtype: 'int32', data: new Int32Array(bytes) }
    return { shape, dtype: stored === 'bool' ? 'bool' : 'uint8', data: new Uint8Array(bytes) }
  }
  if (stored === 'float16') return { shape, dtype: 'float32', data: halvesToFloats(new Uint16Array(bytes)) }
  const integers = stored === 'uint8' ? new Uint8Array(bytes) : new Uint16Array(bytes)
  const scale = quantization.scale ?? 1
  const min = quantization.min ?? 0
  if (spec.dtype === 'int32') {
    return { shape, dtype: 'int32', data: Int32Array.from(integers, (value) => Math.round(value * scale + min)) }
  }
  return { shape, dtype: 'float32', data: Float32Array.from(integers, (value) => value * scale + min) }
}

/**
 * Decodes all weights of a manifest from the bytes of its shards, joined in manifest order.
 *
 * Throws when the bytes are too few or too many, or when an element type is not known.
 */
export function decodeWeights(specs: readonly TfjsWeightSpec[], bytes: Uint8Array): Map<string, DecodedWeight> {
  const weights = new Map<string, DecodedWeight>()
  let offset = 0
  for (const spec of specs) {
    const stored = spec.quantization?.dtype ?? spec.dtype
    const size = STORED_BYTES[stored]
    if (size === undefined)
      throw new Error(`weight ${spec.name} has the element type ${stored}, which is not supported`)
    const end = offset + elementCount(spec.shape) * size
    if (!(end <= bytes.length)) throw new Error(`the weight data ends inside ${spec.name}`)
    // A copy, because the shards do not align their elements.
    weights.set(spec.name, decode(spec, stored, new Uint8Array(bytes.subarray(offset, end)).buffer))
    offset = end
  }
  if (offset !== bytes.length) throw new Error(`${bytes.length - offset} bytes of weight data belong to no weight`)
  return weights
}
