import type { JsonObject, Message } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { MethodInfo } from '../../contract/methods.ts'
import type { Principal } from '../../domain/access/principal.ts'
import type { Target } from '../../domain/access/target.ts'
import type { Services } from '../../domain/services.ts'
import type { IncomingCall } from '../call.ts'

/** A call on its way through the pipeline; stages fill in what they find out, handlers see it as a finished Call. */
export interface PipelineCall {
  readonly incoming: IncomingCall
  readonly method: MethodInfo
  readonly requestId: string
  readonly startedAt: Micros
  readonly services: Services
  readonly signal: AbortSignal
  readonly log: Log
  readonly explain?: (how: JsonObject) => void
  principal: Principal
  target: Target
}

/** One step before the handler. It passes by returning and refuses by throwing AppError. */
export interface Stage {
  readonly name: string
  run(call: PipelineCall, request: Message): void | Promise<void>
}
