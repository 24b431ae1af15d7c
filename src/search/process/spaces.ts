import { join } from 'node:path'
import type { Reader } from '../../store/database.ts'
import {
  type EmbeddingChange,
  embeddingChanges,
  logToken,
  newestChange,
  type VectorSpace,
  vectorsOf,
  vectorsOfSpace,
} from '../../store/repos/embedding-log.ts'
import { DamagedIndex } from '../../vectors/damaged.ts'
import { toUnit } from '../../vectors/distance.ts'
import { DEAD_SHARE_MAX, RESIDENT_BYTES_MAX } from '../../vectors/limits.ts'
import { createIndex, type Mark, openIndex, saveIndex } from '../../vectors/snapshot.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'
import type { Residency } from '../../vectors/vector-rows.ts'
import { CHANGES_PER_READ, CHANGES_TO_KEEP, OPEN_INDEXES_MAX, VECTORS_PER_READ } from '../limits.ts'

interface Open {
  readonly space: VectorSpace
  readonly folder: string
  index: VectorIndex
  /** Changes since it was kept. */
  changes: number
  usedAt: number
}

const NOTHING: Mark = { sequence: 0, token: '' }

/**
 * The vector indexes of a database: opened when first asked for, kept in step with the log of embeddings, made anew
 * from the database where there is none or it cannot be trusted. All open ones are at one place of the log.
 */
export class Spaces {
  readonly #db: Reader
  readonly #folder: string
  readonly #residency: Residency
  readonly #open = new Map<string, Open>()
  readonly #opening = new Map<string, Promise<Open>>()
  #mark: Mark = NOTHING
  #following: Promise<void> | undefined

  constructor(db: Reader, folder: string, residentBytesMax = RESIDENT_BYTES_MAX) {
    this.#db = db
    this.#folder = folder
    this.#residency = countingResidency(residentBytesMax)
  }

  /** The index of a space with every change that was committed before the call. */
  async get(space: VectorSpace): Promise<VectorIndex> {
    const key = keyOf(space)
    const open = this.#open.get(key) ?? (await (this.#opening.get(key) ?? this.#begin(space)))
    open.usedAt = performance.now()
    await this.follow()
    return open.index
  }

