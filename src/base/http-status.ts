import { StatusCode } from '../contract/status-code.ts'

const EXACT = new Map<StatusCode, number>([
  [StatusCode.SUCCESS, 200],
  [StatusCode.MIXED_STATUS, 207],
  [StatusCode.ACCEPTED, 202],
  [StatusCode.MOVED, 307],
  [StatusCode.FAILURE, 400],
  [StatusCode.TRY_AGAIN, 503],
  [StatusCode.NOT_IMPLEMENTED, 501],
  [StatusCode.TEAPOT, 418],
  [StatusCode.CONN_ACCOUNT_ISSUES, 401],
  [StatusCode.CONN_TOKEN_INVALID, 401],
  [StatusCode.CONN_CREDENTIALS_INVALID, 401],
  [StatusCode.CONN_KEY_INVALID, 401],
  [StatusCode.CONN_KEY_NOT_FOUND, 401],
  [StatusCode.CONN_AUTH_METHOD_DISABLED, 401],
  [StatusCode.CONN_INSUFFICIENT_SCOPES, 403],
  [StatusCode.CONN_EXCEED_HOURLY_LIMIT, 429],
  [StatusCode.CONN_EXCEED_MONTHLY_LIMIT, 429],
  [StatusCode.CONN_THROTTLED, 429],
  [StatusCode.CONN_EXCEEDS_LIMITS, 429],
  [StatusCode.CONN_DOES_NOT_EXIST, 404],
  [StatusCode.CONN_METHOD_NOT_ALLOWED, 405],
  [StatusCode.CONN_INVALID_RANGE, 416],
  [StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED, 413],
  [StatusCode.RPC_SERVER_UNAVAILABLE, 503],
  [StatusCode.RPC_REQUEST_QUEUE_FULL, 503],
  [StatusCode.RPC_REQUEST_TIMEOUT, 504],
  [StatusCode.DATABASE_STATEMENT_TIMEOUT, 504],
  [StatusCode.RPC_CANCELED, 499],
  [StatusCode.REQUEST_CANCELED_BY_USER, 499],
  [StatusCode.MODEL_BUSY_PLEASE_RETRY, 503],
  [StatusCode.MODEL_DEPLOYING, 503],
  [StatusCode.MODEL_LOADING, 503],
  [StatusCode.RUNNER_NEEDS_RETRY, 503],
  [StatusCode.REQUEST_DISABLED_FOR_MAINTENANCE, 503],
  [StatusCode.DATABASE_FAIL_TO_GET_CONNECTIONS, 503],
  [StatusCode.DATABASE_TOO_MANY_CLIENTS, 503],
  [StatusCode.TASK_NOT_IMPLEMENTED, 501],
  [StatusCode.UPLOAD_IN_PROGRESS, 200],
  [StatusCode.UPLOAD_DONE, 200],
])

// By name, because number blocks of the contract interleave and never tell the kind of an error.
const GOOD = /_SUCCESS$/
const NOT_FOUND = /_(DOES_NOT_EXIST|MISSING|NOT_FOUND)$/
const DENIED = /_PERMISSION_DENIED$/
const INTERNAL = /^(INTERNAL_|UNEXPECTED|UNKNOWN|DATABASE_(?!DUPLICATE_KEY)|SERVER_ERROR)|_INTERNAL_FAILURE$/

/** HTTP status that goes with a status code of the contract. */
export function httpStatusOf(code: StatusCode): number {
  const exact = EXACT.get(code)
  if (exact !== undefined) return exact
  const name = StatusCode[code] ?? 'UNKNOWN'
  if (GOOD.test(name)) return 200
  if (NOT_FOUND.test(name)) return 404
  if (DENIED.test(name)) return 403
  if (INTERNAL.test(name)) return 500
  return 400
}
