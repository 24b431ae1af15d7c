import { type CodedQuery, type Codes, compare } from './codes.ts'
import { scoreOf } from './distance.ts'
import type { Best } from './hits.ts'

/** Rows that are asked for at first, beyond twice what is wanted. */
const FIRST_ASKED = 64
/** How many times more are asked for when these were not enough. */
const MORE = 4

/**
 * Rows that are picked from many blocks of codes, brought together so that they are compared in one go. Products of codes
 * are whole numbers that mean something else in each block, so all that may be near enough are given.
 */
export class PickedCodes {
  readonly #dimension: number
  readonly #codes: Int8Array
  readonly #rows: Int32Array
  readonly #blockOf: Int32Array
  readonly #blocks: Codes[] = []
  #count = 0

  /** Room for so many rows of so many numbers. */
  constructor(dimension: number, capacity: number) {
    this.#dimension = dimension
    this.#codes = new Int8Array(capacity * dimension)
    this.#rows = new Int32Array(capacity)
    this.#blockOf = new Int32Array(capacity)
  }

  get bytes(): number {
    return this.#codes.length
  }

  /** Takes a row, which is the n-th of a block. */
  add(row: number, block: Codes, offset: number): void {
    if (this.#blocks.at(-1) !== block) this.#blocks.push(block)
    const at = offset * this.#dimension
    this.#codes.set(block.parts.codes.subarray(at, at + this.#dimension), this.#count * this.#dimension)
    this.#rows[this.#count] = row
    this.#blockOf[this.#count++] = this.#blocks.length - 1
  }

  /** Looks at all rows that may be among the best, each once; `k` are wanted. There must be a row. */
  nearest(query: CodedQuery, k: number, best: Best, look: (row: number) => void): void {
    const count = this.#count
    const blocks = this.#blocks.map((block) => ({
      base: block.base(query) + block.bound(query),
      scale: query.step * block.parts.step,
    }))
    const codes = this.#codes.subarray(0, count * this.#dimension)
    // Of equal products others may come first the next time.
    const seen = new Uint8Array(count)
    for (let asked = Math.min(count, FIRST_ASKED + 2 * k); ; asked = Math.min(count, asked * MORE)) {
      const { offsets, distances } = compare(codes, query.codes, asked)
      for (let at = 0; at < asked; at++) {
        if (at % k === 0) best.settle()
        const offset = offsets[at]!
        if (seen[offset] === 1) continue
        seen[offset] = 1
        const { base, scale } = blocks[this.#blockOf[offset]!]!
        // The library answers 1 - product.
        if (scoreOf(base + (1 - distances[at]!) * scale) >= best.floor) look(this.#rows[offset]!)
      }
      best.settle()
      const least = 1 - distances[asked - 1]!
      if (asked === count || blocks.every(({ base, scale }) => scoreOf(base + least * scale) < best.floor)) return
    }
  }
}
