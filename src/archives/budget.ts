import { ARCHIVE_FILES_MAX, UNPACKED_BYTES_FREE, UNPACKED_RATIO_MAX } from './limits.ts'
import { ArchiveBroken } from './problem.ts'

/** Counts what an archive unpacks to, and ends it when that is more than any honest one has. */
export class Budget {
  readonly #bytesMax: number
  #bytes = 0
  #files = 0

  /** `packed` is the size of the archive, in bytes. */
  constructor(packed: number) {
    this.#bytesMax = Math.max(UNPACKED_BYTES_FREE, packed * UNPACKED_RATIO_MAX)
  }

  /** Counts unpacked bytes; throws ArchiveBroken when there are too many. */
  bytes(count: number): void {
    this.#bytes += count
    if (this.#bytes > this.#bytesMax) {
      throw new ArchiveBroken(`The archive unpacks to more than ${this.#bytesMax} bytes; split it into smaller ones.`)
    }
  }

  /** Counts one more file; throws ArchiveBroken when there are too many. */
  file(): void {
    if (++this.#files > ARCHIVE_FILES_MAX) {
      throw new ArchiveBroken(`The archive has more than ${ARCHIVE_FILES_MAX} files; split it into smaller ones.`)
    }
  }
}
