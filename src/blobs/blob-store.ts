import type { Readable } from 'node:stream'
import type { Micros } from '../base/clock.ts'

/** What a blob is known by: the SHA-256 of its content in hexadecimal, and its size in bytes. */
export interface BlobInfo {
  hash: string
  size: number
}

/** Bytes `start` to `end`, both included, counted from 0; `end` absent means to the last byte. */
export interface ByteRange {
  start: number
  end?: number
}

/**
 * Keeps immutable contents under the hash of what they are.
 *
 * A blob is durable once `put` has resolved, so the row that names it is written after that. A caller calls `put` for
 * every new row, also for content that is there already: it keeps the sweep away from the blob until the row commits.
 */
export interface BlobStore {
  /** Stores the content; throws CONN_EXCEEDS_LIMITS beyond `bytesMax` and INTERNAL_RESOURCE_EXHAUSTED on a full disk. */
  put(content: Uint8Array | AsyncIterable<Uint8Array>, options?: { bytesMax?: number }): Promise<BlobInfo>
  /** The size of a stored blob, or undefined when there is none. */
  stat(hash: string): Promise<BlobInfo | undefined>
  /**
   * A stream of the content or of a range of it; throws CONN_DOES_NOT_EXIST, or CONN_INVALID_RANGE for a range outside.
   *
   * A whole read is checked: the stream fails with INTERNAL_SERVER_ISSUE at its end when the content is damaged.
   */
  read(hash: string, range?: ByteRange): Promise<Readable>
  /** The whole content, checked before it is returned. */
  bytes(hash: string, bytesMax: number): Promise<Uint8Array>
  /** Path of the file with the content, for libraries that read files themselves; nobody may write to it. Throws CONN_DOES_NOT_EXIST. */
  file(hash: string): Promise<string>
  /** Copies a blob into a new file, as a second name of the same file where that is possible. */
  copyTo(hash: string, file: string): Promise<void>
  /** Removes a blob; does nothing when there is none. */
  delete(hash: string): Promise<void>
  /**
   * Removes the blobs that were last put before `putBefore` and that `isNamed` does not return.
   *
   * Returns how many blobs it removed. `isNamed` gets some hashes and returns those that rows name.
   */
  sweep(putBefore: Micros, isNamed: (hashes: readonly string[]) => Promise<ReadonlySet<string>>): Promise<number>
  /** Makes deletes and sweeps wait until the resolved function is called, so that a backup finds everything. */
  holdDeletes(): Promise<() => void>
  close(): Promise<void>
}
