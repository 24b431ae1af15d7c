import { flushFolder } from './flush.ts'

/**
 * Flushes folders for many at a time: whoever asks while a flush of the folder is running shares the next one, as the
 * running one may have begun before the change that is meant.
 */
export class FolderFlusher {
  readonly #flush: (folder: string) => Promise<void>
  /** Flushes that have not begun yet. */
  readonly #waiting = new Map<string, Promise<void>>()
  readonly #last = new Map<string, Promise<void>>()

  constructor(flush: (folder: string) => Promise<void> = flushFolder) {
    this.#flush = flush
  }

  /** Resolves when everything that the folder holds now is on the disk. */
  flush(folder: string): Promise<void> {
    const waiting = this.#waiting.get(folder)
    if (waiting) return waiting
    const before = this.#last.get(folder) ?? Promise.resolve()
    const mine = before.then(() => {
      this.#waiting.delete(folder)
      return this.#flush(folder)
    })
    this.#waiting.set(folder, mine)
    const settled: Promise<void> = mine
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(folder) === settled) this.#last.delete(folder)
      })
    this.#last.set(folder, settled)
    return mine
  }
}
