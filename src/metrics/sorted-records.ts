import { MERGE_BYTES_MAX } from './limits.ts'
import type { Spool } from './spool.ts'

/** Called with each record: its score and its words, which are those from `at` on. */
export type Visit = (score: number, words: Uint32Array, at: number) => void

interface Run {
  readonly start: number
  readonly records: number
}

// A record is sorted by one number that float64 holds exactly: 32 bits of its score, turned so that the highest score
// comes first, then 20 bits of its place in the run, so that equal scores stay in the order in which they came.
const PLACES = 2 ** 20
const FIRST_RECORDS = 256

const floats = new Float32Array(1)
const bits = new Uint32Array(floats.buffer)

/** The bits of a float32 as a number that is the smaller, the larger the float is. */
function keyOf(score: number): number {
  floats[0] = score === 0 ? 0 : score
  const value = bits[0]!
  return value >= 0x8000_0000 ? value : 0x7fff_ffff - value
}

function scoreOf(key: number): number {
  bits[0] = key >= 0x8000_0000 ? key : 0x7fff_ffff - key
  return floats[0]!
}

/**
 * Records with a score (float32, no NaN) and some words of 32 bits, taken in any number and given back from the highest
 * score to the lowest. More than one run of them goes to the spool, so that memory stays the same however many come.
 */
export class SortedRecords {
  readonly #words: number
  readonly #runMax: number
  readonly #spool: Spool
  readonly #runs: Run[] = []
  #keys: Uint32Array
  #payload: Uint32Array
  #held = 0
  #count = 0

  /** Up to four `words` in each record; at most `runMax` records (up to 2^20) are held in memory. */
  constructor(words: number, runMax: number, spool: Spool) {
    this.#words = words
    this.#runMax = Math.min(runMax, PLACES)
    this.#spool = spool
    const first = Math.min(FIRST_RECORDS, this.#runMax)
    this.#keys = new Uint32Array(first)
    this.#payload = new Uint32Array(first * words)
  }

  get count(): number {
    return this.#count
  }

  /** Takes a record. */
  add(score: number, word0: number, word1 = 0, word2 = 0, word3 = 0): void {
    if (this.#held === this.#keys.length) this.#makeRoom()
    const at = this.#held++
    this.#keys[at] = keyOf(score)
    const to = at * this.#words
    this.#payload[to] = word0
    if (this.#words > 1) this.#payload[to + 1] = word1
    if (this.#words > 2) this.#payload[to + 2] = word2
    if (this.#words > 3) this.#payload[to + 3] = word3
    this.#count++
  }

  /** Visits all records, highest score first; of equal scores the one that came first. */
  descending(visit: Visit): void {
    if (this.#runs.length === 0) {
      for (const place of this.#order()) {
        const at = place % PLACES
        visit(scoreOf(this.#keys[at]!), this.#payload, at * this.#words)
      }
      return
    }
    this.#flush()
    merge(this.#runs, this.#words, this.#spool, visit)
  }

  #makeRoom(): void {
    if (this.#keys.length >= this.#runMax) {
      this.#flush()
      return
    }
    const size = Math.min(this.#runMax, this.#keys.length * 2)
    const [keys, payload] = [new Uint32Array(size), new Uint32Array(size * this.#words)]
    keys.set(this.#keys)
    payload.set(this.#payload)
    this.#keys = keys
    this.#payload = payload
  }

  /** What is held, sorted; the place of each record is what is left of its number modulo PLACES. */
  #order(): Float64Array {
    const order = scratch(this.#held)
    for (let at = 0; at < order.length; at++) order[at] = this.#keys[at]! * PLACES + at
    return order.sort()
  }

  #flush(): void {
    if (this.#held === 0) return
    const size = 1 + this.#words
    const mixed = new Uint32Array(this.#held * size)
    let to = 0
    for (const place of this.#order()) {
      const from = place % PLACES
      mixed[to++] = this.#keys[from]!
      for (let i = 0; i < this.#words; i++) mixed[to++] = this.#payload[from * this.#words + i]!
    }
    this.#runs.push({ start: this.#spool.write(new Uint8Array(mixed.buffer)), records: this.#held })
    this.#held = 0
  }
}

let room = new Float64Array(FIRST_RECORDS)

/** Numbers that are overwritten by whoever asks next: runs are sorted one after the other, and there are many. */
function scratch(length: number): Float64Array {
  if (room.length < length) room = new Float64Array(length)
  return room.subarray(0, length)
}

/** A run that is read back part by part. */
class Cursor {
  key = 0
  at = 0
  buffer: Uint32Array
  readonly #run: Run
  readonly #size: number
  readonly #spool: Spool
  #filled = 0
  #next = 0

  constructor(run: Run, size: number, spool: Spool, room: number) {
    this.#run = run
    this.#size = size
    this.#spool = spool
    this.buffer = new Uint32Array(Math.min(room, run.records) * size)
  }

  /** Goes to the next record; false at the end. */
  advance(): boolean {
    if (this.#next === this.#run.records) return false
    this.at += this.#size
    if (this.at >= this.#filled) this.#fill()
    this.key = this.buffer[this.at]!
    this.#next++
    return true
  }

  #fill(): void {
    const records = Math.min(this.buffer.length / this.#size, this.#run.records - this.#next)
    const part = new Uint8Array(this.buffer.buffer, 0, records * this.#size * 4)
    this.#spool.read(this.#run.start + this.#next * this.#size * 4, part)
    this.at = 0
    this.#filled = records * this.#size
  }
}

function merge(runs: readonly Run[], words: number, spool: Spool, visit: Visit): void {
  const size = words + 1
  const room = Math.max(1, Math.floor(MERGE_BYTES_MAX / runs.length / (size * 4)))
  const cursors = runs.map((run) => new Cursor(run, size, spool, room)).filter((cursor) => cursor.advance())
  const rank = new Map(cursors.map((cursor, at) => [cursor, at]))
  const before = (a: Cursor, b: Cursor): boolean => a.key < b.key || (a.key === b.key && rank.get(a)! < rank.get(b)!)
  // A heap in which every cursor comes before the two below it.
  const heap: Cursor[] = []
  const sink = (from: number): void => {
    const cursor = heap[from]!
    let at = from
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (!before(heap[child]!, cursor)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = cursor
  }
  heap.push(...cursors)
  for (let at = Math.floor(heap.length / 2) - 1; at >= 0; at--) sink(at)
  while (heap.length > 0) {
    const first = heap[0]!
    visit(scoreOf(first.key), first.buffer, first.at + 1)
    if (!first.advance()) {
      const last = heap.pop()!
      if (heap.length === 0) break
      heap[0] = last
    }
    sink(0)
  }
}
