import { listOfVersion, oneEvaluation } from '../../domain/evaluations/list.ts'
import { startEvaluations } from '../../domain/evaluations/post.ts'
import { presentEvaluation, presentSummary } from '../../domain/evaluations/present.ts'
import { versionOf } from '../../domain/evaluations/version.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'
import { evaluationKind } from './evaluations.ts'

type Rpcs = 'PostModelVersionEvaluations' | 'ListModelVersionEvaluations' | 'GetModelVersionEvaluation'

/** The same by the model version, as it was before there were evaluations of apps. */
export const versionEvaluationRpcs: Pick<Registry, Rpcs> = {
  PostModelVersionEvaluations: async (request, call) => {
    const { model } = await versionOf(call, request.modelId, request.modelVersionId)
    const wanted = checkBatch(evaluationKind, request.evalMetrics)
    const rows = await startEvaluations(
      call,
      wanted.map((one) => ({ model, wanted: one })),
    )
    return { evalMetrics: rows.map(presentSummary) }
  },

  ListModelVersionEvaluations: async (request, call) => {
    const { row } = await versionOf(call, request.modelId, request.modelVersionId)
    return { evalMetrics: await listOfVersion(call, row.pk, request) }
  },

  GetModelVersionEvaluation: async (request, call) => {
    const { row } = await versionOf(call, request.modelId, request.modelVersionId)
    const found = await oneEvaluation(call, request.evaluationId, row.pk)
    return { evalMetrics: await presentEvaluation(call, found, request.fields) }
  },
}
