import { promisify } from 'node:util'
import { constants, deflate, deflateSync, gunzip, gzip, inflate } from 'node:zlib'
import { tooLarge } from './framing.ts'
import { COMPRESS_MAX_RATIO, COMPRESS_MIN_BYTES, COMPRESS_SAMPLE_BYTES } from './limits.ts'
import { GrpcError, GrpcStatus } from './status.ts'

/** What this server reads and writes, as the `grpc-accept-encoding` header lists it. */
export const ACCEPTED_ENCODINGS = 'identity,deflate,gzip'

export type Encoding = 'deflate' | 'gzip'

const decompressors = { gzip: promisify(gunzip), deflate: promisify(inflate) }
const compressors = { gzip: promisify(gzip), deflate: promisify(deflate) }

/** The request's encoding from `grpc-encoding`, undefined for none; throws GrpcError UNIMPLEMENTED for unknown ones. */
export function requestEncoding(header: string | undefined): Encoding | undefined {
  if (header === undefined || header === 'identity') return undefined
  if (header === 'gzip' || header === 'deflate') return header
  throw new GrpcError(
    GrpcStatus.UNIMPLEMENTED,
    `Message encoding ${header} is not supported; use ${ACCEPTED_ENCODINGS}`,
  )
}

/** The encoding that answers may use by the client's `grpc-accept-encoding`. */
export function responseEncoding(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined
  if (header.includes('gzip')) return 'gzip'
  return header.includes('deflate') ? 'deflate' : undefined
}

/** Decompresses one message; throws GrpcError RESOURCE_EXHAUSTED past the limit, INTERNAL when it is not readable. */
export async function decompress(data: Buffer, encoding: Encoding | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined) {
    throw new GrpcError(GrpcStatus.INTERNAL, 'A message is marked as compressed, but the call has no grpc-encoding')
  }
  try {
    return await decompressors[encoding](data, { maxOutputLength: maxBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes)
    throw new GrpcError(GrpcStatus.INTERNAL, `A message is not valid ${encoding} data`, { cause: error })
  }
}

/** Compresses a message for the wire; undefined when it is small or would hardly become smaller. */
export async function compress(data: Buffer, encoding: Encoding): Promise<Buffer | undefined> {
  if (data.length < COMPRESS_MIN_BYTES) return undefined
  const middle = (data.length - COMPRESS_SAMPLE_BYTES) >>> 1
  const sample = data.subarray(middle, middle + COMPRESS_SAMPLE_BYTES)
  const options = { level: constants.Z_BEST_SPEED }
  if (deflateSync(sample, options).length > sample.length * COMPRESS_MAX_RATIO) return undefined
  return compressors[encoding](data, options)
}
