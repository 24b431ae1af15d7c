import type { ServerResponse } from 'node:http'
import { httpStatusOf } from '../../base/http-status.ts'
import { statusText } from '../../base/status-text.ts'
import type { StatusCode } from '../../contract/status-code.ts'

export type Json = { readonly [key: string]: unknown }

/** Answers a request outside the contract with the contract's status, and fields beside it, as JSON. */
export function sendStatusJson(
  res: ServerResponse,
  answer: { code: StatusCode; details: string; requestId: string; fields?: Json; http?: number; hasBody?: boolean },
): void {
  const { code, details, requestId, fields, http = httpStatusOf(code), hasBody = true } = answer
  const status = { code, description: statusText(code), ...(details === '' ? {} : { details }), req_id: requestId }
  const text = JSON.stringify({ status, ...fields })
  res.writeHead(http, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  res.end(hasBody ? text : undefined)
}
