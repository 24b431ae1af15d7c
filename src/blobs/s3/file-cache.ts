import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CACHED_FILE_KEPT_MS } from '../limits.ts'

interface Entry {
  readonly size: number
  usedAt: number
}

const HASH = /^[0-9a-f]{64}$/
const INCOMING_FOLDER = 'incoming'

/**
 * Local copies of contents, the least recently used of which go when they are too many bytes together.
 *
 * A copy whose path was given out stays for a while whatever happens, because somebody is about to open it.
 */
export class FileCache {
  readonly #root: string
  readonly #bytesMax: number
  readonly #now: () => number
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>()
  #bytes = 0

  private constructor(root: string, bytesMax: number, now: () => number) {
    this.#root = root
    this.#bytesMax = bytesMax
    this.#now = now
  }

  /** Opens the folder and keeps what whole copies it has; `now` gives milliseconds. */
  static async open(root: string, bytesMax: number, now: () => number = Date.now): Promise<FileCache> {
    await rm(join(root, INCOMING_FOLDER), { recursive: true, force: true })
    await mkdir(join(root, INCOMING_FOLDER), { recursive: true, mode: 0o700 })
    const cache = new FileCache(root, bytesMax, now)
    for (const hash of await readdir(root)) {
      if (!HASH.test(hash)) continue
      const { size } = await stat(cache.#file(hash))
      cache.#add(hash, size, 0)
    }
    await cache.#evict()
    return cache
  }

  /** Path for a new file that is being written; `adopt` or remove it. */
  incoming(): string {
    return join(this.#root, INCOMING_FOLDER, randomUUID())
  }

  /** Path of the copy with this hash, or undefined; also where somebody has removed the file behind our back. */
  async find(hash: string): Promise<string | undefined> {
    const entry = this.#entries.get(hash)
    if (!entry) return undefined
    this.#entries.delete(hash)
    this.#entries.set(hash, entry)
    entry.usedAt = this.#now()
    const file = this.#file(hash)
    const found = await stat(file).catch(() => undefined)
    if (found?.size === entry.size) return file
    this.#forget(hash)
    return undefined
  }

  /** Takes over a file that is whole and returns its path. */
  async adopt(hash: string, incoming: string, size: number): Promise<string> {
    const file = this.#file(hash)
    await rename(incoming, file)
    this.#forget(hash)
    this.#add(hash, size, this.#now())
    await this.#evict()
    return file
  }

  /** Removes a copy, if there is one. */
  async remove(hash: string): Promise<void> {
    this.#forget(hash)
    await rm(this.#file(hash), { force: true })
  }

  #file(hash: string): string {
    return join(this.#root, hash)
  }

  #add(hash: string, size: number, usedAt: number): void {
    this.#entries.set(hash, { size, usedAt })
    this.#bytes += size
  }

  #forget(hash: string): void {
    this.#bytes -= this.#entries.get(hash)?.size ?? 0
    this.#entries.delete(hash)
  }

  async #evict(): Promise<void> {
    const keptSince = this.#now() - CACHED_FILE_KEPT_MS
    for (const [hash, { usedAt }] of this.#entries) {
      // Those behind it were used even later.
      if (this.#bytes <= this.#bytesMax || usedAt > keptSince) return
      await this.remove(hash)
    }
  }
}
