import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { httpStatusOf } from '../../base/http-status.ts'
import { statusText } from '../../base/status-text.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { hasBody, readBody } from '../http/body.ts'
import type { ExtraHandler } from '../http/extra-routes.ts'
import { headerReader } from '../http/http-call.ts'
import { HTTP_LIMITS } from '../http/limits.ts'
import { discardRest } from '../http/refused-body.ts'
import { requestIdFor } from '../pipeline/request-id.ts'

/** Limits of a request outside the contract; its body has at most 64 KiB. */
const LIMITS = { ...HTTP_LIMITS, bodyBytes: 64 * 1024 }

export type Json = { readonly [key: string]: unknown }

/** A request outside the contract. */
export interface Asked {
  readonly header: (name: string) => string | undefined
  readonly address: string
  /** The body as a JSON object; refused when it is none. */
  body(): Promise<Json>
}

/** A small JSON route outside the contract with the contract's status around its answer. */
export function jsonRoute(verb: 'GET' | 'POST', answer: (asked: Asked) => Promise<Json> | Json): ExtraHandler {
  return async (req, res) => {
    const header = headerReader(req)
    const requestId = requestIdFor(header)
    try {
      if (req.method !== verb && !(req.method === 'HEAD' && verb === 'GET')) {
        res.setHeader('allow', verb === 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS')
        throw new AppError(StatusCode.CONN_METHOD_NOT_ALLOWED, 'Method Not Allowed')
      }
      const address = req.socket?.remoteAddress ?? ''
      send(res, StatusCode.SUCCESS, '', requestId, await answer({ header, address, body: () => readObject(req) }))
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      send(res, error.code, error.details, requestId, {})
    }
    if (!req.complete && hasBody(req)) discardRest(req, LIMITS)
  }
}

async function readObject(req: IncomingMessage): Promise<Json> {
  const text = await readBody(req, LIMITS, () => {})
  const value = parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, 'The body is not a JSON object; send one.')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function send(res: ServerResponse, code: StatusCode, details: string, requestId: string, fields: Json): void {
  const status = { code, description: statusText(code), ...(details === '' ? {} : { details }), req_id: requestId }
  const text = JSON.stringify({ status, ...fields })
  res.writeHead(httpStatusOf(code), {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(text)
}
