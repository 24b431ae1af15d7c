import { create } from '@bufbuild/protobuf'
import {
  AnnotationSearchMetricsSchema,
  type EvalMetrics,
  EvalMetricsSchema,
  StatusSchema,
} from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Figures } from '../../evaluation/messages.ts'
import { MeasureProcess } from '../../evaluation/process.ts'
import type { Writer } from '../../store/database.ts'
import { annotationSearchMetrics } from '../../store/repos/families.ts'
import { inputsMatchingAfter } from '../../store/repos/search-matches.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import { wishesOf } from '../search/legacy.ts'
import { scopeOf } from '../search/plan-search.ts'
import { type Comparison, compareInputs } from './compare.ts'
import { COMPARED_TOGETHER, PAIRED_CONCEPTS_MAX } from './limits.ts'

interface Args {
  readonly metricsPk: number
  readonly task: Comparison['task']
}

const { MODEL_EVALUATED, MODEL_EVALUATING, MODEL_EVALUATION_FAILED } = StatusCode

/**
 * Compares two searches of annotations over the inputs that the first one finds any in: what it says is true, what the
 * other says of the same inputs is measured. A server that was killed begins anew, as nothing but the result is kept.
 */
export const searchMetricsJob = defineJob<Args>({
  kind: 'compare-searches',
  async run({ args, id, services, signal, log, checkpoint }) {
    const { db, clock, config } = services
    const row = await annotationSearchMetrics.getByPk(db.read, args.metricsPk)
    if (!row || row.status_code === MODEL_EVALUATED) return
    const call = await callInApp(services, row.app_pk, { requestId: id, signal, log })
    if (!call) return
    await checkpoint(async (tx) => {
      await change(tx, row.pk, MODEL_EVALUATING, create(EvalMetricsSchema), clock.now())
      return undefined
    })
    const comparison = await comparisonOf(call, row.doc, args.task)
    const { id: appId } = requireApp(call.target)
    const measure = new MeasureProcess(signal)
    try {
      await measure.begin({
        task: args.task,
        concepts: comparison.concepts.map(({ id, name }) => ({ id, name, appId })),
        splits: 1,
        spoolDir: config.dataDir,
      })
      for (let after = 0; ; ) {
        const pks = await inputsMatchingAfter(db.read, comparison.truth, after, COMPARED_TOGETHER)
        if (pks.length === 0) break
        after = pks.at(-1)!
        await measure.add(await compareInputs(db.read, comparison, pks))
      }
      const figures = await measure.figures()
      const metrics = metricsOf(figures, comparison.concepts.length)
      await checkpoint(async (tx) => {
        await change(tx, row.pk, MODEL_EVALUATED, metrics, clock.now())
        return undefined
      })
    } finally {
      measure.close()
    }
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status === 'succeeded') return
    const known = error && error.code >= StatusCode.MODEL_EVALUATION_TIMED_OUT && error.code <= MODEL_EVALUATION_FAILED
    const details = error?.details ?? 'The comparison was cancelled.'
    const metrics = create(EvalMetricsSchema, { status: create(StatusSchema, { details }) })
    await change(tx, args.metricsPk, known ? error.code : MODEL_EVALUATION_FAILED, metrics, clock.now())
  },
})

async function comparisonOf(call: Call, doc: string, task: Comparison['task']): Promise<Comparison> {
  const { groundTruth, searchToEval, data } = decodeDoc(AnnotationSearchMetricsSchema, doc)
  const scope = (search: typeof groundTruth) => scopeOf(call, wishesOf(search!), 'annotations', search!)
  return { task, truth: await scope(groundTruth), found: await scope(searchToEval), concepts: data?.concepts ?? [] }
}

/** The figures as one message; values for each pair of concepts only where these are few. */
function metricsOf({ summary, fields }: Figures, concepts: number): EvalMetrics {
  const metrics = decodeDoc(EvalMetricsSchema, `{"summary":${summary}}`)
  for (const [name, doc] of Object.entries(fields)) {
    if (name.endsWith('_matrix') && concepts > PAIRED_CONCEPTS_MAX) continue
    for (const [field, value] of Object.entries(decodeDoc(EvalMetricsSchema, doc))) {
      const isThere = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== ''
      if (isThere && !field.startsWith('$')) Object.assign(metrics, { [field]: value })
    }
  }
  return metrics
}

async function change(tx: Writer, pk: number, status_code: number, metrics: EvalMetrics, now: number): Promise<void> {
  const row = await annotationSearchMetrics.getByPk(tx, pk)
  if (!row) return
  const message = decodeDoc(AnnotationSearchMetricsSchema, row.doc)
  message.metrics = metrics
  await annotationSearchMetrics.update(tx, row, { status_code, doc: encodeDoc(message) }, now)
}
