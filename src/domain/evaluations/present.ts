import { create } from '@bufbuild/protobuf'
import {
  DatasetSchema,
  DatasetVersionSchema,
  type EvalMetrics,
  EvalMetricsSchema,
  type FieldsValue,
  ModelSchema,
  ModelVersionSchema,
} from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type EvaluationRow, evaluationResults } from '../../store/repos/evaluations.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'
import { testSetOf } from './test-set.ts'

/** An evaluation with its summary, as lists show it. */
export function presentSummary(row: EvaluationRow): EvalMetrics {
  const metrics = decodeDoc(EvalMetricsSchema, row.doc)
  metrics.id = row.id
  metrics.userId = row.user_id
  metrics.appId = row.own_app_id
  metrics.status = itemStatus(row.status_code as StatusCode, row.status_details)
  metrics.model = create(ModelSchema, {
    id: row.model_id,
    userId: row.model_user_id,
    appId: row.model_app_id,
    modelTypeId: row.model_type_id,
    modelVersion: create(ModelVersionSchema, {
      id: row.version_id,
      userId: row.model_user_id,
      appId: row.model_app_id,
    }),
  })
  if (row.dataset_id !== null) {
    const place = { userId: row.dataset_user_id ?? '', appId: row.dataset_app_id ?? '' }
    metrics.groundTruthDataset = create(DatasetSchema, {
      id: row.dataset_id,
      ...place,
      version: create(DatasetVersionSchema, {
        id: row.dataset_version_id ?? '',
        datasetId: row.dataset_id,
        ...place,
      }),
    })
  }
  return metrics
}

/** The large fields that a caller wants, by their names in the contract. */
const FIELDS = {
  confusionMatrix: 'confusion_matrix',
  cooccurrenceMatrix: 'cooccurrence_matrix',
  labelCounts: 'label_counts',
  binaryMetrics: 'binary_metrics',
  metricsByArea: 'metrics_by_area',
  metricsByClass: 'metrics_by_class',
} as const

/** An evaluation with its summary and the large fields that are asked for. */
export async function presentEvaluation(
  call: Call,
  row: EvaluationRow,
  fields: FieldsValue | undefined,
): Promise<EvalMetrics> {
  const metrics = presentSummary(row)
  if (row.status_code !== StatusCode.MODEL_EVALUATED) return metrics
  const wanted = Object.entries(FIELDS).flatMap(([name, field]) =>
    fields?.[name as keyof typeof FIELDS] ? [field] : [],
  )
  // No switch names the figures of tracks; they are small.
  const docs = await evaluationResults(call.services.db.read, row.pk, [...wanted, 'tracker_metrics'])
  for (const doc of docs) {
    const part = decodeDoc(EvalMetricsSchema, doc)
    for (const [name, value] of Object.entries(part)) {
      const isThere = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== ''
      if (isThere && !name.startsWith('$')) Object.assign(metrics, { [name]: value })
    }
  }
  if (fields?.testSet) metrics.testSet = await testSetOf(call, row)
  return metrics
}
