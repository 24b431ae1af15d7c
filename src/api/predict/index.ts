import { postModelOutputs } from './PostModelOutputs.ts'
import { postWorkflowResults } from './PostWorkflowResults.ts'
import { postWorkflowResultsSimilarity } from './PostWorkflowResultsSimilarity.ts'

/** All RPCs that run models and workflows. */
export const predictFamily = { ...postModelOutputs, ...postWorkflowResults, ...postWorkflowResultsSimilarity }
