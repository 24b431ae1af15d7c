import { StatusCode } from '../../contract/status-code.ts'
import { listPage, oneEvaluation } from '../../domain/evaluations/list.ts'
import { startEvaluations } from '../../domain/evaluations/post.ts'
import { presentEvaluation, presentSummary } from '../../domain/evaluations/present.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostEvaluations' | 'ListEvaluations' | 'GetEvaluation'

/** How requests for evaluations are refused. */
export const evaluationKind = { kind: 'evaluation', codes: { invalid: StatusCode.MODEL_INVALID_ARGUMENT } }

/** Evaluations of an app, whichever models they are of. */
export const evaluationRpcs: Pick<Registry, Rpcs> = {
  PostEvaluations: async (request, call) => {
    const orders = checkBatch(evaluationKind, request.evalMetrics).map((wanted) => {
      const { id = '', userId, appId, modelVersion } = wanted.model ?? {}
      return { model: { modelId: id, userId, appId, versionId: modelVersion?.id }, wanted }
    })
    return { evalMetrics: (await startEvaluations(call, orders)).map(presentSummary) }
  },

  ListEvaluations: async (request, call) => ({ evalMetrics: await listPage(call, request) }),

  GetEvaluation: async (request, call) => {
    const row = await oneEvaluation(call, request.evaluationId)
    return { evalMetrics: await presentEvaluation(call, row, request.fields) }
  },
}
