import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import { inTime } from '../../base/in-time.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import {
  type EmbeddingChange,
  endOfLog,
  type LogMark,
  START_OF_LOG,
  type VectorSpace,
  vectorsOfSpace,
} from '../../store/repos/embedding-log.ts'
import { type DamagedIndex, ifDamaged } from '../../vectors/damaged.ts'
import { DEAD_SHARE_MAX, RESIDENT_BYTES_MAX } from '../../vectors/limits.ts'
import { countingResidency, type Residency } from '../../vectors/residency.ts'
import { createIndex, keptMark, openIndex } from '../../vectors/snapshot.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'
import {
  CHANGES_TO_KEEP,
  LOG_ROWS_HELD_MAX,
  OPEN_INDEXES_MAX,
  OPEN_MS_MAX,
  SEGMENTS_WARMED,
  VECTORS_PER_READ,
} from '../limits.ts'
import { readVector } from './apply-changes.ts'
import { OpenIndex } from './keeping.ts'
import { breathe, type Place, readLog } from './read-log.ts'

/**
 * The vector indexes of a database: opened when first asked for, kept in step with the log of embeddings, made anew
 * from the database where there is none or it cannot be trusted. All open ones are at one place of the log.
 */
export class Spaces {
  readonly #db: Reader
  readonly #folder: string
  readonly #residency: Residency
  readonly #openMsMax: number
  /** Vectors that indexes in the making have. */
  readonly #made = new Map<string, number>()
  readonly #open = new Map<string, OpenIndex>()
  /** Spaces of which what is kept cannot be trusted. */
  readonly #damaged = new Set<string>()
  readonly #opening = new Map<string, Promise<OpenIndex>>()
  #place: Place = { mark: START_OF_LOG, ahead: new Set() }
  /** Version of the database up to which the log was followed, where there is such a number. */
  #version: number | undefined
  #following: Promise<void> | undefined

  constructor(db: Reader, folder: string, residentBytesMax = RESIDENT_BYTES_MAX, openMsMax = OPEN_MS_MAX) {
    this.#db = db
    this.#folder = folder
    this.#residency = countingResidency(residentBytesMax)
    this.#openMsMax = openMsMax
  }

  /** The index of a space with every change that was committed before the call. */
  async get(space: VectorSpace): Promise<VectorIndex> {
    const key = keyOf(space)
    for (;;) {
      const open = this.#open.get(key) ?? (await this.#opened(space))
      open.usedAt = performance.now()
      await this.follow()
      // Where the log could not be followed, or its files are damaged, it has been closed to be made anew.
      if (this.#open.get(key) === open) return open.index
    }
  }

  /** Brings all open indexes up to the newest change. */
  async follow(): Promise<void> {
    if (!this.#following && this.#isUpToDate()) return
    await this.#alone(async () => {
      if (this.#isUpToDate()) return
      const version = this.#db.version()
      if (this.#open.size === 0) this.#place = { mark: await endOfLog(this.#db), ahead: new Set() }
      else {
        const openOf = (change: EmbeddingChange): VectorIndex | undefined => {
          const open = this.#open.get(keyOf(change))
          open?.changed()
          return open?.index
        }
        const place = await readLog(this.#db, this.#place, openOf, (change) => this.#drop(change))
        if (place) this.#place = place
        else await this.#startAgain()
      }
      this.#version = version
    })
  }

  /** Whether nothing has been committed since the log was followed. */
  #isUpToDate(): boolean {
    return this.#version !== undefined && this.#version === this.#db.version()
  }

  /** Runs what moves the place in the log. */
  async #alone(work: () => Promise<void>): Promise<void> {
    // Who comes while a reading is under way may have committed after it began, so it waits for one more.
    while (this.#following) await this.#following
    this.#following = work().finally(() => {
      this.#following = undefined
    })
    await this.#following
  }

