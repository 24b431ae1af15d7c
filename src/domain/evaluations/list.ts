import { AppError } from '../../base/errors.ts'
import type { EvalMetrics } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import {
  type EvaluationRow,
  type EvaluationSort,
  type EvaluationViewer,
  findEvaluation,
  listEvaluations,
} from '../../store/repos/evaluations.ts'
import { Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { readPage } from '../resource/paging.ts'
import { FILTER_VALUES_MAX } from './limits.ts'
import { presentSummary } from './present.ts'

type SortCase = NonNullable<RequestOf<'ListEvaluations'>['sortBy']['case']>

const SORTS: Readonly<Record<SortCase, EvaluationSort>> = {
  sortByAppId: 'app_id',
  sortByRocAuc: 'roc_auc',
  sortByF1: 'f1',
  sortByCreatedAt: 'created_at',
  sortByMeanAvgPrecision: 'mean_average_precision',
  sortByPrecision: 'macro_precision',
  sortByRecall: 'macro_recall',
  sortByModelId: 'model_id',
  sortByEvalDatasetId: 'eval_dataset_id',
  sortByTrainDatasetId: 'train_dataset_id',
}

/** Statuses of evaluations that failed. */
const FAILED = { from: StatusCode.MODEL_EVALUATION_TIMED_OUT, to: StatusCode.MODEL_EVALUATION_FAILED } as const

/** Who looks: at the app of the call, else at all apps of its user. */
export function viewerOf({ target, principal }: Call): EvaluationViewer {
  if (target.app) return { appPk: target.app.pk, minVisibility: visibleFrom(target) }
  const user = target.user ?? principal.user
  const own = principal.app === undefined && user?.pk === principal.user?.pk
  return { ...(user && { userPk: user.pk }), minVisibility: own ? 0 : Visible.PUBLIC }
}

/** One page of evaluations with their summaries, the newest first unless another order is asked for. */
export async function listPage(call: Call, request: RequestOf<'ListEvaluations'>): Promise<EvalMetrics[]> {
  const { evalDatasetIds, trainDatasetIds, conceptIds } = request
  for (const values of [evalDatasetIds, trainDatasetIds, conceptIds]) {
    if (values.length > FILTER_VALUES_MAX) {
      throw new AppError(
        StatusCode.CONN_INVALID_REQUEST,
        `A filter has ${values.length} values; use at most ${FILTER_VALUES_MAX}.`,
      )
    }
  }
  const { case: choice, value } = request.sortBy
  const rows = await listEvaluations(call.services.db.read, viewerOf(call), {
    sort: choice && value ? SORTS[choice] : 'created_at',
    descending: !request.sortAscending,
    ...readPage(request),
    modelTypeId: request.modelTypeId,
    evalDatasetIds,
    trainDatasetIds,
    conceptIds,
    ...(!request.showFailedMetrics && { withoutStatuses: FAILED }),
  })
  return rows.map(presentSummary)
}

/** The evaluation with this id that the caller sees; throws AppError 11101. */
export async function oneEvaluation(call: Call, id: string, versionPk?: number): Promise<EvaluationRow> {
  const row = await findEvaluation(call.services.db.read, viewerOf(call), id)
  if (row && (versionPk === undefined || row.model_version_pk === versionPk)) return row
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `There is no evaluation '${id}' here, or it is not visible to this key.`,
  )
}

/** One page of the evaluations of one model version that belong to what the caller sees, the newest first. */
export async function listOfVersion(
  call: Call,
  versionPk: number,
  request: RequestOf<'ListModelVersionEvaluations'>,
): Promise<EvalMetrics[]> {
  const rows = await listEvaluations(call.services.db.read, viewerOf(call), {
    sort: 'created_at',
    descending: true,
    ...readPage(request),
    versionPk,
  })
  return rows.map(presentSummary)
}
