import { similarityOf } from '../../domain/predict/similarity.ts'
import { readyWorkflow } from '../../domain/predict/workflow.ts'
import type { Registry } from '../define/rpc.ts'

/** Compares inputs by the vectors of a workflow's embedder. */
export const postWorkflowResultsSimilarity: Pick<Registry, 'PostWorkflowResultsSimilarity'> = {
  PostWorkflowResultsSimilarity: async (request, call) => {
    const ready = await readyWorkflow(call, request)
    return similarityOf(call, ready, request.modelVersionId, request.probeInputs, request.poolInputs)
  },
}
