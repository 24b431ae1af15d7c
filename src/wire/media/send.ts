import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FoundMediaFile } from '../../domain/media/find.ts'
import type { Services } from '../../domain/services.ts'
import { cut, isClosed } from '../http/http-call.ts'
import { readRange, type Span } from './range.ts'

/** How long a browser may show a medium that it was given for itself alone, in seconds. */
const PRIVATE_SECONDS = 3_600
/** How long a medium of a public app may be kept, in seconds: contents never change under their address. */
const PUBLIC_SECONDS = 31_536_000

/** What an answer with a medium depends on beside its address. */
export const VARY = 'origin, authorization, cookie, x-clarifai-session-token'

/** Answers with a stored file: whole, a part of it, only its headers, or that it is what the client has. */
export async function sendFile(
  services: Services,
  req: IncomingMessage,
  res: ServerResponse,
  file: FoundMediaFile,
  isPublic: boolean,
): Promise<void> {
  const etag = `"${file.hash}${file.start === 0 ? '' : `-${file.start}`}"`
  const headers = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': isPublic ? `public, max-age=${PUBLIC_SECONDS}, immutable` : `private, max-age=${PRIVATE_SECONDS}`,
    vary: VARY,
    'x-content-type-options': 'nosniff',
    // Whatever somebody has uploaded must not run in the name of this origin.
    'content-security-policy': 'sandbox',
    'cross-origin-resource-policy': 'cross-origin',
  }
  if (isSame(req.headers['if-none-match'], etag)) {
    res.writeHead(304, headers)
    res.end()
    return
  }
  const ifRange = req.headers['if-range']
  const span = ifRange === undefined || ifRange === etag ? readRange(req.headers.range, file.size) : undefined
  const length = span ? span.end - span.start + 1 : file.size
  res.writeHead(span ? 206 : 200, {
    ...headers,
    'content-type': file.contentType,
    'content-length': length,
    ...(span && { 'content-range': `bytes ${span.start}-${span.end}/${file.size}` }),
  })
  if (req.method === 'HEAD' || length === 0) {
    res.end()
    return
  }
  try {
    await pipeline(await contentOf(services, file, span), res)
  } catch (error) {
    if (isClosed(res)) return
    cut(res)
    throw error
  }
}

/** Whether If-None-Match names what is there; it compares weakly. */
function isSame(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((part) => part.trim() === '*' || part.trim().replace(/^W\//, '') === etag)
}

async function contentOf(
  { blobs }: Services,
  { content, hash, start, size, sizeName }: FoundMediaFile,
  span: Span | undefined,
): Promise<Readable> {
  const { start: first, end: last } = span ?? { start: 0, end: size - 1 }
  if (content) return Readable.from([content.subarray(first, last + 1)])
  // Only an original is known to be the whole of its blob; read whole, it is checked on the way.
  if (!span && sizeName === 'orig') return blobs.read(hash)
  return blobs.read(hash, { start: start + first, end: start + last })
}
