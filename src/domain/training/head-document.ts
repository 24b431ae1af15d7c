import type { HeadWeights } from '../../training/types.ts'

const base64 = (numbers: Float32Array): string =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')

/** A head as versions keep it: parameters of the engine embedding-classifier. */
export function headDocument({ weights, bias }: HeadWeights, mutuallyExclusive: boolean): string {
  return JSON.stringify({
    weights: base64(weights),
    bias: base64(bias),
    activation: mutuallyExclusive ? 'softmax' : 'sigmoid',
  })
}
