import type { IncomingMessage } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { hasBody, readBody } from '../http/body.ts'
import type { ExtraHandler } from '../http/extra-routes.ts'
import { headerReader } from '../http/http-call.ts'
import { HTTP_LIMITS } from '../http/limits.ts'
import { discardRest } from '../http/refused-body.ts'
import { type Json, sendStatusJson } from '../http/status-json.ts'
import { requestIdFor } from '../pipeline/request-id.ts'

/** Limits of a request outside the contract; its body has at most 64 KiB. */
const LIMITS = { ...HTTP_LIMITS, bodyBytes: 64 * 1024 }

export type { Json } from '../http/status-json.ts'

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
      const fields = await answer({ header, address, body: () => readObject(req) })
      sendStatusJson(res, { code: StatusCode.SUCCESS, details: '', requestId, fields })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      sendStatusJson(res, { code: error.code, details: error.details, requestId })
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
