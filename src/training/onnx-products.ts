import { InferenceSession, Tensor } from 'onnxruntime-node'
import { nodeMessage, writeModel } from '../weights/onnx/writer.ts'
import type { Products } from './products.ts'

const matrixInput = (name: string, rows: string, columns: string) => ({
  name,
  dtype: 'float32' as const,
  dims: [rows, columns],
})

/** S = X W^T, and G = R^T X; the long sides are free. */
const GRAPH = writeModel({
  nodes: [nodeMessage('Gemm', ['a', 'b'], ['product'], { transB: 1 })],
  initializers: [],
  inputs: [matrixInput('a', 'm', 'k'), matrixInput('b', 'n', 'k')],
  outputs: [matrixInput('product', 'm', 'n')],
})
const GRAPH_TRANSPOSED = writeModel({
  nodes: [nodeMessage('Gemm', ['a', 'b'], ['product'], { transA: 1 })],
  initializers: [],
  inputs: [matrixInput('a', 'k', 'm'), matrixInput('b', 'k', 'n')],
  outputs: [matrixInput('product', 'm', 'n')],
})

/** Severity `error`. */
const LOG_ERRORS = 3

/** Matrix products of the ONNX runtime, whose kernels use the vector units of the processor; in single precision. */
export interface OnnxProducts {
  of(matrix: Float32Array, dims: number): Products
}

/** Opens the products on a number of threads. */
export async function openOnnxProducts(threads: number): Promise<OnnxProducts> {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Training comes in bursts: what it needed is given back at once.
    enableCpuMemArena: false,
    enableMemPattern: false,
    logSeverityLevel: LOG_ERRORS,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  }
  const [plain, transposed] = await Promise.all([
    InferenceSession.create(GRAPH, options),
    InferenceSession.create(GRAPH_TRANSPOSED, options),
  ])
  return {
    of(matrix, dims) {
      const rows = matrix.length / dims
      const fixed = new Tensor('float32', matrix, [rows, dims])
      return {
        rows,
        dims,
        async scores(weights, columns) {
          const b = new Tensor('float32', Float32Array.from(weights), [columns, dims])
          return (await plain.run({ a: fixed, b })).product!.data as Float32Array
        },
        async gradients(residuals, columns) {
          const a = new Tensor('float32', Float32Array.from(residuals), [rows, columns])
          return (await transposed.run({ a, b: fixed })).product!.data as Float32Array
        },
      }
    },
  }
}
