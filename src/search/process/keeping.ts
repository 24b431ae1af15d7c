import { rmSync } from 'node:fs'
import type { LogMark, VectorSpace } from '../../store/repos/embedding-log.ts'
import { saveIndex } from '../../vectors/snapshot.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'
import { CHANGES_OVERDUE, CHANGES_TO_KEEP, SEARCH_MS_MAX } from '../limits.ts'

/** An index in use, and what of it is not kept yet. */
export class OpenIndex {
  readonly space: VectorSpace
  readonly folder: string
  readonly index: VectorIndex
  usedAt = 0
  /** Another one is being made to take its place. */
  replaced = false
  /** Rows and deletions since it was kept. */
  #changes: number
  /** Rows that graphs have taken in since it was kept. */
  #grown = 0
  #keeping: Promise<void> = Promise.resolve()

  constructor(space: VectorSpace, folder: string, index: VectorIndex, changes = 0) {
    this.space = space
    this.folder = folder
    this.index = index
    this.#changes = changes
  }

  changed(): void {
    this.#changes++
  }

  /** Takes some waiting rows into a graph; returns whether more are waiting. Throws DamagedIndex. */
  advance(): boolean {
    if (this.replaced) return false
    const before = this.index.inGraphs
    const more = this.index.advance()
    this.#grown += this.index.inGraphs - before
    return more
  }

  get isChanged(): boolean {
    return this.#changes > 0 || this.#grown > 0
  }

  /** Whether so much has come that it should be kept when nothing else is to be done. */
  isDue(changes = CHANGES_TO_KEEP): boolean {
    return this.#changes + this.#grown >= changes
  }

  /** Whether making it again would take so long that it should be kept even while searches wait. */
  get isOverdue(): boolean {
    return this.#changes >= CHANGES_OVERDUE || this.#grown >= Math.max(CHANGES_OVERDUE, this.index.inGraphs / 2)
  }

  /**
   * Keeps it as it is now, as of a place in the log, behind what is being kept of it already. Where it is no longer
   * wanted when the disk has it, what was kept before stays. Throws DamagedIndex.
   */
  keep(mark: () => LogMark, isWanted: () => boolean): Promise<void> {
    const keeping = this.#keeping.then(async () => {
      if (!isWanted()) return
      const [changes, grown] = [this.#changes, this.#grown]
      await saveIndex(this.folder, this.index, mark(), isWanted)
      this.#changes -= changes
      this.#grown -= grown
    })
    this.#keeping = keeping.catch(() => undefined)
    return keeping
  }

  /** Frees it once no search that has it can still be under way. */
  retire(): void {
    setTimeout(() => this.index.rows.release(), SEARCH_MS_MAX).unref()
  }

  /** Removes what is kept of it. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
