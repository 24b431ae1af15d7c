import { AppError } from '../../base/errors.ts'
import type { Writer } from '../../store/database.ts'
import { originalsOfInputs } from '../../store/repos/input-media.ts'
import { keepTrainingVectors, trainingVectors } from '../../store/repos/model-trainings.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { InputResult } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { storedInput } from '../inputs/stored-input.ts'
import type { FoundModel } from '../models/resolve.ts'
import { runInputs } from '../predict/run.ts'
import { cropPlan, runCrops } from './crops.ts'
import type { Example } from './examples.ts'
import { EMBEDDED_TOGETHER } from './limits.ts'
import { framesAt, type Moment, momentKey } from './moments.ts'
import { embedderPlan } from './plans.ts'
import { type ExampleVectors, storedVectors } from './vectors.ts'

/** How vectors are come by. */
export interface EmbedContext {
  readonly call: Call
  readonly base: FoundModel
  /** Boxes are always cut out and embedded, also where the app's workflow has a vector of the region. */
  readonly alwaysCrop: boolean
  /** Keeps what was computed, so that it is not computed again after an interruption or for the next training. */
  readonly keep: (work: (tx: Writer) => Promise<void>, computed: number) => Promise<void>
}

/** Vectors of examples, with how many had to be computed. */
export interface Embedded extends ExampleVectors {
  readonly computed: number
  /** Why the first example that could not be embedded could not. */
  readonly problem?: string
}

/**
 * The vectors of examples: those that the app's workflow has stored, those that an earlier training has kept, and for
 * the rest new ones, which the embedder makes of the hosted media.
 */
export async function embedExamples(context: EmbedContext, examples: readonly Example[]): Promise<Embedded> {
  const { read } = context.call.services.db
  const versionPk = context.base.versionRow.pk
  const wanted = examples.filter(({ box, moment }) => !moment && !(context.alwaysCrop && box))
  const { services, target } = context.call
  const wish = { appPk: target.app!.pk, modelVersionPk: versionPk, examples: wanted }
  const stored = await storedVectors(read, services.shelf, wish)
  if (stored.rows.length === examples.length) return { ...stored, computed: 0 }
  const found = new Map<Example, Float32Array>()
  for (const [row, place] of stored.rows.entries()) {
    found.set(wanted[place]!, stored.matrix.subarray(row * stored.dims, (row + 1) * stored.dims))
  }
  await addKept(context, examples, found)
  const missing = examples.filter((example) => !found.has(example) && (example.regionId === '' || example.box))
  const { computed, problem } = await addComputed(context, missing, found)
  return { ...together(examples, found), computed, ...(problem !== undefined && { problem }) }
}

/** Names what is embedded of an input: all of it, a box to a hundred-thousandth of the picture, or a moment. */
function partOf({ box, moment }: Example): string {
  if (moment) return momentKey(moment)
  return box ? [box.top, box.left, box.bottom, box.right].map((edge) => edge.toFixed(5)).join(' ') : ''
}

const keyOf = (example: Example): string => `${example.inputPk} ${partOf(example)}`

async function addKept(
  { call, base }: EmbedContext,
  examples: readonly Example[],
  found: Map<Example, Float32Array>,
): Promise<void> {
  // A region without a place can be cut out of nothing.
  const missing = examples.filter((example) => !found.has(example) && (example.regionId === '' || example.box))
  const pks = [...new Set(missing.map(({ inputPk }) => inputPk))]
  const rows = await trainingVectors(call.services.db.read, base.versionRow.pk, pks)
  const kept = new Map(rows.map((row) => [`${row.input_pk} ${row.part}`, row.vector]))
  for (const example of missing) {
    const bytes = kept.get(keyOf(example))
    if (bytes) found.set(example, new Float32Array(Uint8Array.from(bytes).buffer))
  }
}

