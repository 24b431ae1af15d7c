import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import type { Channel } from './channel.ts'
import { ACCEPTED_ENCODINGS, type Encoding, responseEncoding } from './compression.ts'
import { isCompressed } from './framing.ts'
import { EARLY_END_RESET_MS } from './limits.ts'
import { firstHeader } from './metadata.ts'
import { encodeStatusMessage, GrpcStatus } from './status.ts'

const CONTENT_TYPE = 'application/grpc+proto'

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = constants

/** Carries one gRPC call over one HTTP/2 stream. */
export class Http2Channel implements Channel {
  readonly transport = 'grpc'
  readonly path: string
  readonly remoteAddress: string
  readonly body: ServerHttp2Stream
  readonly #headers: IncomingHttpHeaders
  readonly #rawHeaders: readonly string[] | undefined
  #opened = false
  #finished = false
  #trailers: Record<string, string> = {}
  #added: Record<string, string> | undefined
  #gone: (() => void) | undefined
  #wake: (() => void) | undefined

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders & { ':path'?: string },
    rawHeaders: readonly string[] | undefined,
    remoteAddress: string,
  ) {
    this.body = stream
    this.path = headers[':path'] ?? ''
    this.#headers = headers
    this.#rawHeaders = rawHeaders
    this.remoteAddress = remoteAddress
    // Nothing to do: 'close' follows every error, and a reset by the client is no failure of the server.
    stream.on('error', ignore)
    stream.on('close', () => this.#onClose())
  }

  header(name: string): string | undefined {
    return firstHeader(this.#headers, this.#rawHeaders, name)
  }

  get broken(): boolean {
    return this.body.closed || this.body.destroyed
  }

  onGone(callback: () => void): void {
    this.#gone = callback
    if (this.body.closed) this.#onClose()
  }

  addTrailer(name: string, value: string): void {
    this.#added = { ...this.#added, [name]: value }
  }

  send(frame: Buffer): boolean {
    if (this.broken) return true
    // A later message may be compressed even if this one is not.
    if (!this.#opened) this.#open(responseEncoding(this.header('grpc-accept-encoding')))
    return this.body.write(frame)
  }

  drained(): Promise<void> {
    if (this.body.destroyed || !this.body.writableNeedDrain) return Promise.resolve()
    return new Promise((resolve) => {
      this.#wake = resolve
      this.body.once('drain', resolve)
    })
  }

  finish(status: GrpcStatus, message: string, lastFrame?: Buffer): void {
    const stream = this.body
    if (this.#finished) return
    this.#finished = true
    if (this.broken) return
    this.#trailers = this.#added
      ? { ...this.#added, ...statusTrailers(status, message) }
      : statusTrailers(status, message)
    if (lastFrame !== undefined) {
      if (!this.#opened)
        this.#open(isCompressed(lastFrame) ? responseEncoding(this.header('grpc-accept-encoding')) : undefined)
      stream.end(lastFrame)
    } else if (!this.#opened) {
      this.#finishEmpty()
    } else if (status !== GrpcStatus.OK && stream.writableNeedDrain) {
      // The client does not take what was sent before, so a status behind it would never arrive either.
      stream.close(NGHTTP2_CANCEL)
    } else {
      stream.end()
    }
  }

  #open(encoding: Encoding | undefined): void {
    this.#opened = true
    this.body.respond(encoding === undefined ? PLAIN_HEADERS : [...PLAIN_HEADERS, 'grpc-encoding', encoding], OPEN)
    this.body.on('wantTrailers', () => {
      if (this.broken) return
      this.body.sendTrailers(this.#trailers)
      this.#refuseRest()
    })
  }

  #finishEmpty(): void {
    this.#opened = true
    const head = { ':status': 200, 'content-type': CONTENT_TYPE, 'grpc-accept-encoding': ACCEPTED_ENCODINGS }
    this.body.respond({ ...head, ...this.#trailers }, { endStream: true })
    this.#refuseRest()
  }

  /** Stops a client that goes on sending after the status. Clients do so themselves when they have seen it. */
  #refuseRest(): void {
    if (this.body.readableEnded) return
    this.body.resume()
    // Not at once: a reset makes nghttp2 drop a status that it has not sent yet.
    const timer = setTimeout(() => this.body.close(NGHTTP2_NO_ERROR), EARLY_END_RESET_MS)
    this.body.once('close', () => clearTimeout(timer))
  }

  #onClose(): void {
    this.#wake?.()
    if (this.#finished) return
    this.#finished = true
    this.#gone?.()
  }
}

/** As a raw list without a date, which saves Node the work of putting one together for each answer. */
const PLAIN_HEADERS: readonly string[] = [':status', '200', 'content-type', CONTENT_TYPE]
const OPEN = { waitForTrailers: true, sendDate: false }

function statusTrailers(status: GrpcStatus, message: string): Record<string, string> {
  if (message === '') return { 'grpc-status': String(status) }
  return { 'grpc-status': String(status), 'grpc-message': encodeStatusMessage(message) }
}

function ignore(): void {}
