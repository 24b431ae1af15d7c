import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Sent } from '../../fetch/guarded-fetcher.ts'
import { orAborted } from '../abort.ts'
import { garbage } from '../failure.ts'
import { parseJson } from '../json.ts'
import { METADATA_MS, TENSORS_MAX } from '../limits.ts'
import type { Link } from '../link.ts'
import { fitsJson, readTensors, type Tensor, toJsonData, toRawData } from './tensors.ts'

const HEADER_LENGTH = 'inference-header-content-length'

/** What a server says of one tensor of a model; sides of any length are -1. */
export interface TensorSpec {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
}

/** What a server says of a model. */
export interface ModelSpec {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
  /** The server takes and gives tensors as bytes behind the JSON. */
  readonly binary: boolean
}

const specs = new WeakMap<Link, { readonly at: number; readonly spec: Promise<ModelSpec> }>()

/** What the server says of the model of a link; asked once in a while, for all callers together. */
export function modelSpec(link: Link, signal: AbortSignal): Promise<ModelSpec> {
  const known = specs.get(link)
  if (known && performance.now() - known.at < METADATA_MS) return orAborted(known.spec, signal)
  const spec = askSpec(link)
  specs.set(link, { at: performance.now(), spec })
  spec.catch(() => {
    if (specs.get(link)?.spec === spec) specs.delete(link)
  })
  return orAborted(spec, signal)
}

async function askSpec(link: Link): Promise<ModelSpec> {
  // Nobody's own: a caller who goes away must not take the answer from the others.
  const { signal } = new AbortController()
  const get = <T>(path: string, read: (value: Record<string, unknown>) => T): Promise<T> =>
    link.ask({ method: 'GET', path, headers: { accept: 'application/json' }, signal }, (sent) => {
      const value = parseJson(sent.body)
      if (typeof value !== 'object' || value === null) throw garbage('metadata')
      return read(value as Record<string, unknown>)
    })
  const [binary, tensors] = await Promise.all([
    get('/v2', ({ extensions }) => Array.isArray(extensions) && extensions.includes('binary_tensor_data')).catch(
      // Small servers say nothing of themselves; what they do not claim, they are not asked for.
      (error: unknown) => {
        if (error instanceof AppError && error.code === StatusCode.MODEL_INVALID_REQUEST) return false
        throw error
      },
    ),
    get(modelPath(link), ({ inputs, outputs }) => ({ inputs: specsOf(inputs), outputs: specsOf(outputs) })),
  ])
  return { ...tensors, binary }
}

function specsOf(list: unknown): TensorSpec[] {
  if (!Array.isArray(list) || list.length > TENSORS_MAX) throw garbage('the metadata of a model')
  return list.map((item: unknown) => {
    const { name, datatype, shape } = (item ?? {}) as Record<string, unknown>
    if (typeof name !== 'string' || typeof datatype !== 'string' || !Array.isArray(shape)) {
      throw garbage('the metadata of a model')
    }
    // Some servers write the sides as texts.
    return { name, datatype, shape: shape.map(Number) }
  })
}

function modelPath({ settings: { model, modelVersion } }: Link): string {
  const version = modelVersion === '' ? '' : `/versions/${encodeURIComponent(modelVersion)}`
  return `/v2/models/${encodeURIComponent(model)}${version}`
}

/** Runs the model once. Throws AppError as Link does, 21313 also for an answer that does not fit. */
export async function inferTensors(
  link: Link,
  spec: ModelSpec,
  inputs: readonly Tensor[],
  outputs: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Tensor>> {
  const request = spec.binary ? binaryRequest(link, inputs, outputs) : jsonRequest(link, inputs, outputs)
  return link.ask({ method: 'POST', path: `${modelPath(link)}/infer`, ...request, signal }, readAnswer)
}

function jsonRequest(link: Link, inputs: readonly Tensor[], outputs: readonly string[]) {
  const unfit = inputs.find(({ datatype }) => !fitsJson(datatype))
  if (unfit) {
    throw new AppError(
      StatusCode.MODEL_PREDICTION_FAILED,
      `The tensor '${unfit.name}' is ${unfit.datatype}, which the server of the model takes only as bytes, and it takes none.`,
    )
  }
  const tensors = inputs.map((tensor) => ({ ...head(tensor), data: toJsonData(tensor) }))
  const body = JSON.stringify({ inputs: tensors, outputs: outputs.map((name) => ({ name })), ...own(link) })
  return { headers: { 'content-type': 'application/json', accept: 'application/json' }, body }
}

function binaryRequest(link: Link, inputs: readonly Tensor[], outputs: readonly string[]) {
  const raw = inputs.map(toRawData)
  const tensors = inputs.map((tensor, at) => ({
    ...head(tensor),
    parameters: { binary_data_size: raw[at]!.byteLength },
  }))
  const wanted = outputs.map((name) => ({ name, parameters: { binary_data: true } }))
  const json = Buffer.from(JSON.stringify({ inputs: tensors, outputs: wanted, ...own(link) }))
  return {
    headers: { 'content-type': 'application/octet-stream', [HEADER_LENGTH]: String(json.length) },
    body: Buffer.concat([json, ...raw]),
  }
}

const head = ({ name, datatype, shape }: Tensor) => ({ name, datatype, shape })

/** Fields that the owner of the model version puts into every request, such as `parameters`. */
const own = ({ settings }: Link): JsonObject =>
  Object.fromEntries(Object.entries(settings.body).filter(([, value]) => value !== null))

function readAnswer({ headers, body }: Sent): ReadonlyMap<string, Tensor> {
  const given = headers[HEADER_LENGTH]
  const length = given === undefined ? body.length : Number(given)
  if (!Number.isInteger(length) || length < 0 || length > body.length) throw garbage('an inference answer')
  const answer = parseJson(body.subarray(0, length)) as { outputs?: unknown } | null
  return readTensors(answer?.outputs, body.subarray(length))
}
