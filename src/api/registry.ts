import { appFamily } from './apps/index.ts'
import { conceptFamily } from './concepts/index.ts'
import type { Registry } from './define/rpc.ts'
import { modelFamily } from './models/index.ts'
import { notBuiltRpcs } from './not-built.ts'
import { predictFamily } from './predict/index.ts'
import { workflowFamily } from './workflows/index.ts'

/** Every RPC of the contract with its handler, or marked as not built: leaving one out does not compile. */
export const registry: Registry = {
  ...appFamily,
  ...conceptFamily,
  ...modelFamily,
  ...predictFamily,
  ...workflowFamily,
  ...notBuiltRpcs,
}
