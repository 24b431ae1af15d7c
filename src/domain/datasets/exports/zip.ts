import { pipeline, Readable } from 'node:stream'
import { promisify } from 'node:util'
import { crc32, createDeflateRaw, deflateRaw } from 'node:zlib'
import { centralHeader, endOf, type Header, localHeader, sizesAfter } from './zip-headers.ts'

// Made here and not by a package: those that are well kept sum up the bytes in JavaScript, which takes longer than
// everything else that an export does.

/** One file of an archive: its bytes, made when it is its turn. */
export interface Entry {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array> | Uint8Array
  /** Whether the file is kept as it is, not packed. */
  readonly plain?: boolean
}

/** Fast, as most of the time of an export goes into packing. */
const LEVEL = 1

const deflate = promisify(deflateRaw) as (bytes: Uint8Array, options: { level: number }) => Promise<Buffer>

/**
 * A zip archive as a stream of its bytes, however large; entries are asked for one after the other, so that little is
 * in memory. The same entries make the same archive.
 */
export async function* zipOf(entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  const headers: Header[] = []
  let offset = 0
  for await (const { name, content, plain = false } of entries) {
    const parts =
      content instanceof Uint8Array ? wholeFile(name, content, plain, offset) : streamedFile(name, content, offset)
    for (;;) {
      const { value, done } = await parts.next()
      if (done) {
        headers.push(value)
        break
      }
      offset += value.length
      yield value
    }
  }
  const central = headers.map(centralHeader)
  yield Buffer.concat([...central, endOf(headers.length, offset, central)])
}

async function* wholeFile(
  name: string,
  content: Uint8Array,
  plain: boolean,
  offset: number,
): AsyncGenerator<Uint8Array, Header> {
  const packed = plain ? content : await deflate(content, { level: LEVEL })
  const header = {
    name,
    offset,
    isPacked: !plain,
    isStreamed: false,
    crc: crc32(content),
    packedSize: packed.length,
    size: content.length,
  }
  yield localHeader(header)
  yield packed
  return header
}

/** A file whose size is known when it is written: its sums come behind it. */
async function* streamedFile(
  name: string,
  content: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<Uint8Array, Header> {
  const sums = { crc: 0, packedSize: 0, size: 0 }
  const counted = async function* () {
    for await (const bytes of content) {
      sums.crc = crc32(bytes, sums.crc)
      sums.size += bytes.length
      yield bytes
    }
  }
  const header = { name, offset, isPacked: true, isStreamed: true }
  yield localHeader({ ...header, ...sums })
  const packer = createDeflateRaw({ level: LEVEL })
  // What goes wrong ends the packer, and with it the loop.
  pipeline(Readable.from(counted(), { objectMode: false }), packer, () => {})
  for await (const packed of packer as AsyncIterable<Buffer>) {
    sums.packedSize += packed.length
    yield packed
  }
  yield sizesAfter(sums)
  return { ...header, ...sums }
}
