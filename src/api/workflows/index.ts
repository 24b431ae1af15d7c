import { workflowRpcs } from './resource.ts'
import { workflowVersionRpcs } from './versions.ts'

/** All RPCs of workflows. */
export const workflowFamily = { ...workflowRpcs, ...workflowVersionRpcs }
