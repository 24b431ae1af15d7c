import type { IncomingMessage, ServerResponse } from 'node:http'
import { json as readJson } from 'node:stream/consumers'
import { AppError } from '../../base/errors.ts'
import { httpStatusOf } from '../../base/http-status.ts'
import { newId } from '../../base/ids.ts'
import { statusText } from '../../base/status-text.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ExtraHandler } from '../http/extra-routes.ts'

/** Largest body of a request outside the contract, in bytes. */
const BODY_BYTES_MAX = 64 * 1024

type Json = { readonly [key: string]: unknown }

async function body(req: IncomingMessage): Promise<Json> {
  if (Number(req.headers['content-length'] ?? 0) > BODY_BYTES_MAX) {
    throw new AppError(StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED, `Send at most ${BODY_BYTES_MAX} bytes.`)
  }
  let size = 0
  req.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > BODY_BYTES_MAX) req.destroy()
  })
  const value: unknown = await readJson(req).catch(() => undefined)
  if (typeof value !== 'object' || value === null) {
    throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, 'The body is not a JSON object; send one.')
  }
  return value as Json
}

/** A small JSON route outside the contract with the contract's status around its answer. */
export function jsonRoute(
  verb: 'GET' | 'POST',
  answer: (body: Json, req: IncomingMessage) => Promise<Json> | Json,
): ExtraHandler {
  return async (req: IncomingMessage, res: ServerResponse) => {
    const requestId = newId()
    try {
      if (req.method !== verb) throw new AppError(StatusCode.CONN_METHOD_NOT_ALLOWED, 'Method Not Allowed')
      send(res, StatusCode.SUCCESS, '', requestId, await answer(verb === 'POST' ? await body(req) : {}, req))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      send(res, error.code, error.details, requestId, {})
    }
  }
}

function send(res: ServerResponse, code: StatusCode, details: string, requestId: string, fields: Json): void {
  const status = { code, description: statusText(code), ...(details === '' ? {} : { details }), req_id: requestId }
  const text = JSON.stringify({ status, ...fields })
  res.writeHead(httpStatusOf(code), { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  res.end(text)
}
