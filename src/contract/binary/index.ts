import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'

/** Decodes a message; throws Error for bytes that are not one. */
export function decodeMessage(desc: DescMessage, bytes: Uint8Array): Message {
  return fromBinary(desc, bytes)
}

/** Encodes a message after `headroom` bytes that are left free for a prefix. */
export function encodeMessage(desc: DescMessage, message: Message, headroom = 0): Buffer {
  const bytes = toBinary(desc, message)
  const out = Buffer.allocUnsafe(headroom + bytes.length)
  out.set(bytes, headroom)
  return out
}
