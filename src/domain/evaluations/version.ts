import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type EvalMetrics, EvalMetricsSchema, type FieldsValue } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { listEvaluations } from '../../store/repos/evaluations.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { findModel, findVersion, type ModelAt, newestVersion, placeOf } from '../models/find.ts'
import type { ModelRef } from '../models/resolve.ts'
import { itemStatus } from '../predict/answer.ts'
import { viewerOf } from './list.ts'
import { presentEvaluation } from './present.ts'

/** The model version that a path names, the newest one without an id; throws AppError 21200 or 11101. */
export async function versionOf(
  call: Call,
  modelId: string,
  versionId: string,
): Promise<{ readonly found: ModelAt; readonly row: Row<'model_versions'>; readonly model: ModelRef }> {
  const found = await findModel(call, placeOf(call.target), modelId)
  const row = versionId ? await findVersion(call, found, versionId) : await newestVersion(call, found, 'latest')
  if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The model '${found.row.id}' has no version yet.`)
  const { user, app } = found.place
  return { found, row, model: { modelId: found.row.id, userId: user.id, appId: app.id, versionId: row.id } }
}

/**
 * What the newest evaluation of a version says, of those that belong to what the caller works in: others may have
 * measured the same public model. Without any it says that there is none yet.
 */
export async function metricsOfVersion(
  call: Call,
  versionPk: number,
  fields: FieldsValue | undefined,
): Promise<EvalMetrics> {
  const newest = { sort: 'created_at', descending: true, limit: 1, offset: 0, versionPk } as const
  const [row] = await listEvaluations(call.services.db.read, viewerOf(call), newest)
  if (!row) return create(EvalMetricsSchema, { status: itemStatus(StatusCode.MODEL_NOT_EVALUATED) })
  return presentEvaluation(call, row, fields)
}
