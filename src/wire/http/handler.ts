import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Message } from '@bufbuild/protobuf'
import { AppError, isAppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { JsonNames } from '../../contract/json/index.ts'
import { allMethods, type MethodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MEDIA_PATH } from '../../domain/media/address.ts'
import type { Dispatcher } from '../call.ts'
import { answerPreflight, CORS_HEADERS, isPreflight } from '../cors.ts'
import { type Sending, sendMessage } from './answer.ts'
import { bindRequest } from './bind.ts'
import { BodyBudget, hasBody, readBody } from './body.ts'
import { answerNames } from './casing.ts'
import type { ExtraRoutes } from './extra-routes.ts'
import { cut, HttpCall, headerReader, isClosed } from './http-call.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'
import { discardRest } from './refused-body.ts'
import { Router } from './router.ts'
import { sendStream } from './stream-answer.ts'

/** What the JSON door needs. */
export interface HttpHandlerOptions {
  readonly dispatcher: Dispatcher
  /** Casing of answers to requests that give no hint. */
  readonly jsonNamesDefault: JsonNames
  readonly log: Log
  /** Asked before the RPCs. */
  readonly extraRoutes?: ExtraRoutes
  readonly limits?: Partial<HttpLimits>
}

const NO_COUNTS = { snake: 0, camel: 0 }

/**
 * Serves the contract as JSON over HTTP, for node:http and for what node:http2 dresses up as its requests.
 *
 * Throws at once when two RPCs claim the same route; after that no request can make it throw.
 */
export function createHttpHandler(options: HttpHandlerOptions): (req: IncomingMessage, res: ServerResponse) => void {
  const door = new HttpDoor(options)
  return (req, res) => {
    door.serve(req, res).catch((error) => {
      options.log.error({ err: error, verb: req.method }, 'answering a request failed')
      cut(res)
    })
  }
}

class HttpDoor {
  readonly #router = new Router(allMethods())
  readonly #dispatcher: Dispatcher
  readonly #extraRoutes: ExtraRoutes | undefined
  readonly #namesDefault: JsonNames
  readonly #limits: HttpLimits
  readonly #budget: BodyBudget

  constructor(options: HttpHandlerOptions) {
    this.#dispatcher = options.dispatcher
    this.#extraRoutes = options.extraRoutes
    this.#namesDefault = options.jsonNamesDefault
    this.#limits = { ...HTTP_LIMITS, ...options.limits }
    this.#budget = new BodyBudget(this.#limits.bufferedBytes)
  }

  async serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.headers.origin !== undefined) {
      for (const name in CORS_HEADERS) res.setHeader(name, CORS_HEADERS[name]!)
    }
    const [path, query] = splitUrl(req.url ?? '/')
    const header = headerReader(req)
    let method: MethodInfo | undefined
    let counts = NO_COUNTS
    let message: Message | undefined
    try {
      if (isPreflight(req)) return answerPreflight(req, res, path.startsWith(`${MEDIA_PATH}/`))
      const extra = this.#extraRoutes?.get(path)
      if (extra) return await extra(req, res)
      if (req.method === 'OPTIONS') return this.#answerOptions(path, res)
      const match = this.#router.find(req.method === 'HEAD' ? 'GET' : req.method!, path)
      method = match.route.method
      refuseClientStreams(method)
      const call = new HttpCall(method, req, res, header)
      // Nobody without a good credential makes the server unpack and parse a large body.
      if (hasBody(req)) {
        const refusal = this.#dispatcher.refusal?.(call)
        message = refusal instanceof Promise ? await refusal : refusal
      }
      if (message === undefined) {
        const body = hasBody(req) ? await this.#readBody(req, res) : ''
        const bound = bindRequest(match, query, body)
        counts = bound
        if (method.kind === 'server_streaming') {
          const names = answerNames(header, query, counts, this.#namesDefault)
          return await sendStream(res, this.#dispatcher.stream(call, one(bound.request)), names, req.url ?? '/')
        }
        message = await this.#dispatcher.unary(call, bound.request)
      }
    } catch (error) {
      if (isClosed(res)) return
      const known = asAppError(error)
      // What has begun can't become an error any more; a cut connection shows that it isn't whole.
      if (res.headersSent) return cut(res)
      if (known.code === StatusCode.CONN_METHOD_NOT_ALLOWED) res.setHeader('allow', this.#allow(path))
      message = this.#dispatcher.failure(header, known, method)
    }
    const how: Sending = {
      names: answerNames(header, query, counts, this.#namesDefault),
      acceptEncoding: header('accept-encoding'),
      compressFrom: this.#limits.compressFrom,
      asked: req.url ?? '/',
    }
    if (!req.complete && hasBody(req)) discardRest(req, this.#limits)
    await sendMessage(res, message, how)
  }

  /** Reads the body and gives its bytes back to the budget when the answer is out. */
  #readBody(req: IncomingMessage, res: ServerResponse): Promise<string> {
    let held = 0
    res.on('close', () => this.#budget.give(held))
    return readBody(req, this.#limits, (bytes) => {
      this.#budget.take(bytes)
      held += bytes
    })
  }

  #allow(path: string): string {
    const verbs: string[] = this.#router.verbsOf(path)
    return [...verbs, ...(verbs.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  }

  #answerOptions(path: string, res: ServerResponse): void {
    res.writeHead(204, { allow: this.#allow(path) })
    res.end()
  }
}

/** Keeps what was thrown on purpose; the rest becomes an internal error, whose cause the dispatcher logs. */
function asAppError(error: unknown): AppError {
  if (isAppError(error)) return error
  return new AppError(
    StatusCode.INTERNAL_UNCATEGORIZED,
    'An unexpected error happened; the server log has it under this request id.',
    { cause: error },
  )
}

/** Path and query of a request target, which proxies may send with its origin in front. */
function splitUrl(url: string): [path: string, query: string] {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('://') + 3)
  const mark = url.indexOf('?')
  if (start < 0) return ['/', '']
  return mark < 0 ? [url.slice(start), ''] : [url.slice(start, mark), url.slice(mark + 1)]
}

function refuseClientStreams(method: MethodInfo): void {
  if (method.kind === 'unary' || method.kind === 'server_streaming') return
  throw new AppError(
    StatusCode.NOT_IMPLEMENTED,
    `${method.name} takes a stream of requests, which JSON over HTTP can't carry; call it over gRPC.`,
  )
}

async function* one(message: Message): AsyncIterable<Message> {
  yield message
}
