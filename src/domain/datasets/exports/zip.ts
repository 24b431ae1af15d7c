import { once } from 'node:events'
import { Readable } from 'node:stream'
import { ZipFile } from 'yazl'

/** One file of an archive: its bytes, made when it is its turn. */
export interface Entry {
  readonly name: string
  readonly content: AsyncIterable<Uint8Array> | Uint8Array
  /** Whether the file is kept as it is, so that others can read it without unpacking. */
  readonly plain?: boolean
}

// Always the same, so that an export of the same content is the same file.
const MTIME = new Date('1980-01-01T00:00:00Z')
/** Fast, as most of the time of an export goes into packing. */
const LEVEL = 1

/** A zip archive as a stream of its bytes; entries are asked for one after the other, so that little is in memory. */
export function zipOf(entries: AsyncIterable<Entry>): AsyncIterable<Uint8Array> {
  const zip = new ZipFile()
  const output = zip.outputStream as Readable
  void addAll(zip, output, entries)
  return output
}

async function addAll(zip: ZipFile, output: Readable, entries: AsyncIterable<Entry>): Promise<void> {
  // Whoever stops reading must not leave the entries waiting.
  const stopped = once(output, 'close')
  stopped.catch(() => {})
  try {
    for await (const { name, content, plain = false } of entries) {
      const options = { mtime: MTIME, forceDosTimestamp: true, compressionLevel: plain ? 0 : LEVEL }
      if (content instanceof Uint8Array && plain) {
        zip.addBuffer(Buffer.from(content), name, options)
        continue
      }
      const stream = Readable.from(content instanceof Uint8Array ? [content] : content, { objectMode: false })
      zip.addReadStream(stream, name, options)
      await Promise.race([once(stream, 'end'), stopped])
      if (output.destroyed) return
    }
    zip.end()
  } catch (error) {
    output.destroy(error as Error)
  }
}
