import { createHash, randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import type { Micros } from '../base/clock.ts'
import { lockFolder } from '../base/folder-lock.ts'
import { KeyLock } from '../base/key-lock.ts'
import type { BlobInfo, BlobStore, ByteRange } from './blob-store.ts'
import { readChecked } from './checked-read.ts'
import { DeleteGate } from './delete-gate.ts'
import { blobDamaged, blobMissing, blobTooLarge, rangeOutside, translateWriteError } from './errors.ts'
import { flushFolder } from './flush.ts'
import { FolderFlusher } from './folder-flusher.ts'
import { BLOB_BYTES_MAX, SWEEP_BATCH_MAX } from './limits.ts'
import { listBlobFiles } from './list-files.ts'
import { writeHashed } from './write-hashed.ts'

/** Name of the folder under the data folder. */
export const BLOBS_FOLDER = 'blobs'
const INCOMING_FOLDER = 'incoming'
const HASH = /^[0-9a-f]{64}$/

/** Opens the blobs in the data folder; throws when another process has them. */
export async function openDiskBlobs(dataDir: string): Promise<BlobStore> {
  const root = join(dataDir, BLOBS_FOLDER)
  const lock = lockFolder(dataDir, 'blobs')
  try {
    // What a killed process left half written has no name and no use.
    await rm(join(root, INCOMING_FOLDER), { recursive: true, force: true })
    await mkdir(join(root, INCOMING_FOLDER), { recursive: true, mode: 0o700 })
    await flushFolder(dataDir)
  } catch (error) {
    lock.release()
    throw error
  }
  return new DiskBlobStore(root, lock.release)
}

/** Where a blob lies under the blobs folder: two levels of 256 folders keep each folder small. */
export function blobPath(hash: string): string {
  if (!HASH.test(hash)) throw blobMissing(hash.slice(0, 64))
  return join(hash.slice(0, 2), hash.slice(2, 4), hash)
}

class DiskBlobStore implements BlobStore {
  readonly #root: string
  readonly #unlock: () => void
  readonly #locks = new KeyLock()
  readonly #deletes = new DeleteGate()
  readonly #flusher = new FolderFlusher()
  /** Folders that are known to be there after a power cut; there are at most 65,536. */
  readonly #folders = new Set<string>()

  constructor(root: string, unlock: () => void) {
    this.#root = root
    this.#unlock = unlock
  }

  #file(hash: string): string {
    return join(this.#root, blobPath(hash))
  }

  async put(content: Uint8Array | AsyncIterable<Uint8Array>, options: { bytesMax?: number } = {}): Promise<BlobInfo> {
    const incoming = join(this.#root, INCOMING_FOLDER, randomUUID())
    // A stream may fail before its first chunk is asked for; without a listener that would end the process.
    if (content instanceof Readable) content.on('error', () => undefined)
    try {
      const chunks = content instanceof Uint8Array ? [content] : content
      const bytesMax = Math.min(options.bytesMax ?? BLOB_BYTES_MAX, BLOB_BYTES_MAX)
      const info = await writeHashed(incoming, chunks, { bytesMax, isFlushed: true })
      await this.#locks.run(info.hash, () => this.#publish(incoming, info))
      return info
    } catch (error) {
      await rm(incoming, { force: true })
      throw translateWriteError(error)
    }
  }

  /**
   * Gives the flushed file its name and makes the name durable. A blob that is there is replaced by its like: that heals
   * it, makes it younger, and costs less than to look.
   */
  async #publish(incoming: string, info: BlobInfo): Promise<void> {
    const file = this.#file(info.hash)
    const folder = dirname(file)
    const isNew = !this.#folders.has(folder)
    if (isNew) await mkdir(folder, { recursive: true, mode: 0o700 })
    await rename(incoming, file)
    // Also for a blob that was there: the process that renamed it may have been killed before it came here. Who made a
    // folder may not have flushed it yet, so the first one here to use it flushes what is above it too.
    const changed = isNew ? [folder, dirname(folder), this.#root] : [folder]
    await Promise.all(changed.map((one) => this.#flusher.flush(one)))
    this.#folders.add(folder)
  }

  async stat(hash: string): Promise<BlobInfo | undefined> {
    const found = await stat(this.#file(hash)).catch(missing)
    return found && { hash, size: found.size }
  }

  async read(hash: string, range?: ByteRange): Promise<Readable> {
    const handle = await this.#open(hash)
    if (!range) return readChecked(handle, hash)
    const { size } = await handle.stat()
    const end = Math.min(range.end ?? size - 1, size - 1)
    if (!Number.isSafeInteger(range.start) || range.start < 0 || range.start > end) {
      await handle.close()
      throw rangeOutside(size)
    }
    return handle.createReadStream({ start: range.start, end })
  }

  async bytes(hash: string, bytesMax: number): Promise<Uint8Array> {
    const handle = await this.#open(hash)
    try {
      if ((await handle.stat()).size > bytesMax) throw blobTooLarge(bytesMax)
      const content = await handle.readFile()
      if (createHash('sha256').update(content).digest('hex') !== hash) throw blobDamaged(hash)
      return content
    } finally {
      await handle.close()
    }
  }

  async #open(hash: string): Promise<FileHandle> {
    const handle = await open(this.#file(hash), 'r').catch(missing)
    if (!handle) throw blobMissing(hash)
    return handle
  }

  async file(hash: string): Promise<string> {
    const file = this.#file(hash)
    if (!(await stat(file).catch(missing))) throw blobMissing(hash)
    return file
  }

  async copyTo(hash: string, file: string): Promise<void> {
    const from = this.#file(hash)
    if (!(await stat(from).catch(missing))) throw blobMissing(hash)
    await link(from, file).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EXDEV' && error.code !== 'EPERM' && error.code !== 'EMLINK' && error.code !== 'ENOTSUP')
        throw error
      await copyFile(from, file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    })
  }

  async delete(hash: string): Promise<void> {
    const file = this.#file(hash)
    await this.#deletes.run(() => this.#locks.run(hash, () => rm(file, { force: true })))
  }

  async sweep(
    putBefore: Micros,
    isNamed: (hashes: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<number> {
    let removed = 0
    let batch: string[] = []
    const removeUnnamed = async (): Promise<void> => {
      const named = await isNamed(batch)
      for (const hash of batch) if (!named.has(hash) && (await this.#deleteIfOld(hash, putBefore))) removed++
      batch = []
    }
    for await (const { hash, modifiedAt } of listBlobFiles(this.#root)) {
      if (modifiedAt >= putBefore) continue
      batch.push(hash)
      if (batch.length >= SWEEP_BATCH_MAX) await removeUnnamed()
    }
    await removeUnnamed()
    return removed
  }

  /** Looks at the age again under the lock: a put since the look-up of names may be about to write its row. */
  #deleteIfOld(hash: string, putBefore: Micros): Promise<boolean> {
    const file = this.#file(hash)
    const deleteLocked = async (): Promise<boolean> => {
      const found = await stat(file).catch(missing)
      if (!found || found.mtimeMs * 1000 >= putBefore) return false
      await rm(file)
      return true
    }
    return this.#deletes.run(() => this.#locks.run(hash, deleteLocked))
  }

  holdDeletes(): Promise<() => void> {
    return this.#deletes.hold()
  }

  async close(): Promise<void> {
    this.#unlock()
  }
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