  /** Brings all open indexes up to the newest change. */
  async follow(): Promise<void> {
    // Who comes while a reading is under way may have committed after it began, so it waits for one more.
    while (this.#following) await this.#following
    this.#following = this.#readLog().finally(() => {
      this.#following = undefined
    })
    await this.#following
  }

  async #readLog(): Promise<void> {
    if (this.#open.size === 0) {
      this.#mark = (await newestChange(this.#db)) ?? NOTHING
      return
    }
    for (;;) {
      const changes = await embeddingChanges(this.#db, this.#mark.sequence, CHANGES_PER_READ)
      await this.#apply(changes)
      if (changes.length < CHANGES_PER_READ) return
      await breathe()
    }
  }

  async #apply(changes: readonly EmbeddingChange[]): Promise<void> {
    const last = changes.at(-1)
    if (!last) return
    const known = changes.filter((change) => this.#open.has(keyOf(change)))
    await applyChanges(this.#db, known, (change) => {
      const open = this.#open.get(keyOf(change))
      if (open) open.changes++
      return open?.index
    })
    this.#mark = { sequence: last.sequence, token: last.token }
  }

  #begin(space: VectorSpace): Promise<Open> {
    const key = keyOf(space)
    const opening = this.#openOrMake(space).finally(() => this.#opening.delete(key))
    this.#opening.set(key, opening)
    return opening
  }

  async #openOrMake(space: VectorSpace): Promise<Open> {
    this.#closeOldest()
    const folder = join(this.#folder, keyOf(space))
    const kept = openIndex(folder, space.dimension, this.#residency)
    if (kept) {
      const open = await this.#catchUp({ space, folder, index: kept.index, changes: 0, usedAt: 0 }, kept.mark)
      if (open) return open
      kept.index.rows.release()
    }
    return this.#make(space, folder)
  }

  /**
   * Applies what the log has had since a mark and puts the index among the open ones; undefined where the log does not
   * go back that far.
   */
  async #catchUp(open: Open, mark: Mark): Promise<Open | undefined> {
    await this.follow()
    const known = mark.sequence === 0 || (await logToken(this.#db, mark.sequence)) === mark.token
    if (!known) return undefined
    const key = keyOf(open.space)
    // The place that the others are at may move on meanwhile; this one joins them when it has got there.
    for (let at = mark.sequence; at < this.#mark.sequence; ) {
      const changes = (await embeddingChanges(this.#db, at, CHANGES_PER_READ)).filter(
        ({ sequence }) => sequence <= this.#mark.sequence,
      )
      await applyChanges(
        this.#db,
        changes.filter((change) => keyOf(change) === key),
        () => open.index,
      )
      at = changes.at(-1)?.sequence ?? this.#mark.sequence
      open.changes += changes.length
    }
    this.#open.set(key, open)
    return open
  }

  /** Reads all vectors of a space. What is added or deleted meanwhile is in the log after the place where it began. */
  async #make(space: VectorSpace, folder: string): Promise<Open> {
    await this.follow()
    const from = this.#mark
    const index = createIndex(folder, space.dimension, this.#residency)
    for (let after = 0; ; ) {
      const page = await vectorsOfSpace(this.#db, space, after, VECTORS_PER_READ)
      for (const { pk, vector } of page) index.rows.append(pk, readVector(vector))
      if (page.length < VECTORS_PER_READ) break
      after = page.at(-1)!.pk
      await breathe()
    }
    const open = await this.#catchUp({ space, folder, index, changes: CHANGES_TO_KEEP, usedAt: 0 }, from)
    if (!open) throw new Error('the log of embeddings was cut while an index was made')
    return open
  }

  #closeOldest(): void {
    while (this.#open.size >= OPEN_INDEXES_MAX) {
      const oldest = [...this.#open.values()].reduce((a, b) => (a.usedAt <= b.usedAt ? a : b))
      this.#keep(oldest)
      oldest.index.rows.release()
      this.#open.delete(keyOf(oldest.space))
    }
  }

  /** Takes some waiting rows into graphs; returns whether more are waiting. */
  advance(): boolean {
    for (const { index, space } of this.#open.values()) {
      try {
        if (index.advance()) return true
      } catch (error) {
        if (!(error instanceof DamagedIndex)) throw error
        this.#drop(space)
      }
    }
    return false
  }

  /** Keeps indexes that have changed much and writes anew those with many dead rows, one at a call. */
  async tidy(changes = CHANGES_TO_KEEP): Promise<void> {
    for (const open of this.#open.values()) {
      if (open.index.rows.deadShare > DEAD_SHARE_MAX) {
        this.#open.delete(keyOf(open.space))
        open.index.rows.release()
        await this.#begin(open.space)
        return
      }
      if (open.changes >= changes) {
        this.#keep(open)
        return
      }
    }
  }

  /** Keeps and closes all. */
  async close(): Promise<void> {
    await this.#following
    for (const open of this.#open.values()) {
      if (open.changes > 0) this.#keep(open)
      open.index.rows.release()
    }
    this.#open.clear()
  }

  #keep(open: Open): void {
    saveIndex(open.folder, open.index, this.#mark)
    open.changes = 0
  }

  /** Does work on some spaces; where one turns out to be damaged on disk, all are made anew for a second try. */
  async whole<T>(spaces: readonly VectorSpace[], work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof DamagedIndex)) throw error
      for (const space of spaces) this.#drop(space)
      return work()
    }
  }

  #drop(space: VectorSpace): void {
    const open = this.#open.get(keyOf(space))
    if (!open) return
    this.#open.delete(keyOf(space))
    open.index.rows.release()
    createIndex(open.folder, space.dimension, this.#residency).rows.release()
  }

  /** Rows of the open indexes and how many of them no graph has yet. */
  sizes(): { rows: number; waiting: number; indexes: number } {
    let [rows, waiting] = [0, 0]
    for (const { index } of this.#open.values()) {
      rows += index.rows.live
      waiting += index.rows.count - index.tail
    }
    return { rows, waiting, indexes: this.#open.size }
  }
}

/** Applies changes in order to the indexes that they belong to. */
async function applyChanges(
  db: Reader,
  changes: readonly EmbeddingChange[],
  indexOf: (change: EmbeddingChange) => VectorIndex | undefined,
): Promise<void> {
  const added = changes.filter((change) => change.added).map(({ embeddingPk }) => embeddingPk)
  const vectors = added.length > 0 ? await vectorsOf(db, added) : new Map<number, Uint8Array>()
  for (const change of changes) {
    const index = indexOf(change)
    const vector = vectors.get(change.embeddingPk)
    if (!change.added) index?.rows.remove(change.embeddingPk)
    else if (vector) index?.rows.append(change.embeddingPk, readVector(vector))
  }
}

const keyOf = ({ appPk, versionPk, dimension }: VectorSpace): string => `${appPk}-${versionPk}-${dimension}`

/** A copy of length 1, as the bytes of a row may lie anywhere in a larger buffer. */
function readVector(bytes: Uint8Array): Float32Array {
  return toUnit(new Float32Array(Uint8Array.from(bytes).buffer))
}

/** Lets what waits for the event loop in. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function countingResidency(max: number): Residency {
  let used = 0
  return {
    take(bytes) {
      if (used + bytes > max) return false
      used += bytes
      return true
    },
    give(bytes) {
      used -= bytes
    },
  }
}
