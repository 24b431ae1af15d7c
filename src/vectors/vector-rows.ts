import { type Block, type CodedQuery, Codes, codeQuery, Raw } from './codes.ts'
import type { CodesFile } from './codes-file.ts'
import { DamagedIndex } from './damaged.ts'
import { dot, scoreOf } from './distance.ts'
import { type Gathering, gatheringOf } from './gathering.ts'
import { Best, type Hit } from './hits.ts'
import { SEGMENT_BYTES } from './limits.ts'
import { PickedCodes } from './picked-codes.ts'
import type { Residency } from './residency.ts'
import { checksumOf, type RowFile } from './row-file.ts'
import { RowTable, type SavedTable } from './row-table.ts'

interface Segment {
  /** Undefined while they are on disk only; the last segment, which grows, has them once it is used. */
  vectors: Float32Array | undefined
  /** Of a full segment, made when first needed. */
  codes: Codes | undefined
  /** Looking for codes on disk was in vain, as there are none or no room for them. */
  sought?: boolean
  rows: number
}

/** Rows of a segment that are compared with from which the whole segment is compared, as a share. */
const WHOLE_SEGMENT_SHARE = 1 / 8
/** Rows of a segment that are picked from which its codes are taken from disk, where they are. */
const PICKED_MIN = 8
/** Rows that a segment is asked for at first, beyond its share of what is wanted. */
const FIRST_ASKED = 16
/** How many times more it is asked for when these were not enough. */
const MORE = 4

/**
 * The unit vectors of an index, in order of arrival. Rows are numbered from 0 and stay where they are; deleted ones are
 * marked dead. The vectors lie in a file, each with a checksum; full segments are in memory as 8-bit codes, which say
 * what has to be compared in full, and in 32 bits where there is room.
 */
export class VectorRows {
  readonly dimension: number
  readonly segmentRows: number
  readonly table = new RowTable()
  readonly #segments: Segment[] = []
  readonly #file: RowFile
  readonly #codesFile: CodesFile | undefined
  readonly #residency: Residency
  readonly #row: Float32Array
  #scratch: Float32Array | undefined
  /** What `warm` has looked at: codes of all segments, then vectors. */
  #warmed = 0
  /** Rows that are in the file. */
  #written = 0

  /** Codes are kept where a file for them is given. */
  constructor(
    dimension: number,
    residency: Residency,
    file: RowFile,
    codesFile?: CodesFile,
    segmentBytes = SEGMENT_BYTES,
  ) {
    this.dimension = dimension
    this.segmentRows = segmentRowsOf(dimension, segmentBytes)
    this.#residency = residency
    this.#codesFile = codesFile
    this.#file = file
    this.#row = new Float32Array(dimension)
  }

  /** Rows, dead ones included. */
  get count(): number {
    return this.table.count
  }

  get live(): number {
    return this.table.live
  }

  get deadShare(): number {
    return this.count === 0 ? 0 : 1 - this.live / this.count
  }

  /** Adds a unit vector of an input's annotation; a key that is there already is left alone. */
  append(key: number, unit: Float32Array, inputPk = 0, annotationPk = 0): void {
    if (unit.length !== this.dimension)
      throw new RangeError(`a vector has ${unit.length} numbers, not ${this.dimension}`)
    if (!this.table.append(key, inputPk, annotationPk)) return
    const last = this.#openSegment()
    last.vectors!.set(unit, last.rows * this.dimension)
    last.rows++
    if (last.rows === this.segmentRows) this.#close(last, this.#segments.length - 1)
  }

  /** Marks the row of a key dead; returns whether there was one. */
  remove(key: number): boolean {
    return this.table.remove(key)
  }

  /** A full segment goes to the file, and from memory where others need it more. */
  #close(segment: Segment, index: number): void {
    this.#write()
    const bytes = segment.vectors!.byteLength
    this.#codesOf(index, 'vectors')
    if (!this.#residency.take(bytes, 'raw')) segment.vectors = undefined
  }

  /** The vector of a row; a view or a copy, not to be changed. */
  vector(row: number): Float32Array {
    const segment = this.#segments[Math.floor(row / this.segmentRows)]!
    if (!segment.vectors) return this.#read(row).slice()
    const at = (row % this.segmentRows) * this.dimension
    return segment.vectors.subarray(at, at + this.dimension)
  }

  /** Score of a row against a unit query. */
  score(query: Float32Array, row: number): number {
    const { vectors } = this.#segments[Math.floor(row / this.segmentRows)]!
    return scoreOf(
      vectors ? dot(query, vectors, (row % this.segmentRows) * this.dimension) : dot(query, this.#read(row)),
    )
  }

  /** One row from the file, in an array that the next call uses again. */
  #read(row: number): Float32Array {
    this.#file.read(this.#row, row * this.dimension * 4)
    this.#check(row, this.#row)
    return this.#row
  }

