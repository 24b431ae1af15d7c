import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import { AppError } from '../../base/errors.ts'
import type { MethodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { IncomingCall } from '../call.ts'

/** True once nothing more can be written. */
export function isClosed(res: ServerResponse): boolean {
  // The response that HTTP/2 dresses up as one of HTTP/1.1 lacks `destroyed`.
  return 'stream' in res ? (res as unknown as Http2ServerResponse).stream.destroyed : res.destroyed
}

/** Ends an answer so that the client sees that it is not whole: the connection, with HTTP/2 the stream. */
export function cut(res: ServerResponse): void {
  if ('stream' in res) (res as unknown as Http2ServerResponse).stream.destroy()
  else res.destroy()
}

/** Reads single header values by lower-case name; of a repeated header the first. */
export function headerReader(req: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const value = req.headers[name]
    if (value === undefined || (typeof value === 'string' && !value.includes(', '))) return value as string | undefined
    if (Array.isArray(value)) return value[0]
    // HTTP/1.1 joins repeated headers; only the raw list tells them from one value with a comma.
    return rawHeader(req.rawHeaders, name) ?? value
  }
}

function rawHeader(raw: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2) if (raw[i]!.toLowerCase() === name) return raw[i + 1]
  return undefined
}

/** A call that came as HTTP with JSON. */
export class HttpCall implements IncomingCall {
  readonly method: MethodInfo
  readonly transport = 'http'
  readonly header: (name: string) => string | undefined
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  #controller: AbortController | undefined

  constructor(
    method: MethodInfo,
    req: IncomingMessage,
    res: ServerResponse,
    header: (name: string) => string | undefined,
  ) {
    this.method = method
    this.header = header
    this.#req = req
    this.#res = res
  }

  get remoteAddress(): string {
    return this.#req.socket?.remoteAddress ?? ''
  }

  reply(name: string, value: string): void {
    if (!this.#res.headersSent && !isClosed(this.#res)) this.#res.setHeader(name, value)
  }

  /** Made on first use; aborts when the connection closes before the whole answer is out. */
  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    const controller = new AbortController()
    this.#controller = controller
    const res = this.#res
    const abort = (): void => {
      if (!res.writableFinished) {
        controller.abort(new AppError(StatusCode.RPC_CANCELED, 'The client went away.'))
      }
    }
    if (isClosed(res)) abort()
    else res.on('close', abort)
    return controller.signal
  }
}
