import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Services } from '../../domain/services.ts'
import { mediaCorsHeaders } from '../cors.ts'
import { hasBody } from '../http/body.ts'
import type { ExtraRoutes } from '../http/extra-routes.ts'
import { headerReader, isClosed } from '../http/http-call.ts'
import { HTTP_LIMITS } from '../http/limits.ts'
import { discardRest } from '../http/refused-body.ts'
import { sendStatusJson } from '../http/status-json.ts'
import { requestIdFor } from '../pipeline/request-id.ts'
import { RangeOutside } from './range.ts'
import { VARY } from './send.ts'

/** Answers one request for a file, or throws an AppError before anything was sent. */
export type AnswerFile = (services: Services, req: IncomingMessage, res: ServerResponse) => Promise<void>

/** Files that lie below a path and can be fetched by GET and HEAD alone, also by pages of other origins. */
export function filesBelow(path: string, services: Services, answer: AnswerFile): ExtraRoutes {
  const serve = async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { origin } = req.headers
    if (origin !== undefined) {
      for (const [name, value] of Object.entries(mediaCorsHeaders(origin))) res.setHeader(name, value)
    }
    try {
      demandReading(req, res)
      await answer(services, req, res)
    } catch (error) {
      if (isClosed(res)) return
      if (!(error instanceof AppError) || res.headersSent) throw error
      refuse(req, res, error)
    }
    if (!req.complete && hasBody(req)) discardRest(req, HTTP_LIMITS)
  }
  return { get: (asked) => (asked.startsWith(`${path}/`) ? serve : undefined) }
}

function demandReading(req: IncomingMessage, res: ServerResponse): void {
  if (req.method === 'GET' || req.method === 'HEAD') return
  res.setHeader('allow', 'GET, HEAD, OPTIONS')
  throw new AppError(StatusCode.CONN_METHOD_NOT_ALLOWED, 'Method Not Allowed')
}

function refuse(req: IncomingMessage, res: ServerResponse, error: AppError): void {
  res.setHeader('vary', VARY)
  if (error instanceof RangeOutside) res.setHeader('content-range', `bytes */${error.size}`)
  const requestId = requestIdFor(headerReader(req))
  sendStatusJson(res, { code: error.code, details: error.details, requestId, hasBody: req.method !== 'HEAD' })
}
