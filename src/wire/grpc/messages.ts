import type { DescMessage, Message } from '@bufbuild/protobuf'
import { decodeMessage, encodeMessage } from '../../contract/binary/index.ts'
import { compress, type Encoding } from './compression.ts'
import { compressedFrame, PREFIX_BYTES, tooLarge, writePrefix } from './framing.ts'
import { GrpcError, GrpcStatus } from './status.ts'

/** Turns a frame into a message; throws GrpcError for bytes that are not one. */
export function decodeFrame(desc: DescMessage, data: Uint8Array): Message {
  try {
    return decodeMessage(desc, data)
  } catch (error) {
    throw new GrpcError(GrpcStatus.INTERNAL, `The request is not a valid ${desc.typeName} message`, { cause: error })
  }
}

/** The frame of a message, not compressed; throws GrpcError RESOURCE_EXHAUSTED past the limit. */
export function encodeFrame(desc: DescMessage, message: Message, maxBytes: number): Buffer {
  const frame = encodeMessage(desc, message, PREFIX_BYTES)
  if (frame.length - PREFIX_BYTES > maxBytes) throw tooLarge(maxBytes)
  return writePrefix(frame)
}

/** The frame to send instead of a plain one: compressed where that pays, else the same. */
export async function deflateFrame(frame: Buffer, encoding: Encoding): Promise<Buffer> {
  const smaller = await compress(frame.subarray(PREFIX_BYTES), encoding)
  return smaller === undefined ? frame : compressedFrame(smaller)
}
