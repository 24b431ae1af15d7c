import type { Data } from '../../contract/index.ts'
import type { TensorSpec } from './protocol.ts'
import { datatypeOf, elementBytes, elementCount, type Tensor, textTensor } from './tensors.ts'

/** An array or a text of a caller as a tensor of a model; undefined when it is neither or does not fit itself. */
export function readArgument(spec: TensorSpec, { ndarray, stringValue, text }: Data): Tensor | undefined {
  if (ndarray) {
    const datatype = datatypeOf(ndarray.dtype)
    const bytes = elementBytes(datatype ?? '')
    if (datatype === undefined || bytes === undefined) return undefined
    if (ndarray.buffer.length !== elementCount(ndarray.shape) * bytes) return undefined
    return { name: spec.name, datatype, shape: ndarray.shape, data: ndarray.buffer }
  }
  if (spec.datatype !== 'BYTES') return undefined
  const shape = spec.shape.length === 0 ? [1] : spec.shape.map(() => 1)
  return textTensor(spec.name, stringValue || (text?.raw ?? ''), shape)
}
