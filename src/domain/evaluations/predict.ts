import { AppError } from '../../base/errors.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { MeasureProcess } from '../../evaluation/process.ts'
import { inputEmbeddings } from '../../store/repos/dataset-embeddings.ts'
import { inputs as inputRows } from '../../store/repos/families.ts'
import { originalsOfInputs } from '../../store/repos/input-media.ts'
import type { Compiled } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import { storedInput } from '../inputs/stored-input.ts'
import { runInputs } from '../predict/run.ts'
import { PREDICTED_TOGETHER } from './limits.ts'
import type { Subject } from './subject.ts'

/**
 * What a model says about one input: the scores of all concepts, its data, or both, or why there is nothing; of a film
 * with scores also why there is nothing about its moments.
 */
export type Prediction =
  | {
      readonly scores?: Float32Array
      readonly data?: Data
      readonly ofMoments?: { readonly error: AppError }
      readonly error?: never
    }
  | { readonly error: AppError; readonly ofMoments?: never }

/** What is to be predicted. */
export interface PredictWish {
  readonly appPk: number
  readonly ids: readonly string[]
  /** Of these, the films whose frames are wanted as well. */
  readonly films: ReadonlySet<string>
}

/** An input that was deleted since it became an example. */
export const GONE = new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'The input was deleted.')

/**
 * What a model says about inputs of an app, by their ids. A linear head works on the vectors that are stored with the
 * inputs; what has none, and other models, run on the media.
 */
export async function predictAll(
  call: Call,
  subject: Subject,
  process: MeasureProcess,
  { appPk, ids, films }: PredictWish,
): Promise<Map<string, Prediction>> {
  const rows = await inputRows.getMany(call.services.db.read, appPk, ids)
  const found = new Map<string, Prediction>()
  for (const id of ids) if (!rows.has(id)) found.set(id, { error: GONE })
  const there = ids.filter((id) => rows.has(id))
  if (subject.head) await scoreStored(call, subject, process, appPk, there, found)
  const left = there.filter((id) => !found.has(id) || films.has(id))
  for (let start = 0; start < left.length; start += PREDICTED_TOGETHER) {
    call.signal.throwIfAborted()
    const part = left.slice(start, start + PREDICTED_TOGETHER)
    const pks = part.map((id) => rows.get(id)!.pk)
    const { compiled } = subject
    const said = await runStored(call, compiled, compiled.nodes[0]!.index, pks)
    for (const [at, id] of part.entries()) {
      const one = said[at]!
      const scored = found.get(id)
      if ('data' in one) found.set(id, { ...(scored?.error ? {} : scored), ...one })
      else found.set(id, scored && !scored.error ? { ...scored, ofMoments: one } : one)
    }
  }
  return found
}

async function scoreStored(
  call: Call,
  { head, concepts }: Subject,
  process: MeasureProcess,
  appPk: number,
  ids: readonly string[],
  found: Map<string, Prediction>,
): Promise<void> {
  const stored = await inputEmbeddings(call.services.db.read, appPk, ids, [head!.embedderVersionId])
  const scored = ids.filter((id) => stored.has(id))
  if (scored.length === 0) return
  const vectors = scored.map((id) => meanOf(stored.get(id)!))
  const dimensions = vectors[0]!.length
  if (vectors.some(({ length }) => length !== dimensions)) return
  const all = new Float32Array(vectors.length * dimensions)
  for (const [at, vector] of vectors.entries()) all.set(vector, at * dimensions)
  const scores = await process.score(all, dimensions)
  const width = concepts.length
  for (const [at, id] of scored.entries()) found.set(id, { scores: scores.subarray(at * width, (at + 1) * width) })
}

/** One vector of an input; of those of a film's frames the mean, on which heads are trained too. */
function meanOf(stored: readonly Uint8Array[]): Float32Array {
  // A copy each, as the bytes of a row may lie anywhere in a larger buffer.
  const [first, ...more] = stored.map((bytes) => new Float32Array(Uint8Array.from(bytes).buffer))
  const mean = first!
  const same = more.filter(({ length }) => length === mean.length)
  for (const vector of same) for (let at = 0; at < mean.length; at++) mean[at]! += vector[at]!
  for (let at = 0; at < mean.length; at++) mean[at]! /= same.length + 1
  return mean
}

/** What one node of a plan says about stored inputs, run on their media. */
export async function runStored(
  call: Call,
  compiled: Compiled,
  place: number,
  pks: readonly number[],
): Promise<({ readonly data: Data } | { readonly error: AppError })[]> {
  const originals = await originalsOfInputs(call.services.db.read, pks)
  const inputs = await Promise.all(pks.map((pk) => storedInput(call.services.blobs, originals.get(pk) ?? [])))
  const ran = await runInputs(call, compiled, inputs)
  return ran.map((item) => {
    if ('error' in item) return item
    const { code, details, data } = item.result.nodes[place]!
    if (code !== StatusCode.SUCCESS || !data) return { error: new AppError(code, details) }
    return { data }
  })
}
