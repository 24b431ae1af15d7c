import { annotationFamily } from './annotations/index.ts'
import { appDuplicationFamily } from './app-duplications/index.ts'
import { appFamily } from './apps/index.ts'
import { bulkOperationFamily } from './bulk-operations/index.ts'
import { collaboratorFamily } from './collaborators/index.ts'
import { collectorFamily } from './collectors/index.ts'
import { computeFamily } from './compute/index.ts'
import { conceptFamily } from './concepts/index.ts'
import { datasetFamily } from './datasets/index.ts'
import type { Registry } from './define/rpc.ts'
import { evaluationFamily } from './evaluations/index.ts'
import { inputFamily } from './inputs/index.ts'
import { keyFamily } from './keys/index.ts'
import { labelOrderFamily } from './label-orders/index.ts'
import { modelFamily } from './models/index.ts'
import { moduleFamily } from './modules/index.ts'
import { notBuiltRpcs } from './not-built.ts'
import { predictFamily } from './predict/index.ts'
import { scopeFamily } from './scopes/index.ts'
import { searchFamily } from './searches/index.ts'
import { secretFamily } from './secrets/index.ts'
import { statisticsFamily } from './statistics/index.ts'
import { systemFamily } from './system/index.ts'
import { taskFamily } from './tasks/index.ts'
import { uploadFamily } from './uploads/index.ts'
import { userFamily } from './users/index.ts'
import { workflowEvaluationFamily } from './workflow-evaluations/index.ts'
import { workflowFamily } from './workflows/index.ts'

/** Every RPC of the contract with its handler, or marked as not built: leaving one out does not compile. */
export const registry: Registry = {
  ...annotationFamily,
  ...appDuplicationFamily,
  ...appFamily,
  ...bulkOperationFamily,
  ...collaboratorFamily,
  ...collectorFamily,
  ...computeFamily,
  ...conceptFamily,
  ...datasetFamily,
  ...evaluationFamily,
  ...inputFamily,
  ...keyFamily,
  ...labelOrderFamily,
  ...modelFamily,
  ...moduleFamily,
  ...predictFamily,
  ...scopeFamily,
  ...searchFamily,
  ...secretFamily,
  ...statisticsFamily,
  ...systemFamily,
  ...taskFamily,
  ...uploadFamily,
  ...userFamily,
  ...workflowEvaluationFamily,
  ...workflowFamily,
  ...notBuiltRpcs,
}
