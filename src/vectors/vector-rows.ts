import { exactSearch, MetricKind } from 'usearch'
import { DamagedIndex } from './damaged.ts'
import { dot, scoreOf } from './distance.ts'
import type { Hit } from './hits.ts'
import { SEGMENT_BYTES } from './limits.ts'
import { checksumOf, type RowFile } from './row-file.ts'

/** What of the rows may be held in memory, over all indexes of a process. */
export interface Residency {
  /** True when this many more bytes may be held; they count from then on. */
  take(bytes: number): boolean
  give(bytes: number): void
}

interface Segment {
  /** Undefined while it is on disk only. */
  vectors: Float32Array | undefined
  rows: number
  dead: number
  /** Of the rows that are on disk. */
  checksum: number | undefined
  checked: boolean
}

/**
 * The raw unit vectors of an index, in order of arrival, in segments that are in memory or on disk. Rows are numbered
 * from 0 and stay where they are; deleted ones are marked dead.
 */
export class VectorRows {
  readonly dimension: number
  readonly segmentRows: number
  readonly #segments: Segment[] = []
  readonly #file: RowFile | undefined
  readonly #residency: Residency
  #keys = new Float64Array(64)
  #dead = new Uint8Array(64)
  #count = 0
  #deadCount = 0
  #rowOf: Map<number, number> | undefined
  #scratch: Float32Array | undefined

  constructor(dimension: number, residency: Residency, file?: RowFile, segmentBytes = SEGMENT_BYTES) {
    this.dimension = dimension
    this.segmentRows = Math.max(1, Math.floor(segmentBytes / (dimension * 4)))
    this.#residency = residency
    this.#file = file
  }

  /** Rows, dead ones included. */
  get count(): number {
    return this.#count
  }

  get live(): number {
    return this.#count - this.#deadCount
  }

  get deadShare(): number {
    return this.#count === 0 ? 0 : this.#deadCount / this.#count
  }

  keyAt(row: number): number {
    return this.#keys[row]!
  }

  isDead(row: number): boolean {
    return this.#dead[row] === 1
  }

  /** The row of a key, or undefined where there is none or it is dead. */
  rowOf(key: number): number | undefined {
    const row = this.#rows().get(key)
    return row === undefined || this.#dead[row] === 1 ? undefined : row
  }

  /** Adds a unit vector; a key that is there already is left alone. */
  append(key: number, unit: Float32Array): void {
    if (unit.length !== this.dimension)
      throw new RangeError(`a vector has ${unit.length} numbers, not ${this.dimension}`)
    if (this.#rows().has(key)) return
    this.#growTo(this.#count + 1)
    const last = this.#openSegment()
    last.vectors!.set(unit, last.rows * this.dimension)
    last.rows++
    last.checksum = undefined
    this.#keys[this.#count] = key
    this.#rows().set(key, this.#count)
    this.#count++
  }

  /** Marks the row of a key dead; returns whether there was one. */
  remove(key: number): boolean {
    const row = this.rowOf(key)
    if (row === undefined) return false
    this.#markDead(row)
    return true
  }

  #markDead(row: number): void {
    this.#dead[row] = 1
    this.#deadCount++
    this.#segments[Math.floor(row / this.segmentRows)]!.dead++
  }

  /** The vector of a row; a view or a copy, not to be changed. */
  vector(row: number): Float32Array {
    const segment = this.#segments[Math.floor(row / this.segmentRows)]!
    const at = (row % this.segmentRows) * this.dimension
    if (segment.vectors) return segment.vectors.subarray(at, at + this.dimension)
    if (!segment.checked) return this.#load(Math.floor(row / this.segmentRows)).slice(at, at + this.dimension)
    const copy = new Float32Array(this.dimension)
    this.#file!.read(copy, row * this.dimension * 4)
    return copy
  }

  /** The rows nearest to a unit query among live rows `from`..`to`, exact. */
  scan(query: Float32Array, k: number, from = 0, to = this.#count): Hit[] {
    const hits: Hit[] = []
    const firstSegment = Math.floor(from / this.segmentRows)
    for (let index = firstSegment; index < this.#segments.length && index * this.segmentRows < to; index++) {
      const segment = this.#segments[index]!
      const start = index * this.segmentRows
      const skip = Math.max(0, from - start)
      const end = Math.min(segment.rows, to - start)
      if (end <= skip) continue
      const vectors = this.#load(index)
      // The library starts at the beginning of the buffer whatever part of it is given.
      const part =
        skip === 0
          ? vectors.subarray(0, end * this.dimension)
          : vectors.slice(skip * this.dimension, end * this.dimension)
      this.#nearest(query, part, k + segment.dead, (offset) => start + skip + offset, hits)
    }
    return hits
  }

  /** The rows nearest to a unit query among the given rows, exact. */
  scanRows(query: Float32Array, k: number, rows: readonly number[] | Float64Array): Hit[] {
    const hits: Hit[] = []
    for (let from = 0; from < rows.length; from += this.segmentRows) {
      const some = rows.slice(from, from + this.segmentRows)
      const gathered = this.#scratchOf(some.length)
      for (let index = 0; index < some.length; index++) gathered.set(this.vector(some[index]!), index * this.dimension)
      this.#nearest(query, gathered.subarray(0, some.length * this.dimension), k, (offset) => some[offset]!, hits)
    }
    return hits
  }

