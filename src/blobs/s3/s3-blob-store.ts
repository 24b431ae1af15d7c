import { constants, copyFile, type FileHandle, link, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Micros } from '../../base/clock.ts'
import { KeyLock } from '../../base/key-lock.ts'
import type { BlobInfo, BlobStore, ByteRange } from '../blob-store.ts'
import { checkingStream, readChecked } from '../checked-read.ts'
import { DeleteGate } from '../delete-gate.ts'
import { blobDamaged, blobMissing, blobTooLarge, rangeOutside, translateWriteError } from '../errors.ts'
import { BLOB_BYTES_MAX, SWEEP_BATCH_MAX, YOUNG_OBJECT_MS } from '../limits.ts'
import { writeHashed } from '../write-hashed.ts'
import { FileCache } from './file-cache.ts'
import { S3Client, type S3Object, type S3Settings } from './s3-client.ts'

/** Name of the folder of local copies under the data folder. */
export const CACHE_FOLDER = 'blob-cache'
const HASH = /^[0-9a-f]{64}$/

/**
 * Opens the blobs in a bucket, with local copies in the data folder. Throws AppError 40031 when the bucket cannot be
 * used.
 */
export async function openS3Blobs(settings: S3Settings, dataDir: string, cacheBytes: number): Promise<BlobStore> {
  const client = new S3Client(settings)
  await client.check()
  return new S3BlobStore(client, await FileCache.open(join(dataDir, CACHE_FOLDER), cacheBytes))
}

class S3BlobStore implements BlobStore {
  readonly #client: S3Client
  readonly #cache: FileCache
  readonly #locks = new KeyLock()
  readonly #deletes = new DeleteGate()

  constructor(client: S3Client, cache: FileCache) {
    this.#client = client
    this.#cache = cache
  }

  async put(content: Uint8Array | AsyncIterable<Uint8Array>, options: { bytesMax?: number } = {}): Promise<BlobInfo> {
    const incoming = this.#cache.incoming()
    // A stream may fail before its first chunk is asked for; without a listener that would end the process.
    if (content instanceof Readable) content.on('error', () => undefined)
    try {
      const chunks = content instanceof Uint8Array ? [content] : content
      // The hash has to be known before the content can have its name in the bucket.
      const bytesMax = Math.min(options.bytesMax ?? BLOB_BYTES_MAX, BLOB_BYTES_MAX)
      const info = await writeHashed(incoming, chunks, { bytesMax, isFlushed: false })
      await this.#locks.run(info.hash, () => this.#publish(incoming, info))
      return info
    } catch (error) {
      throw translateWriteError(error)
    } finally {
      await rm(incoming, { force: true })
    }
  }

