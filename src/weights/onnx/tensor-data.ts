/** Element types that the converters produce; `bool` is one byte per element, `float16` the bit pattern of each. */
export type Dtype = 'float32' | 'float16' | 'int32' | 'int64' | 'uint8' | 'bool'

/** The typed arrays that hold tensor elements in row-major order. */
export type TensorData = Float32Array | Uint16Array | Int32Array | BigInt64Array | Uint8Array

/** Number of elements of a shape; a scalar (`[]`) has one. */
export function elementCount(shape: readonly number[]): number {
  let count = 1
  for (const size of shape) count *= size
  return count
}

/** Copies numbers into the typed array that belongs to `dtype`; integers are truncated like a C cast does. */
export function toTensorData(dtype: Dtype, values: Iterable<number>): TensorData {
  switch (dtype) {
    case 'float32':
      return Float32Array.from(values)
    case 'float16':
      throw new RangeError('half floats are given as bit patterns, not as numbers')
    case 'int32':
      return Int32Array.from(values)
    case 'int64':
      return BigInt64Array.from(values, (value) => BigInt(Math.trunc(value)))
    case 'uint8':
      return Uint8Array.from(values)
    case 'bool':
      return Uint8Array.from(values, (value) => (value ? 1 : 0))
  }
}

/** Whether a typed array is the right container for `dtype`. */
export function holdsDtype(data: TensorData, dtype: Dtype): boolean {
  if (data instanceof Float32Array) return dtype === 'float32'
  if (data instanceof Uint16Array) return dtype === 'float16'
  if (data instanceof Int32Array) return dtype === 'int32'
  if (data instanceof BigInt64Array) return dtype === 'int64'
  return dtype === 'uint8' || dtype === 'bool'
}

/** The sizes of `shape` in the order that `permutation` names. */
export function permuteShape(shape: readonly number[], permutation: readonly number[]): number[] {
  return permutation.map((axis) => {
    const size = shape[axis]
    if (size === undefined) throw new RangeError(`axis ${axis} does not exist in shape [${shape}]`)
    return size
  })
}

/**
 * Reorders the axes of row-major data: result axis `i` is source axis `permutation[i]`.
 *
 * Throws RangeError when the data does not have as many elements as the shape says.
 */
export function transposeData<T extends TensorData>(
  data: T,
  shape: readonly number[],
  permutation: readonly number[],
): T {
  const count = elementCount(shape)
  if (data.length !== count) throw new RangeError(`${data.length} elements do not fill shape [${shape}]`)
  const sourceStrides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    sourceStrides[axis] = stride
    stride *= shape[axis]!
  }
  const sizes = permuteShape(shape, permutation)
  const strides = permutation.map((axis) => sourceStrides[axis]!)
  const result = new (data.constructor as new (length: number) => T)(count)
  const index = new Array<number>(sizes.length).fill(0)
  let offset = 0
  for (let i = 0; i < count; i++) {
    result[i] = data[offset]!
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      index[axis]!++
      offset += strides[axis]!
      if (index[axis]! < sizes[axis]!) break
      offset -= strides[axis]! * sizes[axis]!
      index[axis] = 0
    }
  }
  return result
}

const HALF_VALUES = 65_536
let halfTable: Float32Array | undefined

function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 31
  const mantissa = bits & 1023
  if (exponent === 0) return sign * mantissa * 2 ** -24
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15)
}

/** Widens IEEE half-precision bit patterns to float32, exactly. */
export function halvesToFloats(halves: Uint16Array): Float32Array {
  if (!halfTable) {
    halfTable = new Float32Array(HALF_VALUES)
    for (let bits = 0; bits < HALF_VALUES; bits++) halfTable[bits] = halfToFloat(bits)
  }
  const result = new Float32Array(halves.length)
  for (let i = 0; i < halves.length; i++) result[i] = halfTable[halves[i]!]!
  return result
}
