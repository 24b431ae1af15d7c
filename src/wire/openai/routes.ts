import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Services } from '../../domain/services.ts'
import type { Dispatcher } from '../call.ts'
import { BodyBudget, hasBody, readBody } from '../http/body.ts'
import type { ExtraHandler, ExtraRoutes } from '../http/extra-routes.ts'
import { cut, headerReader, isClosed } from '../http/http-call.ts'
import { HTTP_LIMITS } from '../http/limits.ts'
import { discardRest } from '../http/refused-body.ts'
import { identify } from '../pipeline/authenticate.ts'
import { sendError } from './errors.ts'
import { asItIs, type Form, maybeStreamed, responses } from './forms.ts'
import { getModel, listModels } from './models.ts'
import { predict, predictStream } from './predict.ts'

const BASE = '/v2/ext/openai/v1'
const MODEL = `${BASE}/models/`
/** Largest request, in bytes: a long conversation with pictures in it. */
const REQUEST_BYTES_MAX = 64 * 1024 * 1024
/** Bytes of requests that all calls of this interface together may hold. */
const BUFFERED_BYTES_MAX = 256 * 1024 * 1024

type Work = (req: IncomingMessage, res: ServerResponse) => Promise<void>

/**
 * The HTTP interface of OpenAI over the models of this server: chat completions, responses, embeddings, pictures, models. It only
 * translates: who may do what is decided where all calls are.
 */
export function openAiRoutes(dispatcher: Dispatcher, services: Services): ExtraRoutes {
  const limits = { ...HTTP_LIMITS, bodyBytes: Math.min(REQUEST_BYTES_MAX, services.config.requestBytesMax) }
  const budget = new BodyBudget(BUFFERED_BYTES_MAX)

  async function bodyOf(req: IncomingMessage, res: ServerResponse): Promise<JsonObject> {
    let held = 0
    res.once('close', () => budget.give(held))
    const text = await readBody(req, limits, (bytes) => {
      budget.take(bytes)
      held += bytes
    })
    return parseObject(text)
  }

  /** Wraps a route: its verb, who calls, and errors in the form of this interface. */
  const route = (verb: 'GET' | 'POST', work: Work): ExtraHandler => {
    return async (req, res) => {
      try {
        if (req.method !== verb) {
          res.setHeader('allow', `${verb}, OPTIONS`)
          throw new AppError(StatusCode.CONN_METHOD_NOT_ALLOWED, `Use ${verb} for this path.`)
        }
        // Nobody without a good key makes the server read a large body; the stages ask once more.
        if (await isStranger(services, req, res)) return
        await work(req, res)
      } catch (error) {
        if (isClosed(res)) return
        if (!(error instanceof AppError)) throw error
        if (res.headersSent) cut(res)
        else sendError(res, error)
      } finally {
        if (!req.complete && hasBody(req)) discardRest(req, limits)
      }
    }
  }

  const post = (path: string, form: Form = asItIs(path)): [string, ExtraHandler] => [
    BASE + path,
    route('POST', async (req, res) => {
      const body = await bodyOf(req, res)
      const streams = maybeStreamed(form) && body.stream === true
      await (streams ? predictStream : predict)(dispatcher, form, { req, res, body })
    }),
  ]

  const exact = new Map<string, ExtraHandler>([
    post('/chat/completions'),
    post('/responses', responses),
    post('/embeddings'),
    post('/images/generations'),
    [`${BASE}/models`, route('GET', (req, res) => listModels(dispatcher, req, res))],
  ])
  return {
    get(path) {
      const known = exact.get(path)
      if (known || !path.startsWith(`${BASE}/`)) return known
      if (path.startsWith(MODEL)) {
        return route('GET', (req, res) => getModel(dispatcher, req, res, decode(path.slice(MODEL.length))))
      }
      return (_, res) =>
        sendError(res, new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'This server has no such path.'), 404)
    },
  }
}

async function isStranger(services: Services, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
  try {
    await identify(services, headerReader(req), services.clock.now())
    return false
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    sendError(res, error, 401)
    return true
  }
}

function parseObject(text: string): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, 'The body is not a JSON object; send one.')
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
