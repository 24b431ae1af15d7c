import { isAscii, isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { HttpLimits } from './limits.ts'

/** Makes the stream that unpacks a body; its first byte may decide. */
type Unpack = (firstByte: number) => Transform

const UNPACKERS = new Map<string, Unpack>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  // The name means zlib, but senders of the bare format have always existed; the low bits of byte one tell.
  ['deflate', (firstByte) => ((firstByte & 0x0f) === 8 ? createInflate() : createInflateRaw())],
  ['br', () => createBrotliDecompress()],
])

/** Counts the body bytes of all running calls, so that many big requests can't exhaust the memory. */
export class BodyBudget {
  readonly #limit: number
  #used = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get used(): number {
    return this.#used
  }

  /** Takes bytes; throws AppError 40030, taking nothing, when they are not to be had. */
  take(bytes: number): void {
    if (this.#used + bytes > this.#limit) {
      throw new AppError(
        StatusCode.RPC_REQUEST_QUEUE_FULL,
        'The server holds too many request bytes at once; send smaller requests or fewer of them in parallel.',
      )
    }
    this.#used += bytes
  }

  give(bytes: number): void {
    this.#used -= bytes
  }
}

function tooLarge(limit: number): AppError {
  return new AppError(
    StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED,
    `The request body may have at most ${limit} bytes; send fewer or smaller inputs.`,
  )
}

/** False where the headers already say that no body follows. */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length']
  if (length !== undefined) return length !== '0'
  if (req.httpVersionMajor >= 2) return !(req as unknown as Http2ServerRequest).stream.endAfterHeaders
  return req.headers['transfer-encoding'] !== undefined
}

/**
 * The body of a request as text, decompressed; at most `bodyBytes` before and after that.
 *
 * `onBytes` hears of every piece that is kept and may throw to refuse it. Throws AppError: 40033 when too large,
 * 11100 when it can't be decompressed, isn't UTF-8 or isn't what its Content-Digest says, 40035 when the client went away.
 */
export function readBody(req: IncomingMessage, limits: HttpLimits, onBytes: (bytes: number) => void): Promise<string> {
  const encoding = String(req.headers['content-encoding'] ?? 'identity').toLowerCase()
  const unpack = UNPACKERS.get(encoding)
  if (!unpack && encoding !== 'identity') {
    const known = [...UNPACKERS.keys()].join(', ')
    throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, `Content-Encoding must be one of: ${known}, identity.`)
  }
  return readBytes(req, limits.bodyBytes, onBytes).then((bytes) => {
    checkDigest(bytes, req.headers['content-digest'])
    if (!unpack || bytes.length === 0) return textOf(bytes)
    return unpackWithin(bytes, unpack(bytes[0]!), limits.bodyBytes, onBytes).then(textOf)
  })
}

/** Digests that are checked, by their names in Content-Digest (RFC 9530). */
const DIGESTS: Readonly<Record<string, string>> = { 'sha-256': 'sha256', 'sha-512': 'sha512' }

/** Refuses a body that is not what its sender says it is; digests of other kinds tell nothing. */
function checkDigest(bytes: Buffer, header: string | string[] | undefined): void {
  if (header === undefined) return
  for (const [, name, expected] of String(header).matchAll(/([a-z0-9-]+)=:([A-Za-z0-9+/=]*):/g)) {
    const algorithm = Object.hasOwn(DIGESTS, name!) ? DIGESTS[name!]! : undefined
    if (algorithm === undefined || hash(algorithm, bytes, 'base64') === expected) continue
    throw new AppError(
      StatusCode.CONN_BAD_REQUEST_FORMAT,
      `The request body does not have the ${name} of its Content-Digest; it was changed on its way, so send it again.`,
    )
  }
}

function readBytes(req: IncomingMessage, limit: number, onBytes: (bytes: number) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(req.headers['content-length']) > limit) {
      reject(tooLarge(limit))
      return
    }
    const chunks: Buffer[] = []
    let size = 0
    const stop = (): void => {
      req.off('data', onData)
      req.off('end', onEnd)
      req.off('close', onGone)
    }
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      try {
        if (size > limit) throw tooLarge(limit)
        onBytes(chunk.length)
        chunks.push(chunk)
      } catch (error) {
        stop()
        reject(error)
      }
    }
    const onEnd = (): void => {
      stop()
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))
    }
    const onGone = (): void => {
      stop()
      reject(gone())
    }
    req.on('data', onData)
    req.on('end', onEnd)
    req.on('close', onGone)
    // An error is followed by 'close'; without a listener it would end the process.
    req.on('error', ignore)
  })
}

function ignore(): void {}

function gone(): AppError {
  return new AppError(StatusCode.RPC_CANCELED, 'The connection closed before the whole request had come.')
}

// Piece by piece, so that what a small body unpacks to is counted while it grows and not when it is there.
async function unpackWithin(
  bytes: Buffer,
  stream: Transform,
  limit: number,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  stream.end(bytes)
  try {
    for await (const piece of stream as AsyncIterable<Buffer>) {
      size += piece.length
      if (size > limit) throw tooLarge(limit)
      onBytes(piece.length)
      pieces.push(piece)
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError(
      StatusCode.CONN_BAD_REQUEST_FORMAT,
      'The request body is not compressed as its Content-Encoding says.',
    )
  }
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, size)
}

function textOf(bytes: Buffer): string {
  // Bytes that are all ASCII, as with base64 media, need no decoding.
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (!isUtf8(bytes)) throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, 'The request body must be UTF-8 text.')
  const text = bytes.toString('utf8')
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
