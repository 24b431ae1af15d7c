import { create, type DescMessage, type MessageInitShape } from '@bufbuild/protobuf'
import {
  BinaryMetricsSchema,
  type Concept,
  ConceptSchema,
  ConfusionMatrixEntrySchema,
  EvalMetricsSchema,
  LabelCountSchema,
  type MetricsSummary,
  MetricsSummarySchema,
} from '../contract/index.ts'
import { encodeDoc } from '../contract/json/index.ts'
import type { ClassificationResult } from '../metrics/classification.ts'
import { thresholdsUp } from '../metrics/curves.ts'
import type { DetectionResult, FoundMetrics } from '../metrics/detection.ts'
import type { TrackingResult } from '../metrics/tracking.ts'

/** A concept as figures name it. */
export interface NamedConcept {
  readonly id: string
  readonly name: string
  readonly appId: string
}

/** Figures as they are stored: the summary, and each large field of EvalMetrics as a document of its own. */
export interface Figures {
  /** The MetricsSummary as a document. */
  readonly summary: string
  /** Figures that lists are sorted by. */
  readonly sorted: {
    readonly rocAuc?: number
    readonly f1?: number
    readonly precision?: number
    readonly recall?: number
    readonly meanAveragePrecision?: number
  }
  readonly fields: Readonly<Record<string, string>>
}

const conceptOf = ({ id, name, appId }: NamedConcept, value = 0): Concept =>
  create(ConceptSchema, { id, name, appId, value })

const field = (init: MessageInitShape<typeof EvalMetricsSchema>): string => encodeDoc(create(EvalMetricsSchema, init))
const many = <D extends DescMessage>(schema: D, items: readonly MessageInitShape<D>[]) =>
  items.map((item) => create(schema, item))

const summaryDoc = (summary: MessageInitShape<typeof MetricsSummarySchema>): string =>
  encodeDoc(create(MetricsSummarySchema, summary) as MetricsSummary)

/** The figures of a classifier. */
export function classificationFigures(result: ClassificationResult, concepts: readonly NamedConcept[]): Figures {
  const { summary, matrices } = result
  const { rocAuc, f1, precision, recall } = summary
  const order = matrices.byStrength()
  const conceptIds = order.map((at) => concepts[at]!.id)
  const pairs = order.flatMap((row) => order.map((column) => [row, column] as const))
  const named = concepts.map((concept) => conceptOf(concept))
  const actual = concepts.map((concept) => conceptOf(concept, 1))
  return {
    summary: summaryDoc({
      macroAvgRocAuc: rocAuc,
      macroStdRocAuc: summary.rocAucDeviation,
      macroAvgF1Score: f1,
      macroStdF1Score: summary.f1Deviation,
      macroAvgPrecision: precision,
      macroAvgRecall: recall,
    }),
    sorted: { rocAuc, f1, precision, recall },
    fields: {
      confusion_matrix: field({
        confusionMatrix: {
          conceptIds,
          matrix: many(
            ConfusionMatrixEntrySchema,
            pairs.map(([row, column]) => ({
              actual: concepts[row]!.id,
              predicted: concepts[column]!.id,
              value: matrices.confusion(row, column),
              actualConcept: actual[row]!,
              predictedConcept: named[column]!,
            })),
          ),
        },
      }),
      cooccurrence_matrix: field({
        cooccurrenceMatrix: {
          conceptIds,
          matrix: pairs.flatMap(([row, column]) => {
            const count = matrices.cooccurrence(row, column)
            return count === 0 ? [] : [{ row: concepts[row]!.id, col: concepts[column]!.id, count }]
          }),
        },
      }),
      label_counts: labelCounts(concepts, [...matrices.counts]),
      binary_metrics: field({
        binaryMetrics: many(
          BinaryMetricsSchema,
          result.concepts.map((concept, at) => ({
            ...counts(concept.positives, concept.negatives),
            rocAuc: concept.rocAuc ?? 0,
            f1: concept.f1,
            avgPrecision: concept.averagePrecision ?? 0,
            concept: named[at]!,
            rocCurve: {
              fpr: [...concept.curves.fpr],
              tpr: [...concept.curves.tpr],
              thresholds: thresholdsUp().reverse(),
            },
            precisionRecallCurve: {
              recall: [...concept.curves.recall],
              precision: [...concept.curves.precision],
              thresholds: thresholdsUp(),
            },
          })),
        ),
      }),
    },
  }
}

/** Averages over folds need not be whole. */
function counts(positives: number, negatives: number): { numPos: number; numNeg: number; numTot: number } {
  const [numPos, numNeg] = [Math.round(positives), Math.round(negatives)]
  return { numPos, numNeg, numTot: numPos + numNeg }
}

const labelCounts = (concepts: readonly NamedConcept[], numbers: readonly number[]): string =>
  field({
    labelCounts: {
      positiveLabelCounts: many(
        LabelCountSchema,
        numbers.map((count, at) => ({ conceptName: concepts[at]!.name, count, concept: conceptOf(concepts[at]!) })),
      ),
    },
  })

/** The figures of a detector. */
export function detectionFigures(
  result: DetectionResult,
  concepts: readonly NamedConcept[],
  tracks: readonly { readonly concept: number; readonly result: TrackingResult }[] = [],
): Figures {
  const { meanAveragePrecision50, meanAveragePrecision, areas, curves } = result
  const { precision, recall, f1 } = areas[0]![0]!
  const named = concepts.map((concept) => conceptOf(concept))
  return {
    summary: summaryDoc({
      macroAvgF1Score: f1,
      macroAvgPrecision: precision,
      macroAvgRecall: recall,
      meanAvgPrecisionIou50: meanAveragePrecision50,
      meanAvgPrecisionIouRange: meanAveragePrecision,
    }),
    sorted: { f1, precision, recall, meanAveragePrecision: meanAveragePrecision50 },
    fields: {
      label_counts: labelCounts(
        concepts,
        result.concepts.map((ranges) => ranges[0]![0]!.truths),
      ),
      ...(tracks.length > 0 && {
        tracker_metrics: field({
          trackerMetrics: tracks.map(({ concept, result: of }) => ({
            motMota: of.mota,
            motNumSwitches: of.switches,
            morseFrag: of.switchedShareAnew,
            avgPrecision: of.averagePrecision,
            aiid: concepts[concept]!.id,
            uniqueSwitchRate: of.switchedShare,
          })),
        }),
      }),
      metrics_by_area: field({ metricsByArea: many(BinaryMetricsSchema, areas.flat().map(boxMetrics)) }),
      metrics_by_class: field({
        metricsByClass: result.concepts.flatMap((ranges, at) =>
          many(
            BinaryMetricsSchema,
            ranges[0]!.map((metrics, step) => ({
              ...boxMetrics(metrics),
              concept: named[at]!,
              // The curve is of the lowest overlap.
              ...(step === 0 && {
                precisionRecallCurve: {
                  recall: [...curves[at]!.recall],
                  precision: [...curves[at]!.precision],
                  thresholds: thresholdsUp(),
                },
              }),
            })),
          ),
        ),
      }),
    },
  }
}

const boxMetrics = ({ area, iou, truths, averagePrecision, f1 }: FoundMetrics) => ({
  numPos: truths,
  numTot: truths,
  f1,
  avgPrecision: averagePrecision ?? 0,
  areaName: area.name,
  areaMin: area.min,
  areaMax: area.max,
  iou,
})
