import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { CORS_HEADERS } from '../cors.ts'
import type { Channel } from '../grpc/channel.ts'
import { ACCEPTED_ENCODINGS, responseEncoding } from '../grpc/compression.ts'
import { PREFIX_BYTES, writePrefix } from '../grpc/framing.ts'
import { firstHeader } from '../grpc/metadata.ts'
import { encodeStatusMessage, type GrpcStatus } from '../grpc/status.ts'
import { Base64Decoder } from './base64.ts'

const TRAILERS = 0x80

const WEB_TYPE = /^application\/grpc-web(-text)?(\+proto)?(?=$|[;,\s])/i

/** The gRPC-Web format that a content-type or accept header names, or undefined when it is another one. */
export function webFormat(header: string | undefined): { type: string; text: boolean } | undefined {
  const match = WEB_TYPE.exec(header ?? '')
  return match === null ? undefined : { type: match[0].toLowerCase(), text: match[1] !== undefined }
}

/** Carries one gRPC-Web call over an HTTP request, of HTTP/1.1 or HTTP/2, in its binary or its text format. */
export class WebChannel implements Channel {
  readonly transport = 'grpc-web'
  readonly path: string
  readonly remoteAddress: string
  readonly body: Readable
  readonly #req: IncomingMessage
  readonly #res: ServerResponse
  readonly #type: string
  readonly #text: boolean
  #added = ''
  #finished = false
  #full = false
  #gone: (() => void) | undefined
  #wake: (() => void) | undefined

  constructor(req: IncomingMessage, res: ServerResponse) {
    this.#req = req
    this.#res = res
    const asked = webFormat(req.headers['content-type'])
    const wanted = webFormat(req.headers.accept) ?? asked
    this.#type = wanted?.type ?? 'application/grpc-web+proto'
    this.#text = wanted?.text ?? false
    this.path = (req.url ?? '').split('?', 1)[0] as string
    this.remoteAddress = req.socket?.remoteAddress ?? ''
    this.body = asked?.text ? req.pipe(new Base64Decoder()) : req
    // Nothing to do: 'close' follows every error.
    for (const stream of [req, res, this.body]) stream.on('error', ignore)
    res.on('close', () => this.#onClose())
    res.on('drain', () => this.#onDrain())
  }

  header(name: string): string | undefined {
    return firstHeader(this.#req.headers, this.#req.rawHeaders, name)
  }

  get broken(): boolean {
    return this.#req.aborted || this.#res.destroyed
  }

  onGone(callback: () => void): void {
    this.#gone = callback
  }

  addTrailer(name: string, value: string): void {
    this.#added += `${name}:${value}\r\n`
  }

  send(frame: Buffer): boolean {
    this.#open()
    this.#full = !this.#write(frame)
    return !this.#full
  }

  drained(): Promise<void> {
    if (!this.#full || this.#finished) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  finish(status: GrpcStatus, message: string, lastFrame?: Buffer): void {
    if (this.#finished) return
    this.#finished = true
    this.#open()
    if (lastFrame !== undefined) this.#write(lastFrame)
    this.#write(trailerFrame(status, message, this.#added))
    this.#res.end()
    if (!this.#req.complete) this.#refuseRest()
  }

  #open(): void {
    if (this.#res.headersSent) return
    const encoding = responseEncoding(this.header('grpc-accept-encoding'))
    if (encoding !== undefined) this.#res.setHeader('grpc-encoding', encoding)
    // The rest of a request that was answered early is not read, so the connection cannot be used again.
    if (this.#req.httpVersionMajor === 1 && !this.#req.complete) this.#res.setHeader('connection', 'close')
    this.#res.writeHead(200, {
      ...CORS_HEADERS,
      'content-type': this.#type,
      'grpc-accept-encoding': ACCEPTED_ENCODINGS,
      'cache-control': 'no-store',
    })
  }

  #write(frame: Buffer): boolean {
    return this.#text ? this.#res.write(frame.toString('base64'), 'latin1') : this.#res.write(frame)
  }

  #refuseRest(): void {
    this.#req.unpipe()
    this.#req.resume()
  }

  #onDrain(): void {
    this.#full = false
    this.#wake?.()
  }

  #onClose(): void {
    this.#wake?.()
    this.body.destroy()
    if (this.#finished) return
    this.#finished = true
    this.#gone?.()
  }
}

function trailerFrame(status: GrpcStatus, message: string, added: string): Buffer {
  const text = `grpc-status:${status}\r\ngrpc-message:${encodeStatusMessage(message)}\r\n${added}`
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + text.length)
  frame.write(text, PREFIX_BYTES, 'latin1')
  return writePrefix(frame, TRAILERS)
}

function ignore(): void {}
