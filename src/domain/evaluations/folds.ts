import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { sigmoid, softmax } from '../../engines/vectors.ts'
import type { ClassifiedChunk } from '../../evaluation/chunk.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { inputs as inputRows } from '../../store/repos/families.ts'
import type { Call } from '../call.ts'
import { baseOfRecord } from '../training/base.ts'
import { datasetVersionOf } from '../training/dataset.ts'
import { embedExamples } from '../training/embed.ts'
import { type Example, gatherExamples } from '../training/examples.ts'
import { trainingKind } from '../training/kinds.ts'
import { trainingRecord } from '../training/record.ts'
import { readSettings } from '../training/settings.ts'
import { labelsOfRows } from '../training/vectors.ts'
import { EXAMPLES_PER_PART, FOLDS } from './limits.ts'
import type { Subject } from './subject.ts'

/** From this value on a label says that the concept is there. */
const PRESENT = 0.5

/** Whether a version was trained here, so that it can be trained again without a part of its examples. */
export async function canCrossValidate(db: Reader, versionPk: number): Promise<boolean> {
  return (await trainingRecord(db, versionPk))?.done !== undefined
}

/** What a cross-validation works on. */
export interface CrossValidation {
  /** In the app of the model. */
  readonly home: Call
  readonly subject: Subject
  /** The examples, where they are others than the version was trained with. */
  readonly datasetVersionPk: number | null
  /** Keeps vectors that had to be computed. */
  readonly keep: (work: (tx: Writer) => Promise<void>) => Promise<void>
}

/**
 * Trains a version again, once for each part of its examples without that part, and has each part predicted by the head
 * that has not seen it (k-fold cross-validation), all with the settings of the version.
 */
export async function crossValidate({ home, subject, datasetVersionPk, keep }: CrossValidation): Promise<{
  readonly chunks: readonly ClassifiedChunk[]
  readonly splits: number
}> {
  const { services, signal } = home
  const { found, concepts } = subject
  const { read } = services.db
  const record = await trainingRecord(read, found.versionRow.pk)
  const kind = trainingKind(found.modelTypeId)
  if (!record?.done || !record.base || !kind) throw new Error('the version was not trained here')
  const base = await baseOfRecord(home, record.base)
  const gathered = await gatherExamples(services, {
    appPk: found.modelRow.app_pk,
    conceptIds: concepts.map(({ id }) => id),
    places: kind.places,
    datasetVersionPk: datasetVersionPk ?? (record.dataset && (await datasetVersionOf(home, record.dataset))),
  })
  const { matrix, dims, rows } = await embedExamples(
    { call: home, base, alwaysCrop: false, keep: (work) => keep(work) },
    gathered.examples,
  )
  const splits = Math.min(FOLDS, rows.length)
  if (splits < 2) {
    throw new AppError(
      StatusCode.MODEL_EVALUATION_NEED_INPUTS,
      `There are ${rows.length} labelled inputs to evaluate with; label at least 2, better ${FOLDS * 10}.`,
    )
  }
  const labels = labelsOfRows(gathered.labels, rows)
  const { mutuallyExclusive, hyper } = readSettings(found.version)
  const task = {
    kind: 'cross-fit',
    parts: splits,
    dims,
    concepts: concepts.length,
    labels,
    mutuallyExclusive,
    hyper,
  } as const
  const { result } = await services.trainer.run(task, matrix, signal)
  const examples = [...rows].map((place) => gathered.examples[place]!)
  const { scores, factor, parts } = result
  const valuesOf = (start: number, end: number): Float32Array => {
    const sums = scores.slice(start, end)
    for (const [at, sum] of sums.entries()) sums[at] = sum * factor
    return squash(sums, mutuallyExclusive ? concepts.length : 0)
  }
  return { chunks: await chunksOf(read, examples, labels, { valuesOf, parts }, concepts.length), splits }
}

/** Sums as the values that a head answers: each by itself, or rows of `exclusive` sums whose values add up to 1. */
function squash(sums: Float64Array, exclusive: number): Float32Array {
  if (exclusive === 0) return Float32Array.from(sums, sigmoid)
  const values = new Float32Array(sums.length)
  for (let row = 0; row < sums.length; row += exclusive) values.set(softmax(sums.subarray(row, row + exclusive)), row)
  return values
}

async function chunksOf(
  read: Reader,
  examples: readonly Example[],
  labels: { readonly rows: Int32Array; readonly concepts: Int32Array; readonly values: Float32Array },
  { valuesOf, parts }: { readonly valuesOf: (start: number, end: number) => Float32Array; readonly parts: Uint8Array },
  width: number,
): Promise<ClassifiedChunk[]> {
  const own: number[][] = examples.map(() => [])
  for (const [at, row] of labels.rows.entries()) {
    const concept = labels.concepts[at]!
    if (labels.values[at]! >= PRESENT && !own[row]!.includes(concept)) own[row]!.push(concept)
  }
  const chunks: ClassifiedChunk[] = []
  for (let start = 0; start < examples.length; start += EXAMPLES_PER_PART) {
    const end = Math.min(examples.length, start + EXAMPLES_PER_PART)
    const part = examples.slice(start, end)
    const inputs = await inputRows.getManyByPk(read, [...new Set(part.map(({ inputPk }) => inputPk))])
    chunks.push({
      ids: part.map(({ inputPk }) => inputs.get(inputPk)?.id ?? ''),
      labels: own.slice(start, end).map((places) => places.sort((a, b) => a - b)),
      splits: [...parts.subarray(start, end)],
      scores: valuesOf(start * width, end * width),
    })
  }
  return chunks
}