  /** Score of a row against a unit query. */
  score(query: Float32Array, row: number): number {
    return scoreOf(dot(query, this.vector(row)))
  }

  #nearest(
    query: Float32Array,
    vectors: Float32Array,
    k: number,
    rowAt: (offset: number) => number,
    into: Hit[],
  ): void {
    const wanted = Math.min(k, vectors.length / this.dimension)
    const own = query.byteOffset === 0 ? query : query.slice()
    const found = exactSearch(vectors, own, this.dimension, wanted, MetricKind.IP, 1)
    const keys = (found as { keys: BigUint64Array }).keys
    for (let index = 0; index < wanted; index++) {
      const offset = Number(keys[index]!)
      const row = rowAt(offset)
      if (this.#dead[row] === 1) continue
      into.push({ row, key: this.#keys[row]!, score: scoreOf(dot(query, vectors, offset * this.dimension)) })
    }
  }

  /** The vectors of a segment, in memory or read into the scratch array, checked the first time. */
  #load(index: number): Float32Array {
    const segment = this.#segments[index]!
    if (segment.vectors) return segment.vectors
    const keep = this.#residency.take(this.segmentRows * this.dimension * 4)
    const target = keep ? new Float32Array(this.segmentRows * this.dimension) : this.#scratchOf(this.segmentRows)
    const filled = target.subarray(0, segment.rows * this.dimension)
    this.#file!.read(filled, index * this.segmentRows * this.dimension * 4)
    check(segment, filled)
    if (keep) segment.vectors = target
    return target
  }

  #scratchOf(rows: number): Float32Array {
    const size = Math.min(rows, this.segmentRows) * this.dimension
    if (!this.#scratch || this.#scratch.length < size)
      this.#scratch = new Float32Array(this.segmentRows * this.dimension)
    return this.#scratch
  }

  #openSegment(): Segment {
    const last = this.#segments.at(-1)
    if (last && last.rows < this.segmentRows) {
      if (!last.vectors) {
        const vectors = new Float32Array(this.segmentRows * this.dimension)
        const filled = vectors.subarray(0, last.rows * this.dimension)
        this.#file!.read(filled, (this.#segments.length - 1) * this.segmentRows * this.dimension * 4)
        check(last, filled)
        last.vectors = vectors
        this.#residency.take(vectors.byteLength)
      }
      return last
    }
    const vectors = new Float32Array(this.segmentRows * this.dimension)
    this.#residency.take(vectors.byteLength)
    const segment: Segment = { vectors, rows: 0, dead: 0, checksum: undefined, checked: true }
    this.#segments.push(segment)
    return segment
  }

  #growTo(count: number): void {
    if (count <= this.#keys.length) return
    const size = Math.ceil(count * 1.5)
    const keys = new Float64Array(size)
    keys.set(this.#keys)
    this.#keys = keys
    const dead = new Uint8Array(size)
    dead.set(this.#dead)
    this.#dead = dead
  }

  /** Made when first needed: a search of an unchanged index does not need it. */
  #rows(): Map<number, number> {
    if (!this.#rowOf) {
      this.#rowOf = new Map()
      for (let row = 0; row < this.#count; row++) this.#rowOf.set(this.#keys[row]!, row)
    }
    return this.#rowOf
  }

  /** What a snapshot keeps beside the file: keys, dead rows and checksums. Writes rows that are not on disk yet. */
  save(): SavedRows {
    for (const [index, segment] of this.#segments.entries()) {
      if (segment.checksum !== undefined || !segment.vectors) continue
      const filled = segment.vectors.subarray(0, segment.rows * this.dimension)
      this.#file!.write(filled, index * this.segmentRows * this.dimension * 4)
      segment.checksum = checksumOf(filled)
      // Full segments may leave memory when others need it more.
    }
    this.#file!.flush()
    return {
      keys: this.#keys.slice(0, this.#count),
      dead: this.#dead.slice(0, this.#count),
      checksums: this.#segments.map(({ checksum }) => checksum!),
    }
  }

  /** Takes up what `save` gave, with the vectors in the file; only for rows that are empty. */
  restore({ keys, dead, checksums }: SavedRows): void {
    this.#growTo(keys.length)
    this.#keys.set(keys)
    this.#count = keys.length
    for (const [index, checksum] of checksums.entries()) {
      const rows = Math.min(this.segmentRows, this.#count - index * this.segmentRows)
      this.#segments.push({ vectors: undefined, rows, dead: 0, checksum, checked: false })
    }
    for (let row = 0; row < dead.length; row++) if (dead[row] === 1) this.#markDead(row)
  }

  /** Gives back the memory. */
  release(): void {
    for (const segment of this.#segments) {
      if (segment.vectors) this.#residency.give(segment.vectors.byteLength)
      segment.vectors = undefined
    }
    this.#file?.close()
  }
}

/** Compares what was read with the checksum of what was written, the first time. */
function check(segment: Segment, read: Float32Array): void {
  if (segment.checked) return
  if (checksumOf(read) !== segment.checksum) throw new DamagedIndex('the file of vectors has been damaged')
  segment.checked = true
}

/** Rows without their vectors, which are in a file. */
export interface SavedRows {
  readonly keys: Float64Array
  readonly dead: Uint8Array
  readonly checksums: readonly number[]
}
