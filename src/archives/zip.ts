import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import type { Archive, ArchiveFile } from './archive.ts'
import { Budget } from './budget.ts'
import { badName, isJunk, plainName } from './names.ts'
import { ArchiveBroken, fileDamaged, shown } from './problem.ts'

const UNIX = 3
/** The flag that a name is in UTF-8, and the field that has such a name beside the other. */
const UTF8 = 0x800
const UNICODE_PATH = 0x7075
const FILE_TYPE = 0o170000
const REGULAR = 0o100000

/** Opens a zip file of `size` bytes; throws ArchiveBroken when it is none. */
export async function openZip(path: string, size: number): Promise<Archive> {
  try {
    // Names are decoded here, so that one that is not well does not end the whole.
    return new ZipArchive(await yauzl.openPromise(path, { autoClose: false, decodeStrings: false }), size)
  } catch (error) {
    throw broken(error)
  }
}

class ZipArchive implements Archive {
  readonly sequential = false
  readonly #zip: ZipFile
  readonly #size: number

  constructor(zip: ZipFile, size: number) {
    this.#zip = zip
    this.#size = size
  }

  async *files(skip: number): AsyncGenerator<ArchiveFile, void, undefined> {
    const budget = new Budget(this.#size)
    let at = 0
    const entries = this.#zip.eachEntry()[Symbol.asyncIterator]()
    for (;;) {
      const next = await entries.next().catch((error: unknown) => {
        throw broken(error)
      })
      if (next.done) return
      const entry = next.value
      const name = nameOf(entry)
      if (name.endsWith('/') || isJunk(name)) continue
      budget.file()
      const refusal = refusalOf(entry, name)
      // The library ends a file that has more than is said here.
      if (refusal === undefined) budget.bytes(entry.uncompressedSize)
      if (at++ < skip) continue
      const file = { name, size: entry.uncompressedSize, read: () => this.#read(entry, name) }
      yield refusal === undefined ? file : { ...file, refusal }
    }
  }

  async *#read(entry: Entry, name: string): AsyncGenerator<Uint8Array, void, undefined> {
    let sum = 0
    try {
      const stream: Readable = await this.#zip.openReadStreamPromise(entry)
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        sum = crc32(chunk, sum)
        yield chunk
      }
    } catch (error) {
      throw isOfDisk(error) ? error : fileDamaged(name, error)
    }
    // The library leaves this to its users.
    if (sum !== entry.crc32) throw fileDamaged(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#zip.close()
  }
}

function nameOf({ generalPurposeBitFlag: flags, fileNameRaw: raw, extraFields }: Entry): string {
  // Many programs write UTF-8 and do not say so; names in the old alphabet hardly ever look like it.
  const saysSo = extraFields.some(({ id }) => id === UNICODE_PATH)
  const told = !saysSo && isUtf8(raw) ? flags | UTF8 : flags
  return plainName(yauzl.getFileNameLowLevel(told, raw, extraFields, false))
}

function refusalOf(entry: Entry, name: string): string | undefined {
  const bad = badName(name)
  if (bad) return `The file '${shown(name)}' ${bad}.`
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE
  if (entry.versionMadeBy >>> 8 === UNIX && type !== 0 && type !== REGULAR) {
    return `'${shown(name)}' is a link or device and no file.`
  }
  if (entry.isEncrypted()) return `The file '${shown(name)}' is protected by a password; pack it without one.`
  if (!entry.canDecodeFileData()) {
    return `The file '${shown(name)}' is packed by the method ${entry.compressionMethod}; use deflate.`
  }
  return undefined
}

/** Errors of the library as problems of the archive; those of the disk, which have a code, stay what they are. */
function broken(error: unknown): unknown {
  if (error instanceof ArchiveBroken || isOfDisk(error)) return error
  return new ArchiveBroken(`The zip file cannot be read: ${shown((error as Error).message)}.`, error)
}

function isOfDisk(error: unknown): boolean {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' && !code.startsWith('Z_')
}
