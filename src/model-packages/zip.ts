import { open, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { isAppError } from '../base/errors.ts'
import { uploadProblem } from '../engines/onnx-model/problem.ts'
import { MODEL_BYTES_MAX, PACK_RATIO_FROM_BYTES, PACK_RATIO_MAX, PACKAGE_FILES_MAX } from './limits.ts'

/** A zip file whose list of files has been read and found harmless; nothing is unpacked but what is asked for by name. */
export class PackageZip implements AsyncDisposable {
  readonly #zip: ZipFile
  readonly #entries: ReadonlyMap<string, Entry>

  private constructor(zip: ZipFile, entries: ReadonlyMap<string, Entry>) {
    this.#zip = zip
    this.#entries = entries
  }

  /** Opens a package. Throws AppError 21105 when it is damaged, when a name leads out of it, or when it is a bomb. */
  static async open(path: string): Promise<PackageZip> {
    let zip: ZipFile | undefined
    try {
      // Names and the sizes that the list promises are checked by the library.
      zip = await yauzl.openPromise(path, { autoClose: false, strictFileNames: true })
      const entries = new Map<string, Entry>()
      let bytes = 0
      if (zip.entryCount > PACKAGE_FILES_MAX) throw tooMany(zip.entryCount)
      for await (const entry of zip.eachEntry()) {
        if (entry.fileName.endsWith('/')) continue
        if (entries.has(entry.fileName)) throw uploadProblem(`The zip file has two files '${shown(entry.fileName)}'.`)
        entries.set(entry.fileName, entry)
        if (entries.size > PACKAGE_FILES_MAX) throw tooMany(entries.size)
        checkSize(entry)
        bytes += entry.uncompressedSize
        if (bytes > MODEL_BYTES_MAX) {
          throw uploadProblem(`The files in the zip file have more than ${MODEL_BYTES_MAX} bytes together.`)
        }
      }
      return new PackageZip(zip, entries)
    } catch (error) {
      zip?.close()
      throw readable(error)
    }
  }

  /** Names of the files, folders with '/' in between. */
  get names(): readonly string[] {
    return [...this.#entries.keys()]
  }

  /** A small file in memory. Throws AppError 21105 beyond `bytesMax`. */
  async bytes(name: string, bytesMax: number): Promise<Buffer> {
    const entry = this.#entries.get(name)!
    if (entry.uncompressedSize > bytesMax) {
      throw uploadProblem(
        `The file '${shown(name)}' has ${entry.uncompressedSize} bytes; at most ${bytesMax} are possible.`,
      )
    }
    try {
      return await buffer(await this.#stream(entry))
    } catch (error) {
      throw readable(error)
    }
  }

  /** Unpacks a file to a path, which must be free. */
  async unpack(name: string, path: string): Promise<void> {
    const handle = await open(path, 'wx', 0o600)
    try {
      const entry = this.#entries.get(name)!
      let sum = 0
      for await (const chunk of (await this.#stream(entry)) as AsyncIterable<Buffer>) {
        sum = crc32(chunk, sum)
        await handle.writeFile(chunk)
      }
      // The library leaves this to its users.
      if (sum !== entry.crc32)
        throw uploadProblem(`The file '${shown(name)}' in the zip file is damaged; send it again.`)
    } catch (error) {
      await rm(path, { force: true })
      throw readable(error)
    } finally {
      await handle.close()
    }
  }

  #stream(entry: Entry): Promise<Readable> {
    if (entry.isEncrypted()) throw uploadProblem('The zip file is protected by a password; send it without one.')
    return this.#zip.openReadStreamPromise(entry)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#zip.close()
  }
}

function checkSize({ fileName, compressedSize, uncompressedSize }: Entry): void {
  if (uncompressedSize > PACK_RATIO_FROM_BYTES && uncompressedSize > compressedSize * PACK_RATIO_MAX) {
    throw uploadProblem(
      `The file '${shown(fileName)}' unpacks to more than ${PACK_RATIO_MAX} times its size, as no model does.`,
    )
  }
}

const tooMany = (count: number): Error =>
  uploadProblem(`The zip file has ${count} files; at most ${PACKAGE_FILES_MAX} are possible.`)

/** Longest name of a file that is repeated, in characters. */
const NAME_LENGTH_MAX = 100
const shown = (name: string): string => name.slice(0, NAME_LENGTH_MAX)

/** Errors of the library as problems of the package; those of the disk, which have a code, stay what they are. */
function readable(error: unknown): unknown {
  const { code } = error as { code?: unknown }
  if (isAppError(error) || (typeof code === 'string' && !code.startsWith('Z_'))) return error
  return uploadProblem(`The zip file cannot be read: ${shown((error as Error).message)}.`, error)
}
