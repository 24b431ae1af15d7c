import { StatusCode } from '../../contract/status-code.ts'
import { EXAMPLE_NUMBERS_MAX, EXCLUSIVE_CELLS_MAX } from '../../training/limits.ts'
import { HEAD_WEIGHTS_MAX } from '../models/limits.ts'
import type { GatheredExamples } from './examples.ts'
import type { TrainingKind } from './kinds.ts'
import { LISTED_IDS_MAX } from './limits.ts'
import { cannotTrain } from './problem.ts'
import type { TrainingRecord } from './record.ts'
import type { TrainingSettings } from './settings.ts'

/** Refuses labels from which nothing can be learned, with what is missing. */
export function checkExamples(
  { examples, labels, conceptIds }: GatheredExamples,
  { mutuallyExclusive, failOnMissingPositives, hyper }: TrainingSettings,
  { dataset }: TrainingRecord,
  { task }: TrainingKind,
): void {
  const where = dataset ? `The version '${dataset.versionId}' of the dataset '${dataset.id}'` : 'The app'
  if (examples.length === 0 && task === 'clusters') {
    throw cannotTrain(`${where} has no processed inputs.`, StatusCode.MODEL_TRAINING_NO_DATA)
  }
  if (task === 'clusters') return
  if (examples.length === 0) {
    throw cannotTrain(
      `${where} has no processed inputs that people have labelled with ${list(conceptIds)}; add concepts to inputs (value 1 where they apply, 0 where they do not) and train again.`,
      StatusCode.MODEL_TRAINING_NO_DATA,
    )
  }
  if (task === 'projection' && conceptIds.length < 2) {
    throw cannotTrain('A projection learns what tells concepts apart; list at least two.')
  }
  const positives = new Int32Array(conceptIds.length)
  const negatives = new Int32Array(conceptIds.length)
  for (const [at, concept] of labels.concepts.entries()) {
    if (labels.values[at]! >= 0.5) positives[concept]!++
    else negatives[concept]!++
  }
  const without = conceptIds.filter((_, at) => positives[at] === 0)
  if (without.length === conceptIds.length) {
    throw cannotTrain(
      `${where} has only negative labels of ${list(conceptIds)}; label inputs that show them with the value 1.`,
    )
  }
  if (failOnMissingPositives && without.length > 0) {
    throw cannotTrain(`There are no inputs labelled with ${list(without)} (value 1), and the version demands some.`)
  }
  if (mutuallyExclusive && conceptIds.length < 2) {
    throw cannotTrain(
      'Concepts that exclude each other need at least two; list another concept or turn concepts_mutually_exclusive off.',
    )
  }
  if (mutuallyExclusive && conceptIds.length - without.length < 2 && negatives.every((count) => count === 0)) {
    throw cannotTrain(
      `All labels say '${conceptIds.find((_, at) => positives[at]! > 0)}'; label inputs with the other concepts too.`,
    )
  }
  if (mutuallyExclusive || task === 'projection') return
  const labelled = new Set(labels.rows).size
  // A positive of one concept stands for a negative of another where that has too few of its own.
  const canTell = conceptIds.some(
    (_, at) =>
      positives[at]! > 0 && (negatives[at]! > 0 || (hyper.assumeNegatives !== false && labelled > positives[at]!)),
  )
  if (canTell) return
  throw cannotTrain(
    `Every labelled input shows ${list(conceptIds.filter((_, at) => positives[at]! > 0))}, so there is nothing to tell it from; label inputs that do not show it with the value 0.`,
  )
}

/** How many examples can be used. */
export interface Usable {
  readonly used: number
  readonly unusable: number
  /** Why the first one cannot. */
  readonly problem?: string | undefined
}

/** Refuses data of which too much is unusable. */
export function checkTrained(
  { used, unusable, problem }: Usable,
  { tolerance }: TrainingSettings,
  baseId: string,
): void {
  const why = problem === undefined ? '' : ` The first problem: ${problem}`
  if (used === 0) {
    throw cannotTrain(
      `None of the ${unusable} examples has a usable vector of the base embedder '${baseId}'; name one that takes such inputs.${why}`,
    )
  }
  const share = unusable / (used + unusable)
  if (share <= tolerance) return
  throw cannotTrain(
    `${unusable} of ${used + unusable} examples cannot be used (no vector of '${baseId}', numbers that are not finite, or inputs that were deleted), more than invalid_data_tolerance_percent ${Number((tolerance * 100).toPrecision(6))} allows.${why}`,
  )
}

/** Refuses trainings that are too large for one machine. */
export function checkSize(rows: number, dims: number, concepts: number, mutuallyExclusive: boolean): void {
  if (rows * dims > EXAMPLE_NUMBERS_MAX) {
    const most = Math.floor(EXAMPLE_NUMBERS_MAX / dims)
    throw cannotTrain(
      `There are ${rows} examples of ${dims} numbers; train on at most ${most}, for instance on a dataset.`,
    )
  }
  if (concepts * dims > HEAD_WEIGHTS_MAX) {
    const most = Math.floor(HEAD_WEIGHTS_MAX / dims)
    throw cannotTrain(
      `There are ${concepts} concepts on vectors of ${dims} numbers; train at most ${most} in one model.`,
    )
  }
  if (mutuallyExclusive && rows * concepts > EXCLUSIVE_CELLS_MAX) {
    throw cannotTrain(
      `${concepts} concepts that exclude each other on ${rows} examples are too many; train without concepts_mutually_exclusive.`,
    )
  }
}

function list(ids: readonly string[]): string {
  const shown = ids.slice(0, LISTED_IDS_MAX).map((id) => `'${id}'`)
  const more = ids.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
