import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { PipelineCall, Stage } from './context.ts'

/** Refuses calls beyond the rate that the operator allows each key; off unless set. */
export const quota: Stage = {
  name: 'quota',
  run(call: PipelineCall) {
    const { rateLimiter } = call.services
    const { credentialPk } = call.principal
    if (credentialPk === undefined || rateLimiter.take(credentialPk, call.startedAt)) return
    throw new AppError(StatusCode.CONN_THROTTLED, `exceeded limit of ${rateLimiter.perSecond} requests per second`)
  },
}
