import { authenticate } from './authenticate.ts'
import type { Stage } from './context.ts'
import { quota } from './quota.ts'
import { resolve } from './resolve.ts'
import { checkScopes } from './scopes.ts'
import { validate } from './validate.ts'

/**
 * The steps before a handler, in order. Around them stand the request id (outermost, so that everything logs with
 * it) and the envelope (so that nothing below writes a response); the handler comes after the last.
 */
export const STAGES: readonly Stage[] = [
  // Scopes need a principal.
  authenticate,
  // A pure table look-up: no resource is touched for a key that may not call the RPC at all.
  checkScopes,
  // Needs the principal for "me" and for keys bound to an app; refuses what is absent or hidden alike.
  resolve,
  // After access, so that a stranger learns nothing from which of his arguments are wrong.
  validate,
  // Last, because only calls that were allowed count.
  quota,
]