  async #publish(incoming: string, { hash, size }: BlobInfo): Promise<void> {
    const known = await this.#client.head(hash)
    // An old one is written again, which makes it young; not every service does that for a copy onto itself.
    if (known?.size !== size || !(known.ageMs < YOUNG_OBJECT_MS)) {
      await this.#client.putFile(hash, incoming, size, hash)
    }
    await this.#cache.adopt(hash, incoming, size)
  }

  async stat(hash: string): Promise<BlobInfo | undefined> {
    const found = HASH.test(hash) ? await this.#client.head(hash) : undefined
    return found && { hash, size: found.size }
  }

  async read(hash: string, range?: ByteRange): Promise<Readable> {
    const handle = await this.#cached(hash)
    if (!range) {
      if (handle) return readChecked(handle, hash)
      return checkingStream(bodyOf(await this.#get(hash)), hash)
    }
    const { start, end = Number.POSITIVE_INFINITY } = range
    const isSound = Number.isSafeInteger(start) && start >= 0 && start <= end
    if (!handle) {
      if (!isSound) throw rangeOutside(await this.#sizeOf(hash))
      return bodyOf(await this.#get(hash, range))
    }
    const { size } = await handle.stat()
    if (isSound && start < size) return handle.createReadStream({ start, end: Math.min(end, size - 1) })
    await handle.close()
    throw rangeOutside(size)
  }

  async bytes(hash: string, bytesMax: number): Promise<Uint8Array> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of await this.read(hash)) {
      size += chunk.length
      if (size > bytesMax) throw blobTooLarge(bytesMax)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks, size)
  }

  async file(hash: string): Promise<string> {
    const known = await this.#cache.find(hash)
    if (known !== undefined) return known
    if (!HASH.test(hash)) throw blobMissing(hash.slice(0, 64))
    return this.#locks.run(hash, () => this.#fetch(hash))
  }

  /** Brings a content here, checked by its hash, unless it has come meanwhile. */
  async #fetch(hash: string): Promise<string> {
    const known = await this.#cache.find(hash)
    if (known !== undefined) return known
    const incoming = this.#cache.incoming()
    try {
      const body = bodyOf(await this.#get(hash))
      const info = await writeHashed(incoming, body, { bytesMax: BLOB_BYTES_MAX, isFlushed: false })
      if (info.hash !== hash) throw blobDamaged(hash)
      return await this.#cache.adopt(hash, incoming, info.size)
    } catch (error) {
      throw translateWriteError(error)
    } finally {
      await rm(incoming, { force: true })
    }
  }

  async copyTo(hash: string, file: string): Promise<void> {
    const from = await this.file(hash)
    await link(from, file).catch(() => copyFile(from, file, constants.COPYFILE_EXCL))
  }

  async delete(hash: string): Promise<void> {
    if (!HASH.test(hash)) return
    await this.#deletes.run(() => this.#locks.run(hash, () => this.#remove(hash)))
  }

  async sweep(
    putBefore: Micros,
    isNamed: (hashes: readonly string[]) => Promise<ReadonlySet<string>>,
  ): Promise<number> {
    let removed = 0
    for await (const page of this.#client.list(SWEEP_BATCH_MAX)) {
      const old = page.filter((object) => isOld(object, putBefore) && HASH.test(object.key)).map(({ key }) => key)
      const named = await isNamed(old)
      for (const hash of old) if (!named.has(hash) && (await this.#deleteIfOld(hash, putBefore))) removed++
    }
    return removed
  }

  /** Looks at the age again under the lock: a put since the look-up of names may be about to write its row. */
  #deleteIfOld(hash: string, putBefore: Micros): Promise<boolean> {
    const deleteLocked = async (): Promise<boolean> => {
      const found = await this.#client.head(hash)
      if (!found || !isOld(found, putBefore)) return false
      await this.#remove(hash)
      return true
    }
    return this.#deletes.run(() => this.#locks.run(hash, deleteLocked))
  }

  async #remove(hash: string): Promise<void> {
    await this.#client.delete(hash)
    await this.#cache.remove(hash)
  }

  holdDeletes(): Promise<() => void> {
    return this.#deletes.hold()
  }

  async close(): Promise<void> {}

  /** The local copy, opened. */
  async #cached(hash: string): Promise<FileHandle | undefined> {
    const file = await this.#cache.find(hash)
    return file === undefined ? undefined : open(file, 'r').catch(() => undefined)
  }

  async #get(hash: string, range?: ByteRange): Promise<Response> {
    const answer = HASH.test(hash) ? await this.#client.get(hash, range) : 'missing'
    if (answer === 'missing') throw blobMissing(hash.slice(0, 64))
    if (answer === 'outside') throw rangeOutside(await this.#sizeOf(hash))
    return answer
  }

  async #sizeOf(hash: string): Promise<number> {
    const found = await this.stat(hash)
    if (!found) throw blobMissing(hash.slice(0, 64))
    return found.size
  }
}

const isOld = ({ modifiedAt }: S3Object, putBefore: Micros): boolean => modifiedAt * 1_000 < putBefore

const bodyOf = ({ body }: Response): Readable => (body ? Readable.fromWeb(body as never) : Readable.from([]))
