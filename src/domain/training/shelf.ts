import { SHELF_MS_MAX, SHELF_NUMBERS_MAX } from './limits.ts'

/** Stored vectors by the number of their row, which never stands for another vector. */
export type Shelved = ReadonlyMap<number, Float32Array>

/**
 * Vectors that trainings have read lately: those who label and train in turns read only what is new. Whether a vector is
 * still there is not known here.
 */
export class VectorShelf {
  readonly #kept = new Map<string, { readonly vectors: Shelved; readonly numbers: number }>()
  #idle: NodeJS.Timeout | undefined

  /** What the last training of an app on the vectors of a model version has used. */
  of(appPk: number, versionPk: number): Shelved | undefined {
    return this.#kept.get(`${appPk} ${versionPk}`)?.vectors
  }

  /** Puts them in the place of those before, if they are not too many; what has lain longest gives way. */
  keep(appPk: number, versionPk: number, vectors: Shelved): void {
    const key = `${appPk} ${versionPk}`
    this.#kept.delete(key)
    let numbers = 0
    for (const { length } of vectors.values()) numbers += length
    if (numbers > SHELF_NUMBERS_MAX) return
    this.#kept.set(key, { vectors, numbers })
    let all = 0
    for (const kept of this.#kept.values()) all += kept.numbers
    for (const [oldest, kept] of this.#kept) {
      if (all <= SHELF_NUMBERS_MAX) break
      this.#kept.delete(oldest)
      all -= kept.numbers
    }
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#kept.clear(), SHELF_MS_MAX).unref()
  }
}
