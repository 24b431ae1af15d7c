import { create, type JsonObject } from '@bufbuild/protobuf'
import { type EvalInfo, EvalMetricsSchema, ModelSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import type { ModelAt } from '../models/find.ts'
import { checkGroundTruth, startEvaluations } from './post.ts'
import { taskOf } from './subject.ts'

/** What a new version of a model is evaluated by once it is trained. */
export type AfterTraining = JsonObject | undefined

/**
 * What a caller and the model want of an evaluation after training; undefined for none. Throws AppError 11101 for a
 * dataset that is not there, before anything is made.
 */
export async function afterTraining(call: Call, { row }: ModelAt, given: EvalInfo | undefined): Promise<AfterTraining> {
  const params = { ...decodeDoc(ModelSchema, row.doc).defaultEvalInfo?.params, ...given?.params }
  if (params.evaluate_after_training !== true || taskOf(row.model_type_id) === undefined) return undefined
  await checkGroundTruth(call, params)
  return params
}

/** Has a version evaluated as soon as it is trained. */
export async function evaluateAfter(
  call: Call,
  { row, place }: ModelAt,
  version: Row<'model_versions'>,
  params: AfterTraining,
): Promise<void> {
  if (!params) return
  const model = { modelId: row.id, userId: place.user.id, appId: place.app.id, versionId: version.id }
  await startEvaluations(call, [
    { model, wanted: create(EvalMetricsSchema, { evalInfo: { params } }), afterTraining: true },
  ])
}
