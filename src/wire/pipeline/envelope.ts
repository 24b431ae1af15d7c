import { create, type DescMessage, isMessage, type Message } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { statusText } from '../../base/status-text.ts'
import { type Status, StatusSchema } from '../../contract/index.ts'
import { blank } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Moved } from '../../domain/access/moved.ts'

/** What every response of the contract has. */
export type Response = Message & { status?: Status }

/** A handler's payload as a finished response: success unless the handler has set a status of its own. */
export function success(output: DescMessage, payload: object, requestId: string): Response {
  const response = responseOf(output, payload)
  response.status = finish(response.status ?? statusOf(StatusCode.SUCCESS), requestId)
  return response
}

/** The payload as a message: as it is where a handler gives none but finished parts, which hardly any call does not. */
function responseOf(output: DescMessage, payload: object): Response {
  for (const name in payload) {
    if (!isFinished((payload as Record<string, unknown>)[name])) return create(output, payload as never) as Response
  }
  return Object.assign(blank(output), payload) as Response
}

/** Whether a member of a payload is a message or a list of them, which need no making. */
function isFinished(value: unknown): boolean {
  return Array.isArray(value) ? value.every((item) => isMessage(item)) : isMessage(value)
}

function statusOf(code: StatusCode): Status {
  const status = blank(StatusSchema)
  status.code = code
  return status
}

/** Any thrown value as the RPC's response. What was not thrown on purpose is logged whole and told in general words. */
export function failure(
  output: DescMessage,
  error: unknown,
  requestId: string,
  signal: AbortSignal | undefined,
  log: Log,
): Response {
  const known = classify(error, signal)
  if (known.code === StatusCode.INTERNAL_UNCATEGORIZED || known.cause !== undefined) {
    log.error({ err: error, requestId, code: known.code }, 'call failed')
  }
  const status = statusOf(known.code)
  status.details = known.details
  if (known instanceof Moved) {
    status.redirectInfo = {
      $typeName: 'clarifai.api.status.RedirectInfo',
      url: known.url,
      resourceType: known.resourceType,
      oldResourceId: known.oldId,
      newResourceId: known.newId,
    }
  }
  return Object.assign(blank(output), { status: finish(status, requestId) }) as Response
}

function classify(error: unknown, signal: AbortSignal | undefined): AppError {
  if (error instanceof AppError) return error
  if (signal?.aborted) {
    const timedOut = (signal.reason as { name?: string } | undefined)?.name === 'TimeoutError'
    return timedOut
      ? new AppError(StatusCode.RPC_REQUEST_TIMEOUT, 'The deadline of the call passed before it was done.')
      : new AppError(StatusCode.REQUEST_CANCELED_BY_USER, 'The client cancelled the call.')
  }
  return new AppError(
    StatusCode.INTERNAL_UNCATEGORIZED,
    'An unexpected error happened; the server log has it under this request id.',
  )
}

function finish(status: Status, requestId: string): Status {
  if (status.description === '') status.description = statusText(status.code)
  status.reqId = requestId
  return status
}
