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

/** Reads a body to its end into memory; throws what `limited` throws. */
export async function readBody(body: Readable, encoding: string, maxBytes: number): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(limited(body, encoding, maxBytes)))
}

/**
 * The pieces of a body, its content encoding undone, up to `maxBytes`, counted before and after; leaving the loop ends
 * the body. Throws AppError 30105 beyond the limit, 30002 for an unknown encoding, the stream's error if it breaks.
 */
export async function* limited(
  body: Readable,
  encoding: string,
  maxBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
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
  const counted = async function* (stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    let total = 0
    for await (const chunk of stream) {
      total += chunk.length
      if (total > maxBytes) throw tooLarge(maxBytes)
      yield chunk
    }
  }
  if (!makeDecoder) {
    yield* counted(body)
    return
  }
  const decoder = makeDecoder()
  // The decoder ends with the error of whatever failed before it, so that the loop below sees it.
  pipeline(body, counted, decoder).catch(() => {})
  yield* counted(decoder)
}

/** Ends a body that nobody wants, without reading on. */
export function discard(body: Readable): void {
  body.on('error', () => {}).destroy()
}
