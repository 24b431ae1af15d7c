import { WorkflowVersionEvaluationDataSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { requireApp } from '../../domain/access/target.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { presentEvaluations } from '../../domain/workflow-evaluations/present.ts'
import { templates } from '../../domain/workflow-evaluations/templates.ts'
import {
  findEvaluation,
  patchEvaluations,
  putSampleResults,
  startEvaluations,
  versionPkOf,
} from '../../domain/workflow-evaluations/write.ts'
import { workflowEvaluations } from '../../store/repos/families.ts'
import { evaluationData } from '../../store/repos/workflow-evaluations.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListWorkflowEvaluationTemplates'
  | 'PostWorkflowVersionEvaluations'
  | 'PatchWorkflowVersionEvaluations'
  | 'GetWorkflowVersionEvaluation'
  | 'ListWorkflowVersionEvaluations'
  | 'ListWorkflowVersionEvaluationData'
  | 'PostWorkflowVersionEvaluationData'

const kind = { kind: 'workflow version evaluation', codes: { invalid: StatusCode.EVALUATION_INVALID_ARGUMENT } }
const datumKind = { ...kind, kind: 'workflow version evaluation data' }

/** Evaluations of nodes of workflow versions. */
export const workflowEvaluationFamily: Pick<Registry, Rpcs> = {
  ListWorkflowEvaluationTemplates: () => ({ workflowVersionEvaluationTemplates: [...templates] }),

  PostWorkflowVersionEvaluations: async (request, call) => {
    const wanted = checkBatch(kind, request.workflowVersionEvaluations)
    const rows = await startEvaluations(call, request.workflowId, request.workflowVersionId, wanted)
    return { workflowVersionEvaluations: await presentEvaluations(call, rows) }
  },

  PatchWorkflowVersionEvaluations: async (request, call) => {
    const patches = checkBatch(kind, request.workflowVersionEvaluations)
    const rows = await patchEvaluations(call, request, patches, request.action)
    return { workflowVersionEvaluations: await presentEvaluations(call, rows) }
  },

  GetWorkflowVersionEvaluation: async (request, call) => {
    const row = await findEvaluation(call, request, request.workflowVersionEvaluationId)
    const [workflowVersionEvaluation] = await presentEvaluations(call, [row])
    return { workflowVersionEvaluation }
  },

  ListWorkflowVersionEvaluations: async (request, call) => {
    const versionPk = await versionPkOf(call, request)
    const rows = await workflowEvaluations.list(call.services.db.read, {
      parent: requireApp(call.target).pk,
      ...(versionPk !== undefined && { where: (row) => row('workflow_version_pk', '=', versionPk) }),
      orderBy: { column: 'created_at', direction: 'desc' },
      ...readPage(request),
    })
    return { workflowVersionEvaluations: await presentEvaluations(call, rows) }
  },

  ListWorkflowVersionEvaluationData: async (request, call) => {
    const row = await findEvaluation(call, request, request.workflowVersionEvaluationId)
    const rows = await evaluationData(call.services.db.read, row.pk, readPage(request))
    const workflowVersionEvaluationData = rows.map(({ id, doc }) => {
      const datum = decodeDoc(WorkflowVersionEvaluationDataSchema, doc)
      datum.id = id
      return datum
    })
    return { workflowVersionEvaluationData }
  },

  PostWorkflowVersionEvaluationData: async (request, call) => {
    const row = await findEvaluation(call, request, request.workflowVersionEvaluationId)
    const given = checkBatch(datumKind, request.workflowVersionEvaluationData)
    return { workflowVersionEvaluationData: await putSampleResults(call, row, given) }
  },
}
