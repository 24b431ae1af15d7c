import type { JsonObject } from '@bufbuild/protobuf'
import type { Labels } from '../../training/types.ts'
import type { Services } from '../services.ts'
import type { TrainingKind } from './kinds.ts'
import type { TrainingRecord } from './record.ts'
import type { TrainingSettings } from './settings.ts'
import { heldBytes, type TrainingStart } from './start.ts'
import type { ExampleVectors } from './vectors.ts'

/** What is computed from. */
export interface ComputeOrder {
  readonly kind: TrainingKind
  readonly settings: TrainingSettings
  readonly conceptIds: readonly string[]
  readonly vectors: ExampleVectors
  /** Rows are those of the vectors. */
  readonly labels: Labels
  /** The input of each row, by pk. */
  readonly inputs: Int32Array
  readonly start?: TrainingStart | undefined
}

type Done = NonNullable<TrainingRecord['done']>

/** What a version becomes: parameters of its engine, and what is recorded of how they were found. */
export interface Outcome {
  readonly params: JsonObject
  readonly hash: string
  /** Examples with numbers that are not finite. */
  readonly dropped: number
  readonly contradictions: number
  readonly found: Pick<Done, 'concepts' | 'loss' | 'steps' | 'calibration' | 'clusters' | 'start'>
  /** See training_starts. */
  readonly held?: Uint8Array | null
}

/** Computes what the kind of training says, in the training process. */
export async function computeOutcome(
  { trainer }: Pick<Services, 'trainer'>,
  order: ComputeOrder,
  signal: AbortSignal,
): Promise<Outcome> {
  switch (order.kind.task) {
    case 'head':
      return head(trainer, order, signal)
    case 'projection':
      return projection(trainer, order, signal)
    case 'clusters':
      return clusters(trainer, order, signal)
  }
}

type Trainer = Services['trainer']

async function head(trainer: Trainer, order: ComputeOrder, signal: AbortSignal): Promise<Outcome> {
  const { vectors, labels, conceptIds, inputs, start } = order
  const { mutuallyExclusive, hyper } = order.settings
  const shape = { dims: vectors.dims, concepts: conceptIds.length, labels, mutuallyExclusive, hyper, groups: inputs }
  const begin = start && {
    start: start.whole,
    ...(start.held && { heldStart: start.held }),
    ...(start.same && { unchanged: start.same.hash }),
  }
  const { result, hash } = await trainer.run({ kind: 'head', ...shape, ...begin }, vectors.matrix, signal)
  if (!result) return unchanged(start!, hash)
  const { log, calibration, held } = result
  return {
    params: {
      weights: base64(result.weights),
      bias: base64(result.bias),
      activation: mutuallyExclusive ? 'softmax' : 'sigmoid',
    },
    hash,
    dropped: log.dropped,
    contradictions: log.contradictions,
    found: {
      concepts: log.concepts.map((concept, at) => ({ id: conceptIds[at]!, ...concept })),
      loss: log.loss,
      steps: log.steps,
      ...(calibration && { calibration }),
      ...(start && { start: { versionId: start.versionId, unchanged: false } }),
    },
    ...(held && { held: heldBytes(held) }),
  }
}

/** What the version before has come to, where nothing has changed since. */
function unchanged({ versionId, same }: TrainingStart, hash: string): Outcome {
  const { params, held, done } = same!
  const { data, concepts, loss, steps, calibration } = done
  return {
    params,
    hash,
    dropped: data.dropped ?? 0,
    contradictions: data.contradictions,
    found: {
      concepts,
      ...(loss !== undefined && { loss }),
      ...(steps !== undefined && { steps }),
      ...(calibration && { calibration }),
      start: { versionId, unchanged: true },
    },
    held,
  }
}

async function projection(trainer: Trainer, order: ComputeOrder, signal: AbortSignal): Promise<Outcome> {
  const { vectors, labels, conceptIds } = order
  const shape = { dims: vectors.dims, concepts: conceptIds.length, labels, mutuallyExclusive: true }
  const { result, hash } = await trainer.run({ kind: 'projection', ...shape }, vectors.matrix, signal)
  return {
    params: { projection: base64(result.matrix), mean: base64(result.mean) },
    hash,
    dropped: result.log.dropped,
    contradictions: result.log.contradictions,
    found: { concepts: result.log.concepts.map((concept, at) => ({ id: conceptIds[at]!, ...concept })) },
  }
}

async function clusters(trainer: Trainer, order: ComputeOrder, signal: AbortSignal): Promise<Outcome> {
  const { dims, matrix } = finiteRows(order.vectors)
  const { clusters: wanted, hyper } = order.settings
  const task = { kind: 'clusters' as const, dims, clusters: wanted, seed: hyper.seed ?? 0 }
  const { result, hash } = await trainer.run(task, matrix, signal)
  const rows = matrix.length / dims
  return {
    params: {
      centres: base64(result.centres),
      shares: base64(Float32Array.from(result.counts, (count) => count / rows)),
      mean: base64(result.mean),
      axes: base64(result.axes),
    },
    hash,
    dropped: order.vectors.rows.length - rows,
    contradictions: 0,
    found: { concepts: [], steps: result.steps, clusters: { counts: [...result.counts], spread: result.spread } },
  }
}

/** Distances to a vector with a number that is not finite mean nothing, so such vectors are left out. */
function finiteRows({ matrix, dims, rows }: ExampleVectors): { matrix: Float32Array; dims: number } {
  const kept = [...rows.keys()].filter((row) => matrix.subarray(row * dims, (row + 1) * dims).every(Number.isFinite))
  if (kept.length === rows.length) return { matrix, dims }
  const finite = new Float32Array(kept.length * dims)
  for (const [to, row] of kept.entries()) finite.set(matrix.subarray(row * dims, (row + 1) * dims), to * dims)
  return { matrix: finite, dims }
}

const base64 = (numbers: Float32Array): string =>
  Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString('base64')
