import { InferenceSession, Tensor } from 'onnxruntime-node'

/** A tensor as plain data. */
export interface PlainTensor {
  dims: readonly number[]
  data: Float32Array | Int32Array | Uint8Array | BigInt64Array
}

/** Opens an ONNX model (path or bytes) with one thread; the caller releases it. */
export async function openModel(model: string | Uint8Array): Promise<InferenceSession> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 } as const
  return typeof model === 'string' ? InferenceSession.create(model, options) : InferenceSession.create(model, options)
}

/** Runs an open model on float32 and int32 inputs. */
export async function runSession(
  session: InferenceSession,
  feeds: Record<string, PlainTensor>,
): Promise<Record<string, PlainTensor>> {
  const tensors: Record<string, Tensor> = {}
  for (const [name, { dims, data }] of Object.entries(feeds)) {
    const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : undefined
    if (!type) throw new Error(`input ${name} is neither float32 nor int32`)
    tensors[name] = new Tensor(type, data, dims)
  }
  const results = await session.run(tensors)
  return Object.fromEntries(
    Object.entries(results).map(([name, { dims, data }]) => [name, { dims, data: data as PlainTensor['data'] }]),
  )
}

/** Opens a model, runs it once and closes it. */
export async function runOnnx(
  model: string | Uint8Array,
  feeds: Record<string, PlainTensor>,
): Promise<Record<string, PlainTensor>> {
  const session = await openModel(model)
  try {
    return await runSession(session, feeds)
  } finally {
    await session.release()
  }
}
