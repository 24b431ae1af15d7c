import { STATUS_CODES } from 'node:http'
import type { JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { isTooSlow } from '../fetch/errors.ts'
import type { Sent } from '../fetch/guarded-fetcher.ts'
import { ANSWER_BYTES_MAX, REMOTE_WORDS_MAX, RETRY_WAIT_MS_MAX } from './limits.ts'

/** Why one attempt failed, with what it means for the next ones. */
export class RemoteFailure extends Error {
  /** What the caller is told when no attempt goes well. */
  readonly told: AppError
  /** A further attempt may go well. */
  readonly passing: boolean
  /** The server is in trouble, rather than this request. */
  readonly outage: boolean
  /** How long the server asks to wait, in milliseconds. */
  readonly waitMs: number | undefined

  constructor(told: AppError, kind: { passing?: boolean; outage?: boolean; waitMs?: number | undefined } = {}) {
    super(told.message, { cause: told })
    this.told = told
    this.passing = kind.passing ?? false
    this.outage = kind.outage ?? false
    this.waitMs = kind.waitMs
  }
}

const failed = (details: string, cause?: unknown): AppError =>
  new AppError(StatusCode.MODEL_PREDICTION_FAILED, details, cause === undefined ? {} : { cause })

/** The server answered with something else than was agreed; `what` says what was expected. */
export const garbage = (what: string): RemoteFailure =>
  new RemoteFailure(failed(`The server of the model answered with something that is not ${what}.`), { outage: true })

/** A stream that ended before its end. */
export const brokenOff = (): RemoteFailure =>
  new RemoteFailure(failed('The server of the model ended its answer before it was complete; try again.'))

/** A fetch that brought no answer at all; errors that are no AppError (a cancellation) are handed back as they are. */
export function transportFailure(error: unknown, timeoutMs: number): unknown {
  if (!(error instanceof AppError)) return error
  if (error.code === StatusCode.INPUT_INVALID_URL) {
    const details = `The server of the model cannot be asked: ${error.details}`
    return new RemoteFailure(new AppError(StatusCode.MODEL_NOT_DEPLOYED, details))
  }
  if (error.code === StatusCode.INPUT_OVER_LIMIT) {
    return new RemoteFailure(failed(`The server of the model answered with more than ${ANSWER_BYTES_MAX} bytes.`))
  }
  if (isTooSlow(error)) {
    const details = `The server of the model did not answer within ${timeoutMs} milliseconds; try again, or raise timeout_ms.`
    // Not passing: the server may still be at work on it, and would then have it twice.
    return new RemoteFailure(new AppError(StatusCode.RPC_REQUEST_TIMEOUT, details), { outage: true })
  }
  const details =
    error.code === StatusCode.INPUT_CONNECTION_FAILED
      ? 'The server of the model cannot be reached; try again later.'
      : 'The connection to the server of the model broke off; try again.'
  return new RemoteFailure(failed(details), { passing: true, outage: true })
}

/** An answer with an HTTP status other than success. `secret` is blotted out of what is repeated of it. */
export function statusFailure({ status, headers, body }: Sent, secret: string): RemoteFailure {
  const name = `${status} ${STATUS_CODES[status] ?? ''}`.trim()
  if (status === 401 || status === 403) {
    return new RemoteFailure(failed(`The server of the model refuses the api_key of the model version (${name}).`))
  }
  if (status >= 300 && status < 400) {
    return new RemoteFailure(failed(`The server of the model answers with a redirect (${name}); correct base_url.`))
  }
  const words = wordsOf(body, secret)
  if (status === 429 || status === 503) {
    const details = `The server of the model is busy (${name})${words}; try again later.`
    const told = new AppError(StatusCode.MODEL_BUSY_PLEASE_RETRY, details)
    return new RemoteFailure(told, { passing: true, outage: status === 503, waitMs: waitOf(headers['retry-after']) })
  }
  if (status >= 500) {
    const told = failed(`The server of the model failed (${name})${words}.`)
    return new RemoteFailure(told, { passing: true, outage: true, waitMs: waitOf(headers['retry-after']) })
  }
  const told = new AppError(StatusCode.MODEL_INVALID_REQUEST, `The server of the model refuses this (${name})${words}.`)
  return new RemoteFailure(told)
}

/** The words of an error that came inside an answer or a stream. */
export function toldFailure(error: unknown, secret: string): RemoteFailure {
  const words = shorten(messageOf(error as JsonValue), secret)
  return new RemoteFailure(failed(`The server of the model failed${words}.`))
}

function waitOf(header: string | undefined): number | undefined {
  const seconds = Number(header)
  return header !== undefined && seconds >= 0 ? Math.min(seconds * 1_000, RETRY_WAIT_MS_MAX) : undefined
}

function wordsOf(body: Buffer, secret: string): string {
  try {
    return shorten(messageOf(JSON.parse(body.toString('utf8')) as JsonValue), secret)
  } catch {
    return ''
  }
}

/** The message inside the error objects of the servers in use: {error: {message}}, {error}, {message}, {detail}. */
function messageOf(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ''
  return messageOf(value.error ?? value.message ?? value.detail)
}

function shorten(text: string, secret: string): string {
  const safe = secret === '' ? text : text.replaceAll(secret, '***')
  const line = safe
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/[.;:]+$/, '')
  if (line === '') return ''
  return `: ${line.length > REMOTE_WORDS_MAX ? `${line.slice(0, REMOTE_WORDS_MAX)}...` : line}`
}
