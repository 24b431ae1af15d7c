import { ArchiveBroken } from '../../archives/problem.ts'
import { type AppError, isAppError } from '../../base/errors.ts'
import { httpStatusOf } from '../../base/http-status.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import { inputIdOf } from './input-id.ts'
import { takeFile, unfitFile } from './keep-file.ts'
import { BYTES_AT_ONCE, FILES_AT_ONCE, STORED_TOGETHER } from './limits.ts'
import type { ReadyFile } from './store-files.ts'

/** A file that may become an input. */
export interface FoundFile {
  /** Path within the source, from which the id of the input is made. */
  readonly path: string
  /** Bytes, as far as is known. */
  readonly size: number
  readonly refusal?: AppError
  read(): AsyncIterable<Uint8Array>
}

/** Files in the order in which they were found, with the last of them. */
export interface FileBatch<F extends FoundFile> {
  readonly files: readonly ReadyFile[]
  readonly last: F
  /** How many files were found for it. */
  readonly count: number
}

/**
 * Reads files, several at a time unless they come one after the other, writes their contents, and gives them in batches
 * of which no two files have the same id. A file that fits no input is refused by itself; errors that are nobody's fault
 * end everything.
 */
export async function* takeFiles<F extends FoundFile>(
  blobs: BlobStore,
  found: AsyncIterable<F>,
  { sequential, signal }: { readonly sequential: boolean; readonly signal: AbortSignal },
): AsyncGenerator<FileBatch<F>, void, undefined> {
  const hands = new Hands()
  const batch = new Batch<F>()
  try {
    for await (const file of found) {
      signal.throwIfAborted()
      const id = inputIdOf(file.path)
      // Whether an id is taken is known when those before it are stored.
      if (batch.isFull(id)) yield* batch.end()
      await hands.free(file.size)
      const { read, ready } = takeOne(blobs, id, file)
      hands.hold(file.size, ready)
      batch.add(id, file, ready)
      if (sequential) await read
    }
  } catch (error) {
    // What was found before the archive turned out to be broken is good.
    if (isBroken(error)) yield* batch.end()
    throw error
  }
  yield* batch.end()
}

/** Files on their way into one transaction. */
class Batch<F extends FoundFile> {
  readonly #ids = new Set<string>()
  #files: { readonly file: F; readonly ready: Promise<ReadyFile> }[] = []

  isFull(id: string): boolean {
    return this.#files.length === STORED_TOGETHER || this.#ids.has(id)
  }

  add(id: string, file: F, ready: Promise<ReadyFile>): void {
    this.#files.push({ file, ready })
    this.#ids.add(id)
  }

  /** The files up to the first that ended with an error, and then that error. */
  async *end(): AsyncGenerator<FileBatch<F>, void, undefined> {
    const all = this.#files
    this.#files = []
    this.#ids.clear()
    const ends = await Promise.allSettled(all.map(({ ready }) => ready))
    const failed = ends.findIndex(({ status }) => status === 'rejected')
    const good = failed === -1 ? all : all.slice(0, failed)
    const last = good.at(-1)?.file
    if (last) yield { files: await Promise.all(good.map(({ ready }) => ready)), last, count: good.length }
    if (failed !== -1) throw (ends[failed] as PromiseRejectedResult).reason
  }
}

const isBroken = (error: unknown): boolean => error instanceof ArchiveBroken

/** Begins with one file: `read` resolves when its content has been taken, `ready` when it is on the disk. */
function takeOne(
  blobs: BlobStore,
  id: string,
  { path, size, refusal, read }: FoundFile,
): { readonly read: Promise<unknown>; readonly ready: Promise<ReadyFile> } {
  if (refusal) return { read: Promise.resolve(), ready: Promise.resolve({ id, refusal }) }
  const taken = takeFile(blobs, path, size, read())
  const ready = taken
    .then(async ({ kept }): Promise<ReadyFile> => ({ id, medium: await kept }))
    .catch((error: unknown): ReadyFile => ({ id, refusal: refusalOf(path, error) }))
  // Whoever awaits the batch hears of errors; until then nobody may be missing.
  ready.catch(() => undefined)
  return { read: taken.catch(() => undefined), ready }
}

/** The error of a file as its refusal, if it is the file's fault; else it is thrown. */
function refusalOf(path: string, error: unknown): AppError {
  if (!isAppError(error) || isBroken(error)) throw error
  if (httpStatusOf(error.code) >= 500) throw error
  return error.details === '' ? unfitFile(path, 'cannot be read') : error
}

/** Lets a number of files be worked on at a time, and no more bytes than fit into memory. */
class Hands {
  readonly #running = new Set<Promise<unknown>>()
  #bytes = 0

  async free(size: number): Promise<void> {
    while (this.#running.size >= FILES_AT_ONCE || (this.#running.size > 0 && this.#bytes + size > BYTES_AT_ONCE)) {
      await Promise.race(this.#running)
    }
  }

  hold(size: number, ready: Promise<unknown>): void {
    this.#bytes += size
    const done: Promise<void> = ready.then(
      () => this.#release(done, size),
      () => this.#release(done, size),
    )
    this.#running.add(done)
  }

  #release(done: Promise<unknown>, size: number): void {
    this.#running.delete(done)
    this.#bytes -= size
  }
}
