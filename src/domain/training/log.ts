import type { TrainingRecord } from './record.ts'

/** What people read of a training, one fact a line. */
export function trainingLog({ program, base, dataset, done }: TrainingRecord): string {
  if (!done) return ''
  const { data, concepts, calibration, milliseconds } = done
  const lines = [
    `${program}, seed ${done.hyper.seed ?? 0}`,
    `base embedder ${base!.userId}/${base!.appId}/${base!.modelId}, version ${base!.versionId}`,
    dataset ? `dataset ${dataset.id}, version ${dataset.versionId}` : 'all that people have labelled in the app',
    `${data.examples} examples of ${data.inputs} inputs, ${data.dims} numbers each, sha256 ${data.hash}`,
    `${data.unusable} examples could not be used, ${data.contradictions} pairs of example and concept have contradictory labels`,
    ...concepts.map(
      ({ id, positives, negatives, assumed, constant }) =>
        `${id}: ${positives} positive, ${negatives} negative (${assumed} of them assumed)${constant ? ', nothing to tell apart' : ''}`,
    ),
    ...(done.start
      ? [
          done.start.unchanged
            ? `nothing has changed since version ${done.start.versionId}, whose head is taken over`
            : `begun with the head of version ${done.start.versionId}`,
        ]
      : []),
    ...(done.loss === undefined
      ? []
      : [`${done.mutuallyExclusive ? 'softmax' : 'logistic'} loss ${done.loss.toFixed(6)} after ${done.steps} steps`]),
    ...(done.clusters
      ? [
          `${done.clusters.counts.length} clusters of ${done.clusters.counts.join(', ')}, spread ${done.clusters.spread.toFixed(6)}`,
        ]
      : []),
    ...(done.loss === undefined
      ? []
      : [
          calibration
            ? `calibrated on ${calibration.examples} held-out examples: scores times ${calibration.factor.toFixed(3)}, loss ${calibration.lossBefore.toFixed(4)} to ${calibration.lossAfter.toFixed(4)}`
            : 'not calibrated',
        ]),
    `${milliseconds.gathering} ms for the examples, ${milliseconds.training} ms for the training`,
  ]
  return lines.join('\n')
}
