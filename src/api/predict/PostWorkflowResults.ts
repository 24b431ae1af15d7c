import { WORKFLOW_INPUTS_MAX } from '../../base/limits.ts'
import { requireApp } from '../../domain/access/target.ts'
import { checkInputs } from '../../domain/predict/inputs.ts'
import { withState } from '../../domain/predict/state.ts'
import { predictWithWorkflow, readyWorkflow } from '../../domain/predict/workflow.ts'
import type { Registry } from '../define/rpc.ts'

/** Runs a workflow on up to 32 inputs: the main job. */
export const postWorkflowResults: Pick<Registry, 'PostWorkflowResults'> = {
  PostWorkflowResults: async (request, call) => {
    checkInputs(request.inputs, WORKFLOW_INPUTS_MAX)
    const ready = await readyWorkflow(call, request)
    const place = { appPk: requireApp(call.target).pk, versionId: ready.workflow.version?.id ?? '' }
    const { answer, workflowState } = await withState(call, place, request.workflowState, (stream) =>
      predictWithWorkflow(call, ready, request.inputs, { sampleMs: request.outputConfig?.sampleMs ?? 0, stream }),
    )
    return { ...answer, workflowState }
  },
}