  /** The log does not go back to where the indexes are, or is another one by now. */
  async #startAgain(): Promise<void> {
    for (const [key, open] of this.#open) {
      this.#open.delete(key)
      open.retire()
    }
    this.#place = { mark: await endOfLog(this.#db), ahead: new Set() }
  }

  /** Opens or makes an index; says how far it is where that takes longer than a search may, and goes on. */
  #opened(space: VectorSpace): Promise<OpenIndex> {
    const key = keyOf(space)
    let opening = this.#opening.get(key)
    if (!opening) {
      opening = this.#openOrMake(space).finally(() => {
        this.#opening.delete(key)
        this.#made.delete(key)
      })
      this.#opening.set(key, opening)
    }
    return inTime(opening, this.#openMsMax, () => {
      const made = this.#made.get(key) ?? 0
      const details = `The index of these vectors is being made and has ${made} so far; search again in a minute.`
      return new AppError(StatusCode.SEARCH_INTERNAL_FAILURE, details)
    })
  }

  async #openOrMake(space: VectorSpace): Promise<OpenIndex> {
    await this.#closeOldest()
    const folder = join(this.#folder, keyOf(space))
    const kept = this.#damaged.has(keyOf(space)) ? undefined : openIndex(folder, space.dimension, this.#residency)
    if (kept) {
      const open = new OpenIndex(space, folder, kept.index)
      const opened = await this.#catchUp(open, kept.mark).catch(ifDamaged)
      if (opened) return opened
      kept.index.rows.release()
    }
    return this.#make(space, folder)
  }

  /**
   * Applies what the log has had since a mark and puts the index among the open ones; undefined where the log does not
   * go back that far. Throws DamagedIndex.
   */
  async #catchUp(open: OpenIndex, mark: LogMark): Promise<OpenIndex | undefined> {
    const key = keyOf(open.space)
    const ownOnly = (change: EmbeddingChange): VectorIndex | undefined => {
      if (keyOf(change) !== key) return undefined
      open.changed()
      return open.index
    }
    const fail = (_: EmbeddingChange, error: DamagedIndex): never => {
      throw error
    }
    const place = await readLog(this.#db, { mark, ahead: new Set() }, ownOnly, fail)
    if (!place) return undefined
    // It joins the others while nobody moves on; what they are yet to read, it has then, and having it twice is no harm.
    let joined = false
    await this.#alone(async () => {
      joined = (await readLog(this.#db, place, ownOnly, fail)) !== undefined
      if (!joined) return
      this.#open.set(key, open)
      this.#damaged.delete(key)
    })
    return joined ? open : undefined
  }

  /** Reads all vectors of a space. What is added or deleted meanwhile is in the log after the place where it began. */
  async #make(space: VectorSpace, folder: string): Promise<OpenIndex> {
    await this.follow()
    const from = this.#place.mark
    const index = createIndex(folder, space.dimension, this.#residency)
    for (let after = 0; ; ) {
      const page = await vectorsOfSpace(this.#db, space, after, VECTORS_PER_READ)
      for (const { pk, inputPk, annotationPk, vector } of page) {
        index.rows.append(pk, readVector(vector), inputPk, annotationPk)
      }
      this.#made.set(keyOf(space), index.rows.count)
      if (page.length < VECTORS_PER_READ) break
      after = page.at(-1)!.pk
      await breathe()
    }
    const changes = Math.max(CHANGES_TO_KEEP, index.rows.count)
    const open = await this.#catchUp(new OpenIndex(space, folder, index, changes), from)
    if (!open) throw new Error('the log of embeddings was cut while an index was made')
    return open
  }

  async #closeOldest(): Promise<void> {
    while (this.#open.size >= OPEN_INDEXES_MAX) {
      const oldest = [...this.#open.values()].reduce((a, b) => (a.usedAt <= b.usedAt ? a : b))
      const { usedAt } = oldest
      await this.#keep(oldest)
      if (oldest.usedAt !== usedAt || this.#open.get(keyOf(oldest.space)) !== oldest) continue
      this.#open.delete(keyOf(oldest.space))
      oldest.retire()
    }
  }

  /** Takes some waiting rows into graphs; returns whether more are waiting. */
  advance(): boolean {
    for (const open of this.#open.values()) {
      try {
        if (open.advance()) return true
      } catch (error) {
        ifDamaged(error)
        this.#drop(open.space)
      }
    }
    return false
  }

  /** Takes some blocks of open indexes from disk into memory, before a search has to. */
  async warm(): Promise<void> {
    let left = SEGMENTS_WARMED
    for (const open of [...this.#open.values()]) {
      try {
        for (; left > 0 && this.#open.get(keyOf(open.space)) === open && open.index.rows.warm(); left--) await breathe()
      } catch (error) {
        ifDamaged(error)
        this.#drop(open.space)
      }
    }
  }

  /** Keeps one index that has changed so much that it cannot wait until nobody searches. */
  async keepOverdue(): Promise<void> {
    const overdue = [...this.#open.values()].find((open) => open.isOverdue)
    if (overdue) await this.#keep(overdue)
  }

  /**
   * Looks after one index at a call: one with many dead rows is made anew while it goes on answering, one that has
   * changed much is kept, and one that holds back the log is opened, kept or, where its space is empty, removed.
   */
  async tidy(changes = CHANGES_TO_KEEP, heldRows = LOG_ROWS_HELD_MAX): Promise<void> {
    for (const open of this.#open.values()) {
      if (open.index.rows.deadShare > DEAD_SHARE_MAX) return this.#replace(open)
      if (open.isDue(changes)) return this.#keep(open)
    }
    const [oldest] = this.#kept().sort((a, b) => a.mark.sequence - b.mark.sequence)
    if (!oldest || this.#place.mark.sequence - oldest.mark.sequence < heldRows) return
    await this.get(oldest.space)
    const open = this.#open.get(keyOf(oldest.space))
    if (open?.index.rows.live === 0) this.#remove(open)
    else if (open) await this.#keep(open)
  }

  /** Makes an index anew without its dead rows. */
  async #replace(open: OpenIndex): Promise<void> {
    if (open.index.rows.live === 0) return this.#remove(open)
    open.replaced = true
    try {
      await this.#make(open.space, open.folder)
      open.retire()
    } finally {
      open.replaced = false
    }
  }

  #remove(open: OpenIndex): void {
    this.#open.delete(keyOf(open.space))
    open.retire()
    open.remove()
  }

  /** From where on the log is needed: by what is open, and by what is kept when it will be opened. */
  needed(): LogMark {
    const marks = this.#kept().map(({ mark }) => mark)
    if (this.#open.size > 0 || marks.length === 0) marks.push(this.#place.mark)
    const [first] = marks.sort((a, b) => a.sequence - b.sequence)
    return { ...first!, oldestRunning: Math.min(...marks.map(({ oldestRunning }) => oldestRunning)) }
  }

  #kept(): { space: VectorSpace; mark: LogMark }[] {
    if (!existsSync(this.#folder)) return []
    return readdirSync(this.#folder).flatMap((name) => {
      const [appPk, versionPk, dimension] = name.split('-').map(Number)
      const mark = keptMark(join(this.#folder, name))
      return mark ? [{ space: { appPk: appPk!, versionPk: versionPk!, dimension: dimension! }, mark }] : []
    })
  }

  /** Keeps and closes all. */
  async close(): Promise<void> {
    await this.#following
    for (const open of this.#open.values()) {
      if (open.isChanged) await this.#keep(open)
      open.index.rows.release()
    }
    this.#open.clear()
  }

  /** Keeps an index at the place of the log where all are. */
  async #keep(open: OpenIndex): Promise<void> {
    const isWanted = (): boolean => this.#open.get(keyOf(open.space)) === open && !open.replaced
    try {
      await open.keep(() => this.#place.mark, isWanted)
    } catch (error) {
      if (!isWanted()) return
      ifDamaged(error)
      this.#drop(open.space)
    }
  }

  /** Does work on some spaces; where one turns out to be damaged on disk, all are made anew for a second try. */
  async whole<T>(spaces: readonly VectorSpace[], work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      ifDamaged(error)
      for (const space of spaces) this.#drop(space)
      return work()
    }
  }

  #drop(space: VectorSpace): void {
    const open = this.#open.get(keyOf(space))
    if (!open) return
    this.#open.delete(keyOf(space))
    this.#damaged.add(keyOf(space))
    open.retire()
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

const keyOf = ({ appPk, versionPk, dimension }: VectorSpace): string => `${appPk}-${versionPk}-${dimension}`
