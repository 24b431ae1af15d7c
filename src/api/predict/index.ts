import { generateModelOutputs } from './GenerateModelOutputs.ts'
import { postModelOutputs } from './PostModelOutputs.ts'
import { postWorkflowResults } from './PostWorkflowResults.ts'
import { postWorkflowResultsSimilarity } from './PostWorkflowResultsSimilarity.ts'
import { streamModelOutputs } from './StreamModelOutputs.ts'

/** All RPCs that run models and workflows. */
export const predictFamily = {
  ...generateModelOutputs,
  ...postModelOutputs,
  ...postWorkflowResults,
  ...postWorkflowResultsSimilarity,
  ...streamModelOutputs,
}
