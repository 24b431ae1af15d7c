import { AsyncLocalStorage } from 'node:async_hooks'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** Element type and shape that a tensor of a model file must have; `null` stands for a dimension that varies. */
export interface TensorSpec {
  readonly type: 'float32' | 'int64'
  readonly shape: readonly (number | null)[]
}

/** The inputs and outputs an engine uses; a model file may have more outputs, but no other inputs. */
export interface ModelSpec {
  readonly title: string
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
}

/** A float tensor that a model answered. */
export interface FloatOutput {
  readonly data: Float32Array
  readonly dims: readonly number[]
}

/** A model in memory. */
export interface Model {
  /** Approximate memory in bytes. */
  readonly bytes: number
  /** Runs the model; answers the outputs named in its spec. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, FloatOutput>>>
  /** Frees the memory of the model. */
  dispose(): Promise<void>
}

/** Memory of a session beyond its weights: graph, packed kernels and working buffers, in bytes (measured 5..20 MB). */
export const SESSION_OVERHEAD_BYTES = 12 * 1024 * 1024

/** Severity `error` of the runtime's own log: its warnings concern model authors. */
const ORT_LOG_ERRORS = 3

const threads = new AsyncLocalStorage<number>()

/** Loads something whose networks are to run on so many threads each. */
export const onThreads = <T>(count: number, load: () => Promise<T>): Promise<T> => threads.run(count, load)

/** Threads of networks that are loaded now: one, unless `onThreads` says otherwise. */
export const threadsNow = (): number => threads.getStore() ?? 1

/** How sessions are opened: on `threadsNow` threads; `varies` says that the shapes of the inputs differ from call to call. */
export const sessionOptions = (varies: boolean): InferenceSession.SessionOptions => ({
  intraOpNumThreads: threadsNow(),
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  // The arena makes fixed shapes a little faster and smaller, but never gives back what the largest of many shapes
  // once needed.
  enableCpuMemArena: !varies,
  enableMemPattern: !varies,
  logSeverityLevel: ORT_LOG_ERRORS,
  extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
})

/**
 * A model file in memory, run on one thread where nothing else was measured to be faster: workers are processes, so
 * more threads easily fight each other (two threads with spinning halve a MobileNet on two cores).
 */
export class OnnxModel implements Model {
  readonly bytes: number
  readonly #session: InferenceSession
  readonly #outputs: readonly string[]

  private constructor(session: InferenceSession, outputs: readonly string[], bytes: number) {
    this.#session = session
    this.#outputs = outputs
    this.bytes = bytes
  }

  /**
   * Loads a model file and checks the names, types and shapes of its tensors against `spec`.
   * Throws AppError 21350 when the file is missing, damaged or another model.
   */
  static async load(path: string, spec: ModelSpec, externalData: readonly string[] = []): Promise<OnnxModel> {
    // The number of pictures of a batch is limited, unlike the length of a text or the size of a page.
    const varies = Object.values(spec.inputs).some(({ shape }) => shape.slice(1).includes(null))
    let session: InferenceSession
    let fileBytes = 0
    try {
      for (const file of [path, ...externalData]) fileBytes += (await stat(file)).size
      session = await InferenceSession.create(path, sessionOptions(varies))
    } catch (cause) {
      throw refused(path, spec, 'cannot be read', cause)
    }
    const complaint =
      checkTensors(spec.inputs, session.inputMetadata, true) ??
      checkTensors(spec.outputs, session.outputMetadata, false)
    if (complaint) {
      await session.release()
      throw refused(path, spec, complaint)
    }
    return new OnnxModel(session, Object.keys(spec.outputs), fileBytes + SESSION_OVERHEAD_BYTES)
  }

  async run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, FloatOutput>>> {
    return (await this.#session.run(feeds, this.#outputs)) as unknown as Record<string, FloatOutput>
  }

  async dispose(): Promise<void> {
    await this.#session.release()
  }
}

/** Wraps floats as a tensor without copying. */
export function floatTensor(data: Float32Array, dims: readonly number[]): Tensor {
  return new Tensor('float32', data, dims)
}

/** Wraps 64-bit integers as a tensor without copying. */
export function int64Tensor(data: BigInt64Array, dims: readonly number[]): Tensor {
  return new Tensor('int64', data, dims)
}

function checkTensors(
  wanted: Readonly<Record<string, TensorSpec>>,
  found: readonly InferenceSession.ValueMetadata[],
  exactly: boolean,
): string | undefined {
  for (const [name, { type, shape }] of Object.entries(wanted)) {
    const tensor = found.find((value) => value.name === name)
    if (!tensor?.isTensor) return `has no tensor '${name}'`
    if (tensor.type !== type) return `has '${name}' of type ${tensor.type} instead of ${type}`
    const fits = tensor.shape.length === shape.length && shape.every((size, i) => fitsDimension(size, tensor.shape[i]!))
    if (!fits) return `has '${name}' of shape [${tensor.shape}] instead of [${shape.map((size) => size ?? '?')}]`
  }
  const extra = exactly ? found.find((value) => !(value.name in wanted)) : undefined
  return extra && `wants an input '${extra.name}'`
}

/** A file may leave a dimension open (a name, -1) where the engine uses a fixed one, but not the other way round. */
function fitsDimension(wanted: number | null, found: number | string): boolean {
  const open = typeof found === 'string' || found < 0
  return open || found === wanted
}

function refused(path: string, spec: ModelSpec, complaint: string, cause?: unknown): AppError {
  return new AppError(
    StatusCode.MODEL_DEPLOYMENT_FAILED,
    `The file ${basename(path)} ${complaint}, so it is not the ${spec.title} model; delete it and install the models again.`,
    { cause },
  )
}