  #check(row: number, vector: Float32Array): void {
    if (checksumOf(vector) !== this.table.checksums[row]) {
      throw new DamagedIndex('the file of vectors has been damaged')
    }
  }

  /** The live rows nearest to a unit query from a row on, exact, best first. */
  scan(query: Float32Array, k: number, from = 0): Hit[] {
    const best = new Best(k)
    const coded = codeQuery(query)
    const counts = (row: number): boolean => row >= from && !this.table.isDead(row)
    for (let index = Math.floor(from / this.segmentRows); index < this.#segments.length; index++) {
      this.#scanSegment(index, coded, best, this.#firstAsked(k), counts)
    }
    return best.take()
  }

  /**
   * The live rows nearest to a unit query among the given rows, in ascending order; exact, best first. Of a list that may
   * be used again (`again`) what is gathered is kept.
   */
  scanRows(query: Float32Array, k: number, rows: ArrayLike<number>, again = false): Hit[] {
    const best = new Best(k)
    const coded = codeQuery(query)
    const gather = (): Gathering => this.#gather(rows)
    const { dense, alone, picked } = again ? gatheringOf(rows, gather) : gather()
    const look = (row: number): void => {
      if (!this.table.isDead(row)) this.#add(best, query, row)
    }
    for (const row of alone) look(row)
    for (const { index, some } of dense) {
      const first = index * this.segmentRows
      const counts = (row: number): boolean => some[row - first] === 1 && !this.table.isDead(row)
      this.#scanSegment(index, coded, best, this.#firstAsked(k), counts)
    }
    best.settle()
    picked?.nearest(coded, k, best, look)
    return best.take()
  }

  #gather(rows: ArrayLike<number>): Gathering {
    const dense: { index: number; some: Uint8Array }[] = []
    const alone: number[] = []
    const picks: { codes: Codes; first: number; from: number; to: number }[] = []
    let count = 0
    for (let at = 0; at < rows.length; ) {
      const index = Math.floor(rows[at]! / this.segmentRows)
      const first = index * this.segmentRows
      const from = at
      while (at < rows.length && rows[at]! < first + this.segmentRows) at++
      if (at - from >= this.#segments[index]!.rows * WHOLE_SEGMENT_SHARE) {
        const some = new Uint8Array(this.segmentRows)
        for (let n = from; n < at; n++) some[rows[n]! - first] = 1
        dense.push({ index, some })
        continue
      }
      const codes = this.#codesOf(index, at - from < PICKED_MIN ? 'memory' : 'file')
      if (codes) {
        picks.push({ codes, first, from, to: at })
        count += at - from
      } else for (let n = from; n < at; n++) alone.push(rows[n]!)
    }
    if (count === 0) return { dense, alone, picked: undefined }
    const picked = new PickedCodes(this.dimension, count)
    for (const { codes, first, from, to } of picks) {
      for (let n = from; n < to; n++) picked.add(rows[n]!, codes, rows[n]! - first)
    }
    return { dense, alone, picked }
  }

  #firstAsked(k: number): number {
    return FIRST_ASKED + Math.ceil((2 * k) / this.#segments.length)
  }

  #scanSegment(
    index: number,
    coded: CodedQuery,
    best: Best,
    firstAsked: number,
    counts: (row: number) => boolean,
  ): void {
    const { rows } = this.#segments[index]!
    if (rows === 0) return
    const start = index * this.segmentRows
    const block: Block =
      this.#codesOf(index, 'vectors') ?? new Raw(this.#load(index).subarray(0, rows * this.dimension))
    const bound = block.bound(coded)
    const seen = new Set<number>()
    for (let wanted = Math.min(rows, firstAsked); ; wanted = Math.min(rows, wanted * MORE)) {
      const { offsets, cosines } = block.nearest(coded, wanted)
      for (let at = 0; at < wanted; at++) {
        if (scoreOf(cosines[at]! + bound) < best.floor) {
          best.settle()
          return
        }
        const row = start + offsets[at]!
        if (seen.has(row) || !counts(row)) continue
        seen.add(row)
        this.#add(best, coded.unit, row)
      }
      best.settle()
      if (wanted === rows) return
    }
  }

  #add(best: Best, query: Float32Array, row: number): void {
    best.add({ row, key: this.table.keyAt(row), score: this.score(query, row) })
  }

  /**
   * Codes of a full segment: those in memory or made of vectors that are there, else those on disk, else made of vectors
   * that are read; `from` says how far to go. Where there is no room, they are for this search alone.
   */
  #codesOf(index: number, from: 'memory' | 'file' | 'vectors'): Codes | undefined {
    const segment = this.#segments[index]!
    if (segment.codes || segment.rows < this.segmentRows) return segment.codes
    if (from !== 'vectors' && !segment.vectors && (from === 'memory' || segment.sought)) return undefined
    const kept = this.#codesFile?.read(index, this.#checksumsOf(index))
    if (!kept && !segment.vectors && from !== 'vectors') {
      segment.sought = true
      return undefined
    }
    const room = this.#residency.take(this.segmentRows * this.dimension, 'codes')
    if (!kept && !room && !this.#codesFile) return undefined
    const codes = kept ?? this.#codesFrom(index, room)
    if (!kept) this.#codesFile?.write(index, this.#checksumsOf(index), codes)
    segment.sought = !room
    if (room) segment.codes = codes
    return codes
  }

  /** Throws DamagedIndex, and leaves the room to others then. */
  #codesFrom(index: number, hasRoom: boolean): Codes {
    try {
      return Codes.from(this.#load(index), this.dimension)
    } catch (error) {
      if (hasRoom) this.#residency.give(this.segmentRows * this.dimension, 'codes')
      throw error
    }
  }

  /**
   * Takes one more segment from disk into memory while there is room, codes before vectors; returns whether there may be
   * more. Throws DamagedIndex.
   */
  warm(): boolean {
    const full = Math.floor(this.count / this.segmentRows)
    while (this.#warmed < 2 * full) {
      const step = this.#warmed++
      const index = step % full
      const segment = this.#segments[index]!
      if (step < full) {
        if (segment.codes || segment.sought) continue
        this.#codesOf(index, 'file')
      } else if (!segment.vectors) {
        this.#load(index)
        // What is read where there is no room is of no use.
        if (!segment.vectors) this.#warmed = 2 * full
      } else continue
      return true
    }
    return false
  }

  #checksumsOf(index: number): Uint32Array {
    return this.table.checksums.subarray(index * this.segmentRows, (index + 1) * this.segmentRows)
  }

  /** The vectors of a segment, in memory or read and checked. */
  #load(index: number): Float32Array {
    const segment = this.#segments[index]!
    if (segment.vectors) return segment.vectors
    const size = this.segmentRows * this.dimension
    const taken = segment.rows === this.segmentRows && this.#residency.take(size * 4, 'raw')
    const keep = taken || segment.rows < this.segmentRows
    if (!keep) this.#scratch ??= new Float32Array(size)
    const target = keep ? new Float32Array(size) : this.#scratch!
    const start = index * this.segmentRows
    try {
      this.#file.read(target.subarray(0, segment.rows * this.dimension), start * this.dimension * 4)
      for (let row = 0; row < segment.rows; row++) {
        this.#check(start + row, target.subarray(row * this.dimension, (row + 1) * this.dimension))
      }
    } catch (error) {
      if (taken) this.#residency.give(size * 4, 'raw')
      throw error
    }
    if (keep) segment.vectors = target
    return target
  }

  #openSegment(): Segment {
    const last = this.#segments.at(-1)
    if (last && last.rows < this.segmentRows) {
      this.#load(this.#segments.length - 1)
      return last
    }
    const vectors = new Float32Array(this.segmentRows * this.dimension)
    const segment: Segment = { vectors, codes: undefined, rows: 0 }
    this.#segments.push(segment)
    return segment
  }

  /** Puts rows that are in memory alone into the file. */
  #write(): void {
    const { dimension, segmentRows } = this
    while (this.#written < this.count) {
      const index = Math.floor(this.#written / segmentRows)
      const { vectors, rows } = this.#segments[index]!
      const first = this.#written % segmentRows
      for (let row = first; row < rows; row++) {
        const vector = vectors!.subarray(row * dimension, (row + 1) * dimension)
        this.table.checksums[index * segmentRows + row] = checksumOf(vector)
      }
      this.#file.write(vectors!.subarray(first * dimension, rows * dimension), this.#written * dimension * 4)
      this.#written += rows - first
    }
  }

  /** What a snapshot keeps beside the file. Rows that are new are added to the file, which is still to be flushed. */
  save(): SavedTable {
    this.#write()
    return this.table.save()
  }

  /** Resolves when the vectors of what was saved are on disk. */
  flush(): Promise<void> {
    return this.#file.flush()
  }

  /** Takes up what `save` gave, with the vectors in the file; only for rows that are empty. */
  restore(saved: SavedTable): void {
    this.table.restore(saved)
    this.#written = this.count
    for (let start = 0; start < this.count; start += this.segmentRows) {
      const rows = Math.min(this.segmentRows, this.count - start)
      this.#segments.push({ vectors: undefined, codes: undefined, rows })
    }
  }

  /** Gives back the memory. */
  release(): void {
    for (const segment of this.#segments) {
      const full = segment.rows === this.segmentRows
      if (segment.vectors && full) this.#residency.give(segment.vectors.byteLength, 'raw')
      if (segment.codes) this.#residency.give(segment.codes.bytes, 'codes')
      segment.vectors = undefined
      segment.codes = undefined
    }
    this.#file.close()
    this.#codesFile?.close()
  }
}

/** How many rows a segment has. */
export const segmentRowsOf = (dimension: number, segmentBytes = SEGMENT_BYTES): number =>
  Math.max(1, Math.floor(segmentBytes / (dimension * 4)))
