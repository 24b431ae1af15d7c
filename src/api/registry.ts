import { conceptRpcs } from './concepts/resource.ts'
import type { Registry } from './define/rpc.ts'
import { notBuiltRpcs } from './not-built.ts'

/** Every RPC of the contract with its handler, or marked as not built: leaving one out does not compile. */
export const registry: Registry = {
  ...conceptRpcs,
  ...notBuiltRpcs,
}
