import { requireApp } from '../../domain/access/target.ts'
import { continueState } from '../../domain/predict/state.ts'
import { predictWithWorkflow, readyWorkflow } from '../../domain/predict/workflow.ts'
import type { Registry } from '../define/rpc.ts'

/** Runs a workflow on up to 32 inputs: the main job. */
export const postWorkflowResults: Pick<Registry, 'PostWorkflowResults'> = {
  PostWorkflowResults: async (request, call) => {
    const ready = await readyWorkflow(call, request)
    const state = await continueState(call, requireApp(call.target).pk, request.workflowState)
    const answer = await predictWithWorkflow(call, ready, request.inputs, request.outputConfig?.sampleMs ?? 0)
    return state === undefined ? answer : { ...answer, workflowState: { id: state } }
  },
}
