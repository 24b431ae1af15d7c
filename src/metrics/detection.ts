import { mean } from './classification.ts'
import { f1Of, share, THRESHOLDS, ThresholdCounts, USUAL_THRESHOLD } from './curves.ts'
import { DETECTIONS_PER_PICTURE_MAX, RUN_RECORDS_MAX, RUN_RECORDS_MIN, SORT_BYTES_MAX } from './limits.ts'
import { AREAS, type FoundBox, IOU_THRESHOLDS, matchBoxes, type TrueBox } from './matching.ts'
import { SortedRecords } from './sorted-records.ts'
import type { Spool } from './spool.ts'

/** How well boxes of one concept were found, in one range of areas at one overlap threshold. */
export interface FoundMetrics {
  readonly area: (typeof AREAS)[number]
  readonly iou: number
  /** True boxes that count. */
  readonly truths: number
  /** Area under the curve of precision over recall at 101 recalls, as COCO has it; undefined without true boxes. */
  readonly averagePrecision: number | undefined
  /** The three at the usual score threshold. */
  readonly precision: number
  readonly recall: number
  readonly f1: number
}

/** The curve of a concept over score thresholds, from 0 to 1, for all areas at the lowest overlap. */
export interface FoundCurve {
  readonly precision: readonly number[]
  readonly recall: readonly number[]
}

/** What is known of a detector once all pictures were seen. */
export interface DetectionResult {
  readonly pictures: number
  /** By concept, then area, then overlap. */
  readonly concepts: readonly (readonly (readonly FoundMetrics[])[])[]
  readonly curves: readonly FoundCurve[]
  /** Means over the concepts that have true boxes, by area, then overlap. */
  readonly areas: readonly (readonly FoundMetrics[])[]
  readonly meanAveragePrecision50: number
  /** Mean over the overlaps 0.5 to 0.95. */
  readonly meanAveragePrecision: number
}

const RECORD_BYTES = 4 * (1 + AREAS.length)

class ConceptBoxes {
  readonly records: SortedRecords
  readonly thresholds = new ThresholdCounts()
  readonly truths = AREAS.map(() => 0)

  constructor(runMax: number, spool: Spool) {
    this.records = new SortedRecords(AREAS.length, runMax, spool)
  }
}

/** Takes pictures one after the other, with true and found boxes; memory grows only with the concepts. */
export class Detection {
  readonly #concepts: readonly ConceptBoxes[]
  #pictures = 0

  constructor(concepts: number, spool: Spool) {
    const share = Math.floor(SORT_BYTES_MAX / RECORD_BYTES / Math.max(1, concepts))
    const runMax = Math.max(RUN_RECORDS_MIN, Math.min(RUN_RECORDS_MAX, share))
    this.#concepts = Array.from({ length: concepts }, () => new ConceptBoxes(runMax, spool))
  }

  /**
   * Takes a picture, its boxes in pixels; when its size is not known (`sized` false) they may be in any unit. Throws
   * RangeError when an edge or score is no number, before anything is counted.
   */
  add(truths: readonly TrueBox[], found: readonly FoundBox[], sized = true): void {
    for (const { top, left, bottom, right } of [...truths, ...found]) {
      if (!Number.isFinite(top + left + bottom + right)) throw new RangeError('an edge of a box is no number')
    }
    if (found.some(({ score }) => !Number.isFinite(score))) throw new RangeError('the score of a box is no number')
    this.#pictures++
    for (const concept of new Set([...truths, ...found].map((box) => box.concept))) {
      const boxes = this.#concepts[concept]
      if (!boxes) continue
      const its = (box: TrueBox): boolean => box.concept === concept
      const matched = matchBoxes(truths.filter(its), found.filter(its), DETECTIONS_PER_PICTURE_MAX, sized)
      for (const [at, count] of matched.truths.entries()) boxes.truths[at]! += count
      for (const { score, flags } of matched.found) {
        boxes.records.add(score, flags[0]!, flags[1], flags[2], flags[3])
        boxes.thresholds.add(score, (flags[0]! & 1) === 1)
      }
    }
  }

