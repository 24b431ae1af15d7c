import { promisify } from 'node:util'
import { constants, crc32, deflateRaw } from 'node:zlib'
import { centralHeader, endOf, type Header, localHeader, sizesAfter } from './zip-headers.ts'

// Made here and not by a package: those that are well kept sum up the bytes in JavaScript, which takes longer than
// everything else that an export does, and none can go on with an archive that was cut off.

/** One file of an archive: its bytes, made when it is its turn. */
export interface Entry<Cursor = never> {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array | Mark<Cursor>> | Uint8Array
  /** Whether the file is kept as it is, not packed. */
  readonly plain?: boolean
}

/** Said by whoever makes files, between or within them: from this cursor on they can be made again. */
export class Mark<Cursor> {
  readonly cursor: Cursor
  /** How far everything is, in whatever it is counted in. */
  readonly done: number

  constructor(cursor: Cursor, done: number) {
    this.cursor = cursor
    this.done = done
  }
}

/** How far an archive is, as plain JSON. */
export interface ZipPlace {
  /** Bytes so far. */
  readonly offset: number
  /** The streamed file in the middle of which it is. */
  readonly open?: Header
}

/** A mark within the bytes of an archive. */
export class ZipMark<Cursor> {
  readonly place: ZipPlace
  readonly mark: Mark<Cursor>
  /** Files that have ended since the mark before. */
  readonly files: readonly Header[]

  constructor(place: ZipPlace, mark: Mark<Cursor>, files: readonly Header[]) {
    this.place = place
    this.mark = mark
    this.files = files
  }
}

/** Fast, as most of the time of an export goes into packing. */
const LEVEL = 1

const deflate = promisify(deflateRaw) as (
  bytes: Uint8Array,
  options: { level: number; finishFlush?: number },
) => Promise<Buffer>

/** The end of packed bytes of which none said that it was the last block. */
const LAST_BLOCK = Buffer.of(3, 0)

/**
 * A zip archive as a stream of its bytes, however large; entries are asked for one after the other, so that little is
 * in memory. The same entries make the same archive.
 */
export async function* zipOf(entries: AsyncIterable<Entry>): AsyncGenerator<Uint8Array> {
  for await (const bytes of markedZip(entries)) if (!(bytes instanceof ZipMark)) yield bytes
}

/**
 * The same with the marks of its entries. Whoever goes on from a mark gives its place and all files that had ended
 * there, and entries from its cursor on, the first being the rest of the open file if there is one: the bytes are those
 * that came behind the mark.
 */
export async function* markedZip<Cursor>(
  entries: AsyncIterable<Entry<Cursor> | Mark<Cursor>>,
  from?: { readonly place: ZipPlace; readonly files: readonly Header[] },
): AsyncGenerator<Uint8Array | ZipMark<Cursor>> {
  const files = [...(from?.files ?? [])]
  let told = files.length
  let open = from?.place.open
  let offset = from?.place.offset ?? 0
  const reached = (mark: Mark<Cursor>, at?: Header): ZipMark<Cursor> => {
    const ended = files.slice(told)
    told = files.length
    return new ZipMark({ offset, ...(at && { open: { ...at } }) }, mark, ended)
  }
  for await (const entry of entries) {
    if (entry instanceof Mark) {
      yield reached(entry)
      continue
    }
    const { name, content, plain = false } = entry
    const parts =
      content instanceof Uint8Array
        ? wholeFile(name, content, plain, offset)
        : streamedFile(open ?? { ...NEW_STREAM, name, offset }, content, open === undefined)
    open = undefined
    try {
      for (;;) {
        const { value, done } = await parts.next()
        if (done) {
          files.push(value)
          break
        }
        if (value instanceof Uint8Array) {
          offset += value.length
          yield value
        } else yield reached(value.mark, value.header)
      }
    } finally {
      // Whoever leaves the archive leaves what it is made from.
      await parts.return(undefined as never)
    }
  }
  const central = files.map(centralHeader)
  yield Buffer.concat([...central, endOf(files.length, offset, central)])
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

const NEW_STREAM = { isPacked: true, isStreamed: true, crc: 0, packedSize: 0, size: 0 }

/**
 * A file whose size is known when it is written: its sums come behind it. Each piece is packed by itself, so that
 * nothing but the sums has to be known to go on behind one.
 */
async function* streamedFile<Cursor>(
  start: Header,
  content: AsyncIterable<Uint8Array | Mark<Cursor>>,
  isNew: boolean,
): AsyncGenerator<Uint8Array | { readonly mark: Mark<Cursor>; readonly header: Header }, Header> {
  const header = { ...start }
  if (isNew) yield localHeader(header)
  for await (const bytes of content) {
    if (bytes instanceof Mark) {
      yield { mark: bytes, header }
      continue
    }
    const packed = await deflate(bytes, { level: LEVEL, finishFlush: constants.Z_FULL_FLUSH })
    header.crc = crc32(bytes, header.crc)
    header.size += bytes.length
    header.packedSize += packed.length
    yield packed
  }
  header.packedSize += LAST_BLOCK.length
  yield LAST_BLOCK
  yield sizesAfter(header)
  return header
}
