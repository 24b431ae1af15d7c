import type { Log } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { CallObserver } from '../pipeline/dispatcher.ts'

const MICROS_PER_MS = 1000

/** Writes one line for every finished call, by which the request id of an answer is found again; no line has a secret. */
export function callLog(whole: Log): CallObserver {
  // The fields are all listed here and none is secret; to look for secrets takes as long as to write the line.
  const log = whole.child({}, { redact: [] })
  return (call, code) => {
    const { method, incoming, requestId, principal, target } = call
    log.info(
      {
        reqId: requestId,
        rpc: method.name,
        code: StatusCode[code] ?? code,
        ms: (call.services.clock.now() - call.startedAt) / MICROS_PER_MS,
        transport: incoming.transport,
        caller: principal.user?.id,
        app: target.app && `${target.user?.id}/${target.app.id}`,
        from: incoming.remoteAddress,
      },
      'call',
    )
  }
}
