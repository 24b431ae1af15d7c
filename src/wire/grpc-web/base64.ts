import { Transform, type TransformCallback } from 'node:stream'
import { GrpcError, GrpcStatus } from '../grpc/status.ts'

const INVALID = /[^A-Za-z0-9+/=\-_\r\n]/
const LINE_ENDS = /[\r\n]+/g
/** A padded end of one coded piece, also in the middle where pieces were put one after the other. */
const PIECE = /[^=]+=*/g

/**
 * Decodes base64 text of any chunking into bytes, including several padded pieces one after the other.
 *
 * Fails with GrpcError INVALID_ARGUMENT on text that is not base64.
 */
export class Base64Decoder extends Transform {
  #rest = ''

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    const text = chunk.toString('latin1')
    if (INVALID.test(text)) {
      done(invalid())
      return
    }
    const all = this.#rest + (text.includes('\n') || text.includes('\r') ? text.replace(LINE_ENDS, '') : text)
    // A piece ends on a multiple of four characters, so groups of four never straddle two pieces.
    const usable = all.length - (all.length % 4)
    this.#rest = all.slice(usable)
    done(null, decodePieces(all.slice(0, usable)))
  }

  override _flush(done: TransformCallback): void {
    const rest = this.#rest
    // Unpadded ends of two or three characters are complete; one alone cannot be.
    if (rest.length === 1 || rest.startsWith('=')) done(invalid())
    else done(null, Buffer.from(rest, 'base64'))
  }
}

function decodePieces(text: string): Buffer {
  const padding = text.indexOf('=')
  if (padding === -1 || padding >= text.length - 2) return Buffer.from(text, 'base64')
  return Buffer.concat((text.match(PIECE) ?? []).map((piece) => Buffer.from(piece, 'base64')))
}

function invalid(): GrpcError {
  return new GrpcError(GrpcStatus.INVALID_ARGUMENT, 'The request body is not base64 text')
}
