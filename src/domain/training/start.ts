import type { JsonObject } from '@bufbuild/protobuf'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { newestTrained } from '../../store/repos/model-trainings.ts'
import type { HeadStart } from '../../training/types.ts'
import { PROGRAM } from './program.ts'
import type { TrainingRecord } from './record.ts'
import type { TrainingSettings } from './settings.ts'

/** What a training begins with: the heads of the version before it, before they were calibrated. */
export interface TrainingStart {
  readonly versionId: string
  readonly whole: HeadStart
  /** The head that has not seen the part of the examples that is held out. */
  readonly held?: HeadStart
  /** The outcome, where settings and concepts are the same: the same data lead to it again. */
  readonly same?: {
    readonly hash: string
    readonly params: JsonObject
    readonly held: Uint8Array | null
    readonly done: NonNullable<TrainingRecord['done']>
  }
}

/** What is about to be trained. */
export interface StartWish {
  readonly modelPk: number
  readonly base: NonNullable<TrainingRecord['base']>
  readonly settings: TrainingSettings
  readonly conceptIds: readonly string[]
  readonly dims: number
}

/**
 * The newest trained version of the model as a start, if it learned on vectors of the same version of the same embedder
 * with the same kind of loss; concepts that it does not have begin with nothing.
 */
export async function startOf(db: Reader, wish: StartWish): Promise<TrainingStart | undefined> {
  const { base, settings, conceptIds, dims } = wish
  if (!settings.warmStart) return undefined
  const found = await newestTrained(db, wish.modelPk, StatusCode.MODEL_TRAINED)
  if (!found) return undefined
  const { base: before, done, program } = JSON.parse(found.training) as TrainingRecord
  const params = JSON.parse(found.head) as { weights?: string; bias?: string }
  if (!done || !before || !params.weights || !params.bias) return undefined
  if (before.versionId !== base.versionId || done.data.dims !== dims) return undefined
  if (done.mutuallyExclusive !== settings.mutuallyExclusive) return undefined
  const weights = floats(Buffer.from(params.weights, 'base64'))
  const bias = floats(Buffer.from(params.bias, 'base64'))
  const factor = done.calibration?.factor ?? 1
  const head = { weights: weights.map((value) => value / factor), bias: bias.map((value) => value / factor) }
  const places = new Map(done.concepts.flatMap(({ id, constant }, at) => (constant ? [] : [[id, at] as const])))
  const from = conceptIds.map((id) => places.get(id) ?? -1)
  if (from.every((at) => at < 0)) return undefined
  const held = found.held && heldHead(found.held, done.concepts.length)
  const isSame =
    program === PROGRAM &&
    JSON.stringify(done.hyper) === JSON.stringify(settings.hyper) &&
    JSON.stringify(done.concepts.map(({ id }) => id)) === JSON.stringify(conceptIds)
  return {
    versionId: found.id,
    whole: placed(head, from, dims),
    ...(held && { held: placed(held, from, dims) }),
    ...(isSame && { same: { hash: done.data.hash, params: params as JsonObject, held: found.held, done } }),
  }
}

/** The rows of a head in another order; -1 for one that it does not have. */
function placed({ weights, bias }: HeadStart, from: readonly number[], dims: number): HeadStart {
  const moved = { weights: new Float32Array(from.length * dims), bias: new Float32Array(from.length) }
  for (const [to, at] of from.entries()) {
    if (at < 0) continue
    moved.weights.set(weights.subarray(at * dims, (at + 1) * dims), to * dims)
    moved.bias[to] = bias[at]!
  }
  return { ...moved, known: Uint8Array.from(from, (at) => (at < 0 ? 0 : 1)) }
}

/** A head as `putTrainingStart` stores it. */
export function heldBytes({ weights, bias }: HeadStart): Uint8Array {
  const whole = new Float32Array(weights.length + bias.length)
  whole.set(weights)
  whole.set(bias, weights.length)
  return new Uint8Array(whole.buffer)
}

function heldHead(bytes: Uint8Array, concepts: number): HeadStart {
  const whole = floats(bytes)
  return { weights: whole.subarray(0, whole.length - concepts), bias: whole.subarray(whole.length - concepts) }
}

/** Bytes may lie anywhere in a larger buffer. */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(Uint8Array.from(bytes).buffer)
