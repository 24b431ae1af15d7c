import type { JsonObject } from '@bufbuild/protobuf'
import type { Micros } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { MethodInfo } from '../contract/methods.ts'
import type { Principal } from './access/principal.ts'
import type { Target } from './access/target.ts'
import type { Services } from './services.ts'

/** Everything a handler may know of the call it answers; ids in it are resolved, rights are checked. */
export interface Call {
  readonly method: MethodInfo
  readonly requestId: string
  readonly startedAt: Micros
  readonly principal: Principal
  readonly target: Target
  readonly services: Services
  readonly signal: AbortSignal
  readonly log: Log
  /** Tells the caller how something was done; there where the call asks for it. */
  readonly explain?: (how: JsonObject) => void
}
