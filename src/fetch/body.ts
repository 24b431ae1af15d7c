import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { downloadFailed, tooLarge } from './errors.ts'

const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** The encodings that `readBody` undoes, as a request header. */
export const ACCEPT_ENCODING = 'gzip, deflate, br'

/**
 * Reads a body to its end, undoing its content encoding, and stops as soon as it has more than `maxBytes`, counted
 * before and after. Throws AppError 30105 then, 30002 for an unknown encoding, the stream's error if it breaks.
 */
export async function readBody(body: Readable, encoding: string, maxBytes: number): Promise<Buffer> {
  const names = encoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name && name !== 'identity')
  const makeDecoder = names.length === 1 ? DECODERS[names[0]!] : undefined
  if (names.length > 0 && !makeDecoder) {
    discard(body)
    throw downloadFailed('The server sent a content encoding that is not supported')
  }
  const chunks: Buffer[] = []
  const limited = async function* (stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let total = 0
    for await (const chunk of stream) {
      total += chunk.length
      if (total > maxBytes) throw tooLarge(maxBytes)
      yield chunk
    }
  }
  const collect = async (stream: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of limited(stream)) chunks.push(chunk)
  }
  if (makeDecoder) await pipeline(body, limited, makeDecoder(), collect)
  else await pipeline(body, collect)
  return Buffer.concat(chunks)
}

/** Ends a body that nobody wants, without reading on. */
export function discard(body: Readable): void {
  body.on('error', () => {}).destroy()
}
