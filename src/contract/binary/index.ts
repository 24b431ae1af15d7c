import type { DescMessage, Message, MessageShape } from '@bufbuild/protobuf'
import { codecOf } from './codec.ts'
import { Reader } from './reader.ts'
import { Writer } from './writer.ts'

const writer = new Writer()

/**
 * An empty message, equal to those of protobuf-es' own `create`. That one fills an object field by field, which makes a
 * dictionary of messages with many fields (Data, Output, Model): several times as slow to make, to read and to copy.
 */
export function emptyMessage<Desc extends DescMessage>(desc: Desc): MessageShape<Desc> {
  return codecOf(desc).create() as MessageShape<Desc>
}

/**
 * Decodes a message of the contract into the same objects that protobuf-es makes.
 *
 * Bytes fields are views of `bytes`. Fields that are not in the contract are dropped. Throws Error for bytes that are
 * not such a message.
 */
export function decodeMessage(desc: DescMessage, bytes: Uint8Array): Message {
  const codec = codecOf(desc)
  return codec.read(new Reader(bytes), bytes.length, codec.create(), 1)
}

/**
 * Encodes a message, byte for byte as protobuf-es does, after `headroom` bytes that are left free for a prefix.
 *
 * Throws Error for a message of another type and for numbers out of range.
 */
export function encodeMessage(desc: DescMessage, message: Message, headroom = 0): Buffer {
  if (message.$typeName !== desc.typeName) throw new Error(`a ${message.$typeName} is not a ${desc.typeName}`)
  try {
    codecOf(desc).write(writer, message)
    return writer.finish(headroom)
  } catch (error) {
    writer.reset()
    throw error
  }
}