  /** What the pictures so far say. */
  result(): DetectionResult {
    const concepts = this.#concepts.map((boxes) => measure(boxes))
    const areas = AREAS.map((area, at) =>
      IOU_THRESHOLDS.map((iou, step): FoundMetrics => {
        const tested = concepts.map((ranges) => ranges[at]![step]!).filter(({ truths }) => truths > 0)
        return {
          area,
          iou,
          truths: tested.reduce((sum, { truths }) => sum + truths, 0),
          averagePrecision: tested.length === 0 ? undefined : mean(tested.flatMap((one) => one.averagePrecision ?? [])),
          precision: mean(tested.map(({ precision }) => precision)),
          recall: mean(tested.map(({ recall }) => recall)),
          f1: mean(tested.map(({ f1 }) => f1)),
        }
      }),
    )
    return {
      pictures: this.#pictures,
      concepts,
      curves: this.#concepts.map(({ thresholds, truths }) => curveOf(thresholds, truths[0]!)),
      areas,
      meanAveragePrecision50: areas[0]![0]!.averagePrecision ?? 0,
      meanAveragePrecision: mean(areas[0]!.flatMap(({ averagePrecision }) => averagePrecision ?? [])),
    }
  }
}

/** Counts of one range of areas and one overlap while records go by. */
interface Tally {
  hits: number
  misses: number
  usualHits: number
  usualMisses: number
  /** Highest precision at each recall or above it, once summed up. */
  readonly precision: Float64Array
}

function measure({ records, truths }: ConceptBoxes): FoundMetrics[][] {
  const tallies = AREAS.map(() =>
    IOU_THRESHOLDS.map((): Tally => {
      return { hits: 0, misses: 0, usualHits: 0, usualMisses: 0, precision: new Float64Array(THRESHOLDS) }
    }),
  )
  records.descending((score, words, from) => {
    for (let at = 0; at < AREAS.length; at++) {
      const flags = words[from + at]!
      for (let step = 0; step < IOU_THRESHOLDS.length; step++) {
        if ((flags >>> (step + IOU_THRESHOLDS.length)) & 1) continue
        count(tallies[at]![step]!, ((flags >>> step) & 1) === 1, score, truths[at]!)
      }
    }
  })
  return AREAS.map((area, at) =>
    IOU_THRESHOLDS.map((iou, step) => {
      const tally = tallies[at]![step]!
      const precision = share(tally.usualHits, tally.usualHits + tally.usualMisses)
      const recall = share(tally.usualHits, truths[at]!)
      const averagePrecision = truths[at] === 0 ? undefined : averageOf(tally.precision)
      return { area, iou, truths: truths[at]!, averagePrecision, precision, recall, f1: f1Of(precision, recall) }
    }),
  )
}

function count(tally: Tally, hit: boolean, score: number, truths: number): void {
  if (hit) tally.hits++
  else tally.misses++
  if (score >= USUAL_THRESHOLD) {
    if (hit) tally.usualHits++
    else tally.usualMisses++
  }
  if (truths === 0) return
  const precision = tally.hits / (tally.hits + tally.misses)
  const recall = tally.hits / truths
  let at = Math.min(THRESHOLDS - 1, Math.floor(recall * 100) + 1)
  while (at * 0.01 > recall) at--
  if (precision > tally.precision[at]!) tally.precision[at] = precision
}

/** The mean of the curve, which at each recall is as high as anywhere behind it. */
function averageOf(precision: Float64Array): number {
  let [highest, sum] = [0, 0]
  for (let at = precision.length - 1; at >= 0; at--) {
    highest = Math.max(highest, precision[at]!)
    sum += highest
  }
  return sum / precision.length
}

/** Over score thresholds; the counts know nothing of boxes that were not found, so recall is scaled to all true ones. */
function curveOf(thresholds: ThresholdCounts, truths: number): FoundCurve {
  const { precision, recall } = thresholds.curves()
  const hits = thresholds.positives
  return { precision, recall: recall.map((value) => share(value * hits, truths)) }
}