async function addComputed(
  context: EmbedContext,
  missing: readonly Example[],
  found: Map<Example, Float32Array>,
): Promise<{ computed: number; problem: string | undefined }> {
  const { call, base } = context
  const byInput = [...Map.groupBy(missing, ({ inputPk }) => inputPk)]
  let computed = 0
  let problem: string | undefined
  for (let start = 0; start < byInput.length; start += EMBEDDED_TOGETHER) {
    call.signal.throwIfAborted()
    const part = byInput.slice(start, start + EMBEDDED_TOGETHER)
    const made = await embedInputs(context, part)
    const rows: Row<'training_vectors'>[] = []
    for (const { example, vector, details } of made) {
      if (!vector) problem ??= details
      else {
        found.set(example, vector)
        const { inputPk: input_pk } = example
        const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength)
        rows.push({ input_pk, model_version_pk: base.versionRow.pk, part: partOf(example), vector: bytes })
      }
    }
    // Two regions with one box are one vector.
    const distinct = [...new Map(rows.map((row) => [`${row.input_pk} ${row.part}`, row])).values()]
    computed += rows.length
    await context.keep((tx) => keepTrainingVectors(tx, distinct), computed)
  }
  return { computed, problem }
}

interface Made {
  readonly example: Example
  readonly vector?: Float32Array
  readonly details?: string
}

async function embedInputs(
  { call, base }: EmbedContext,
  part: readonly (readonly [number, readonly Example[]])[],
): Promise<Made[]> {
  const { read } = call.services.db
  const originals = await originalsOfInputs(
    read,
    part.map(([pk]) => pk),
  )
  const wholes = part
    .map(([pk, examples]) => ({ pk, examples: examples.filter(({ box }) => !box) }))
    .filter(({ examples }) => examples.length > 0)
  const made: Made[] = []
  if (wholes.length > 0) {
    const inputs = await Promise.all(wholes.map(({ pk }) => storedInput(call.services.blobs, originals.get(pk) ?? [])))
    const ran = await runInputs(call, embedderPlan(base), inputs)
    for (const [at, { examples }] of wholes.entries()) {
      const one = ran[at]!
      for (const example of examples) {
        const found = 'error' in one ? { details: one.error.details } : vectorOf(one.result, example.moment)
        made.push({ example, ...found })
      }
    }
  }
  const boxed = part
    .map(([pk, examples]) => ({ pk, examples: examples.filter(({ box }) => box) }))
    .filter(({ examples }) => examples.length > 0)
  if (boxed.length === 0) return made
  const plan = cropPlan(base)
  for (const { pk, examples } of boxed) {
    const input = await storedInput(call.services.blobs, originals.get(pk) ?? [])
    try {
      const vectors = await runCrops(
        call,
        plan,
        input,
        examples.map(({ box }) => box!),
      )
      for (const [at, example] of examples.entries()) {
        const vector = vectors[at]
        made.push(vector ? { example, vector } : { example, details: 'A region could not be cut out.' })
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      for (const example of examples) made.push({ example, details: error.details })
    }
  }
  return made
}

/** The vector that an embedder has answered; of the frames of a video, or of a moment of it, the mean. */
function vectorOf({ nodes }: InputResult, moment: Moment | undefined): { vector?: Float32Array; details?: string } {
  const result = nodes.find((node) => node !== undefined)
  const data = result?.data
  const frames = moment ? framesAt(data?.frames ?? [], moment) : (data?.frames ?? [])
  const vectors = [moment ? undefined : data, ...frames.map((frame) => frame.data)].flatMap(
    (part) => part?.embeddings.map(({ vector }) => vector) ?? [],
  )
  const [first] = vectors
  if (!first) return { details: result?.details || 'The embedder gave no vector.' }
  const mean = new Float32Array(first.length)
  for (const vector of vectors) {
    for (let at = 0; at < mean.length; at++) mean[at]! += vector[at]! / vectors.length
  }
  return { vector: mean }
}

/** One matrix of all examples that have a vector, with vectors of the most frequent length. */
function together(examples: readonly Example[], found: ReadonlyMap<Example, Float32Array>): ExampleVectors {
  const lengths = new Map<number, number>()
  for (const { length } of found.values()) lengths.set(length, (lengths.get(length) ?? 0) + 1)
  const [dims = 0] = [...lengths].sort(([, a], [, b]) => b - a)[0] ?? []
  const rows = [...examples.keys()].filter((at) => found.get(examples[at]!)?.length === dims)
  const matrix = new Float32Array(rows.length * dims)
  for (const [row, place] of rows.entries()) matrix.set(found.get(examples[place]!)!, row * dims)
  return { matrix, dims, rows: Int32Array.from(rows) }
}
