import type { DescMessage, Message } from '@bufbuild/protobuf'
import { compileReader } from './compile-reader.ts'
import { compileWriter } from './compile-writer.ts'
import { emptyMessageSource } from './fields.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export type ReadMessage = (reader: Reader, end: number, message: Message, depth: number) => Message
export type WriteMessage = (writer: Writer, message: Message) => void

const NO_BYTES = new Uint8Array(0)

/**
 * The functions that make, read and write messages of one type.
 *
 * They are generated as source text from the descriptor on first use: code that names its fields is several times
 * faster than code that looks them up. Nothing but the descriptors of the contract goes into the text.
 */
export class MessageCodec {
  readonly desc: DescMessage
  create: () => Message
  read: ReadMessage
  write: WriteMessage

  constructor(desc: DescMessage) {
    this.desc = desc
    this.create = () => {
      this.create = new Function('NO_BYTES', `return () => (${emptyMessageSource(desc)})`)(NO_BYTES) as () => Message
      return this.create()
    }
    this.read = (reader, end, message, depth) => {
      this.read = compileReader(desc, codecOf)
      return this.read(reader, end, message, depth)
    }
    this.write = (writer, message) => {
      this.write = compileWriter(desc, codecOf)
      this.write(writer, message)
    }
  }
}

const codecs = new WeakMap<DescMessage, MessageCodec>()

/** The codec of a message type, always the same one. */
export function codecOf(desc: DescMessage): MessageCodec {
  let codec = codecs.get(desc)
  if (codec === undefined) {
    codec = new MessageCodec(desc)
    codecs.set(desc, codec)
  }
  return codec
}
