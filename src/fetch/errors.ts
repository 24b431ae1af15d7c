import { STATUS_CODES } from 'node:http'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** Characters of a URL that are repeated in a message to the caller. */
const MAX_SHOWN_URL_CHARS = 300

const shown = (url: string): string =>
  url.length > MAX_SHOWN_URL_CHARS ? `${url.slice(0, MAX_SHOWN_URL_CHARS)}...` : url

/** The text is not a URL that may be fetched; `why` is a sentence without its full stop. */
export function invalidUrl(why: string): AppError {
  return new AppError(StatusCode.INPUT_INVALID_URL, `${why}.`)
}

/** The host leads into a private network. Nothing about what is there may be said. */
export function privateHost(): AppError {
  return invalidUrl(
    'The host of this URL is not on the public internet, so it is not fetched; ' +
      'the operator can allow it with the setting LIMPID_FETCH_ALLOW',
  )
}

/** The server answered with an HTTP status other than success. */
export function httpFailure(status: number, url: string): AppError {
  const side = status >= 500 ? 'Server Error' : status >= 400 ? 'Client Error' : 'Unexpected Answer'
  const details = `${status} ${side}: ${STATUS_CODES[status] ?? 'Unknown'} for url: ${shown(url)}`
  return new AppError(StatusCode.INPUT_FAILED, details)
}

/** The download began or could not be finished; `why` is a sentence without its full stop. */
export function downloadFailed(why: string, cause?: unknown): AppError {
  return new AppError(StatusCode.INPUT_FAILED, `${why}.`, { cause })
}

/** The time for the download is over; the limit is named where it is known. */
export function tooSlow(limitMs?: number, cause: unknown = new DOMException('too slow', 'TimeoutError')): AppError {
  const limit = limitMs === undefined ? 'too long' : `longer than ${limitMs / 1_000} seconds`
  return downloadFailed(`The download took ${limit}`, cause)
}

/** True for the failure of a fetch that ran out of time. */
export function isTooSlow(error: AppError): boolean {
  const { name, code } = (error.cause ?? {}) as { name?: unknown; code?: unknown }
  return name === 'TimeoutError' || code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
}

/** No connection to the host of the URL. */
export function unreachable(host: string, cause?: unknown): AppError {
  const details = `The host ${shown(host)} cannot be reached; check the address or try again later.`
  return new AppError(StatusCode.INPUT_CONNECTION_FAILED, details, { cause })
}

/** More bytes than the caller may fetch. */
export function tooLarge(maxBytes: number): AppError {
  const details = `The file at the URL is larger than the allowed limit of ${maxBytes} bytes.`
  return new AppError(StatusCode.INPUT_OVER_LIMIT, details)
}
