import type { IncomingMessage, ServerResponse } from 'node:http'

/** Time a browser may remember the answer to a preflight, in seconds. */
const PREFLIGHT_SECONDS = 7_200

/** Response headers that scripts of other origins may read. */
const EXPOSED =
  'grpc-status, grpc-message, grpc-encoding, grpc-accept-encoding, location, x-limpid-explain, x-request-id'

/** Request headers that known clients send; used when a preflight names none. */
const USUAL_HEADERS = [
  'authorization',
  'content-type',
  'grpc-timeout',
  'x-clarifai-request-id-prefix',
  'x-clarifai-session-token',
  'x-grpc-web',
  'x-limpid-explain',
  'x-user-agent',
].join(', ')

/**
 * Headers that let a browser give an answer to a script of another origin.
 *
 * Any origin may ask: the API knows no cookies, so a foreign page can do nothing without a key of its own.
 */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED,
}

/**
 * The same for hosted media, which pages embed with `crossorigin=use-credentials`: such an answer has to name the origin.
 * A cookie that comes along from a foreign page counts for nothing (media/credential.ts), so every origin may ask.
 */
export function mediaCorsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'accept-ranges, content-length, content-range, etag',
  }
}

/** True for a browser's question whether it may send a request. */
export function isPreflight(req: IncomingMessage): boolean {
  return req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined
}

/** Answers a preflight: yes, with the method and the headers it asks for. */
export function answerPreflight(req: IncomingMessage, res: ServerResponse, isMedia = false): void {
  req.resume()
  res.writeHead(204, {
    ...CORS_HEADERS,
    ...(isMedia && mediaCorsHeaders(headerOf(req, 'origin') ?? '*')),
    'access-control-allow-methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
    // Not `*`, which would leave out authorization.
    'access-control-allow-headers': headerOf(req, 'access-control-request-headers') ?? USUAL_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
    vary: isMedia ? 'origin, access-control-request-headers' : 'access-control-request-headers',
  })
  res.end()
}

function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
