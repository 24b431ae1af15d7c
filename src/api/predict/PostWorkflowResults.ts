import { WORKFLOW_INPUTS_MAX } from '../../base/limits.ts'
import { requireApp } from '../../domain/access/target.ts'
import { checkInputs } from '../../domain/predict/inputs.ts'
import { continueState } from '../../domain/predict/state.ts'
import { predictWithWorkflow, readyWorkflow } from '../../domain/predict/workflow.ts'
import type { Registry } from '../define/rpc.ts'

/** Runs a workflow on up to 32 inputs: the main job. */
export const postWorkflowResults: Pick<Registry, 'PostWorkflowResults'> = {
  PostWorkflowResults: async (request, call) => {
    checkInputs(request.inputs, WORKFLOW_INPUTS_MAX)
    const ready = await readyWorkflow(call, request)
    const state = await continueState(call, requireApp(call.target).pk, request.workflowState)
    const answer = await predictWithWorkflow(call, ready, request.inputs, request.outputConfig?.sampleMs ?? 0)
    return state === undefined ? answer : { ...answer, workflowState: { id: state } }
  },
}
