import type { ServerResponse } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { httpStatusOf } from '../../base/http-status.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { writeHead } from '../http/answer.ts'

/** An error as clients of the OpenAI interface know it. */
export interface OpenAiError {
  readonly message: string
  readonly type: string
  readonly param: string | null
  readonly code: string | null
}

/** Where this interface has a more fitting HTTP status than the contract: the fault lies behind this server. */
const STATUSES = new Map<StatusCode, number>([
  [StatusCode.MODEL_PREDICTION_FAILED, 502],
  [StatusCode.MODEL_NOT_DEPLOYED, 503],
  [StatusCode.MOVED, 404],
])

/** HTTP status of an error in this interface. */
export const openAiStatus = (code: StatusCode): number => STATUSES.get(code) ?? httpStatusOf(code)

/** An error of the contract in the words of this interface. */
export function toOpenAiError(code: StatusCode, details: string): OpenAiError {
  const status = openAiStatus(code)
  return {
    message: details || (StatusCode[code] ?? String(code)),
    type: typeOf(status),
    param: status === 404 ? 'model' : null,
    code: status === 404 ? 'model_not_found' : (StatusCode[code]?.toLowerCase() ?? null),
  }
}

/** Answers with an error; `status` is the HTTP status where it is not that of the code. */
export function sendError(res: ServerResponse, error: AppError, status = openAiStatus(error.code)): void {
  sendJson(res, JSON.stringify({ error: toOpenAiError(error.code, error.details) }), status)
}

/** Answers with JSON. */
export function sendJson(res: ServerResponse, text: string, status = 200): void {
  writeHead(res, status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.end(text)
}

/** A status of the contract as an error. */
export const errorOf = (status: {
  readonly code: StatusCode
  readonly details: string
  readonly description: string
}) => new AppError(status.code, status.details || status.description)

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 429) return 'rate_limit_error'
  return status >= 500 ? 'server_error' : 'invalid_request_error'
}
