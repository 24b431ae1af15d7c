import { once } from 'node:events'
import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Parser, type ReadEntry } from 'tar'
import type { Archive, ArchiveFile } from './archive.ts'
import { Budget } from './budget.ts'
import { badName, isJunk, plainName } from './names.ts'
import { ArchiveBroken, shown } from './problem.ts'

/** How a tar file is packed. */
export type TarPacking = 'plain' | 'gzip' | 'zstd'

const UNPACK: Readonly<Record<Exclude<TarPacking, 'plain'>, () => Transform>> = {
  gzip: () => createGunzip(),
  zstd: () => createZstdDecompress(),
}

const FILES = new Set(['File', 'OldFile', 'ContiguousFile'])
const FOLDERS = new Set(['Directory', 'GNUDumpDir'])
const LINKS = new Set(['Link', 'SymbolicLink', 'CharacterDevice', 'BlockDevice', 'FIFO'])
const BLOCK_BYTES = 512
/** Beginnings of packed files, which the library would unpack unasked. */
const PACKED = ['1f8b', '28b52ffd']

/** Opens a tar file of `size` bytes whose bytes `open` gives from the beginning, each time it is asked. */
export const openTar = (open: () => Promise<Readable>, size: number, packing: TarPacking): Archive => ({
  sequential: true,
  files: (skip) => filesOf(open, size, packing, skip),
  async [Symbol.asyncDispose]() {},
})

async function* filesOf(
  open: () => Promise<Readable>,
  size: number,
  packing: TarPacking,
  skip: number,
): AsyncGenerator<ArchiveFile, void, undefined> {
  const reader = new TarReader(await open(), packing, new Budget(size))
  try {
    let at = 0
    for (;;) {
      const entry = await reader.next()
      if (!entry) return
      const name = plainName(entry.path)
      const type = entry.type
      if (FOLDERS.has(type) || name.endsWith('/') || isJunk(name) || (!FILES.has(type) && !LINKS.has(type))) {
        entry.resume()
        continue
      }
      reader.budget.file()
      if (at++ < skip) {
        entry.resume()
        continue
      }
      const refusal = refusalOf(name, type)
      const file = { name, size: entry.size, read: () => reader.read(entry) }
      yield refusal === undefined ? file : { ...file, refusal }
      // Whatever was not read is in the way of the next one.
      entry.resume()
    }
  } finally {
    reader.stop()
  }
}

function refusalOf(name: string, type: string): string | undefined {
  const bad = badName(name)
  if (bad) return `The file '${shown(name)}' ${bad}.`
  return LINKS.has(type) ? `'${shown(name)}' is a link or device and no file.` : undefined
}

/** Feeds the parser of the library and hands its entries out one by one. */
class TarReader {
  readonly budget: Budget
  readonly #source: Readable
  readonly #parser: Parser
  readonly #entries: ReadEntry[] = []
  readonly #stop = new AbortController()
  #over = false
  #error: unknown
  #wake = Promise.withResolvers<void>()

  constructor(source: Readable, packing: TarPacking, budget: Budget) {
    this.budget = budget
    const decoder = packing === 'plain' ? undefined : UNPACK[packing]()
    // The reader of the decoder gets every error; the pipeline is here to close the source in all cases.
    this.#source = decoder ? pipeline(source, decoder, () => undefined) : source
    this.#parser = new Parser({
      onReadEntry: (entry) => {
        this.#entries.push(entry)
        this.#tell()
      },
      onwarn: (code, message) => {
        // Attributes that are not understood do no harm.
        if (code !== 'TAR_ENTRY_INFO' && code !== 'TAR_ENTRY_UNSUPPORTED') this.#fail(message)
      },
    })
    this.#parser.on('error', (error: unknown) => this.#fail(error))
    void this.#feed().catch((error: unknown) => this.#fail(error))
  }

  /** The next entry, whose content has to be read or passed over; undefined behind the last. */
  async next(): Promise<ReadEntry | undefined> {
    for (;;) {
      const entry = this.#entries.shift()
      if (entry) return entry
      if (this.#error !== undefined) throw this.#error
      if (this.#over) return undefined
      await this.#wake.promise
    }
  }

  async *read(entry: ReadEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const chunks: Buffer[] = []
    let ended = false
    entry.on('data', (chunk) => {
      chunks.push(chunk as Buffer)
      if (chunks.length > 1) entry.pause()
      this.#tell()
    })
    entry.on('end', () => {
      ended = true
      this.#tell()
    })
    for (;;) {
      const chunk = chunks.shift()
      if (chunk) yield chunk
      else if (ended) return
      else if (this.#error !== undefined) throw this.#error
      else {
        entry.resume()
        if (chunks.length === 0 && !ended) await this.#wake.promise
      }
    }
  }

  stop(): void {
    this.#stop.abort()
    this.#source.destroy()
  }

  #tell(): void {
    this.#wake.resolve()
    this.#wake = Promise.withResolvers<void>()
  }

  #fail(error: unknown): void {
    if (this.#error === undefined) this.#error = broken(error)
    this.stop()
    this.#tell()
  }

  async #feed(): Promise<void> {
    let isFirst = true
    for await (const chunk of this.#source as AsyncIterable<Buffer>) {
      if (isFirst && PACKED.some((sign) => chunk.toString('hex', 0, 4).startsWith(sign))) {
        throw new ArchiveBroken('The archive is packed twice; pack its files once.')
      }
      // An archive without files, which the library takes for none at all.
      if (isFirst && chunk.length >= BLOCK_BYTES && chunk.subarray(0, BLOCK_BYTES).every((byte) => byte === 0)) break
      isFirst = false
      this.budget.bytes(chunk.length)
      if (!this.#parser.write(chunk)) await once(this.#parser, 'drain', { signal: this.#stop.signal })
    }
    const end = (): void => {
      this.#over = true
      this.#tell()
    }
    if (isFirst) return end()
    // Comes when the last entry has been read.
    this.#parser.once('end', end)
    this.#parser.end()
  }
}

/** Errors of the library and of unpacking as problems of the archive; those of the disk stay what they are. */
function broken(error: unknown): unknown {
  if (error instanceof ArchiveBroken) return error
  const { code } = (error ?? {}) as { code?: unknown }
  const ofDisk = typeof code === 'string' && !/^(Z_|ZSTD_|TAR_|ERR_|ABORT_ERR)/.test(code)
  if (ofDisk) return error
  const words = typeof error === 'string' ? error : (error as Error).message
  return new ArchiveBroken(`The tar file cannot be read: ${shown(words)}.`, error)
}
