import { AsyncLocalStorage } from 'node:async_hooks'
import { performance } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Log } from '../../../base/log.ts'
import { StorageFailure, StorageFull, tooManyWaiting } from '../../errors.ts'
import {
  EVENT_LOOP_HOLD_MS_MAX,
  GROUP_OPEN_MS_MAX,
  GROUP_TRANSACTIONS_MAX,
  WAITING_TRANSACTIONS_MAX,
  WAL_CHECKPOINT_PAGES,
} from '../../limits.ts'
import type { RawConnection, RawResult } from '../engine.ts'
import { checkParameters } from '../parameters.ts'
import type { SqliteConnection } from './connection.ts'
import { translateSqliteError } from './errors.ts'

/** The part that waits for the disk, elsewhere. */
export interface DiskWaiter {
  /** Resolves when everything that was committed before the call is on the disk. */
  flush(): Promise<void>
  /** Copies the log back into the database; nothing is written meanwhile. */
  checkpoint(): Promise<void>
}

interface Member {
  work(connection: RawConnection): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { value: unknown } | { error: unknown }

interface Group {
  members: Member[]
  outcomes: Outcome[]
}

/** An error after which SQLite has rolled back the whole group. */
class GroupLost extends Error {
  override readonly cause: Error

  constructor(cause: Error) {
    super('The group of transactions was rolled back')
    this.cause = cause
  }
}

/**
 * Runs transactions one after another, those that wait together inside one SQLite transaction with one flush to disk.
 *
 * ```
 * BEGIN IMMEDIATE  [SAVEPOINT work RELEASE]  [SAVEPOINT work ROLLBACK TO]  ...  COMMIT  flush  -> all promises settle
 *                                                                                 |-- next group runs, cannot commit
 * ```
 *
 * The flush happens in another thread. Until it is done the reader is held on the data before the commit, so nobody
 * sees what a power cut could still undo. A member that throws loses only its own savepoint, but is answered together
 * with the others: it may have failed on the row of one that the flush then loses.
 */
export class GroupCommit {
  readonly #writer: SqliteConnection
  readonly #reader: SqliteConnection
  readonly #disk: DiskWaiter
  readonly #log: Log
  readonly #onFailure: (failure: StorageFailure) => void
  readonly #queue: Member[] = []
  #running: Promise<void> | undefined
  #flushing: Promise<void> = Promise.resolve()
  #failure: StorageFailure | undefined
  #lastTurn = 0
  readonly #openMs: number

  constructor(
    writer: SqliteConnection,
    reader: SqliteConnection,
    disk: DiskWaiter,
    log: Log,
    onFailure: (failure: StorageFailure) => void,
    openMs = GROUP_OPEN_MS_MAX,
  ) {
    this.#writer = writer
    this.#reader = reader
    this.#disk = disk
    this.#log = log
    this.#onFailure = onFailure
    this.#openMs = openMs
  }

  /** The failure after which nothing is written any more. */
  get failure(): StorageFailure | undefined {
    return this.#failure
  }

  /** Queues one transaction; resolves after the durable commit of its group. */
  transact<T>(work: (connection: RawConnection) => Promise<T>): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure)
    if (this.#queue.length >= WAITING_TRANSACTIONS_MAX) {
      return Promise.reject(tooManyWaiting())
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    // The work runs on behalf of its caller, not of whoever happened to start the group.
    const inContext = AsyncLocalStorage.snapshot()
    this.#queue.push({
      work: (connection) => inContext(work, connection),
      resolve: resolve as (value: unknown) => void,
      reject,
    })
    this.#running ??= Promise.resolve().then(() => this.#run())
    return promise
  }

  /** Resolves when no transaction runs or waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) await this.#runGroup({ members: [], outcomes: [] })
    await this.#flushing
    this.#running = undefined
    if (this.#queue.length > 0) this.#running = this.#run()
  }

  async #runGroup(group: Group): Promise<void> {
    try {
      await this.#fill(group)
      await this.#flushing
      if (this.#failure) throw this.#failure
      this.#holdReader()
      this.#writer.run('commit')
    } catch (error) {
      const reason = error instanceof GroupLost ? error.cause : translateSqliteError(error)
      if (reason instanceof StorageFailure) this.#fail(reason)
      this.#abandon()
      for (const member of group.members) member.reject(reason)
      return
    }
    this.#flushing = this.#flush(group)
    if (this.#checkpointIsDue()) await this.#checkpoint()
  }

  async #fill({ members, outcomes }: Group): Promise<void> {
    if (this.#failure) {
      for (const member of this.#queue.splice(0)) member.reject(this.#failure)
      throw this.#failure
    }
    const openUntil = performance.now() + this.#openMs
    members.push(this.#queue.shift()!)
    this.#writer.run('begin immediate')
    for (;;) {
      outcomes.push(await this.#runMember(members.at(-1)!))
      if (members.length >= GROUP_TRANSACTIONS_MAX || performance.now() >= openUntil) return
      const next = this.#queue.shift()
      if (!next) return
      members.push(next)
    }
  }

  async #runMember(member: Member): Promise<Outcome> {
    let lost: GroupLost | undefined
    const query = async (sql: string, parameters: readonly unknown[]): Promise<RawResult> => {
      await this.#giveEventLoopItsTurn()
      try {
        if (lost) throw lost.cause
        return this.#writer.run(sql, checkParameters(parameters))
      } catch (error) {
        const reason = translateSqliteError(error)
        // SQLite ended the transaction: a further statement would run, and stay, outside any.
        if (!this.#writer.inTransaction || reason instanceof StorageFailure) lost ??= new GroupLost(reason)
        throw reason
      }
    }
    this.#writer.run('savepoint member')
    try {
      const value = await member.work({ query })
      if (lost) throw lost
      this.#writer.run('release member')
      return { value }
    } catch (error) {
      if (lost) throw lost
      this.#writer.run('rollback to member')
      this.#writer.run('release member')
      return { error }
    }
  }

  /** A long transaction never waits for anything but itself, so it has to let the event loop in on purpose. */
  async #giveEventLoopItsTurn(): Promise<void> {
    if (performance.now() - this.#lastTurn < EVENT_LOOP_HOLD_MS_MAX) return
    await nextTurn()
    this.#lastTurn = performance.now()
  }

  async #flush({ members, outcomes }: Group): Promise<void> {
    try {
      await this.#disk.flush()
      this.#reader.run('commit')
    } catch (error) {
      // After a failed flush nobody knows what is on the disk, and trying again would hide it: PostgreSQL stops too.
      const failure = toFailure(error)
      this.#fail(failure)
      for (const member of members) member.reject(failure)
      return
    }
    this.#lastTurn = performance.now()
    for (const [index, outcome] of outcomes.entries()) settle(members[index]!, outcome)
  }

  /** Until the flush is done the reader stays on the data before the commit. */
  #holdReader(): void {
    this.#reader.run('begin')
    this.#reader.run('select 1 from sqlite_schema limit 1')
  }

  #checkpointIsDue(): boolean {
    const state = this.#writer.run('pragma wal_checkpoint(noop)').rows[0] as { log: number; checkpointed: number }
    return state.log - state.checkpointed >= WAL_CHECKPOINT_PAGES
  }

  /** A failure must be told, as the log would grow for ever; on a full disk the next commit tries again. */
  async #checkpoint(): Promise<void> {
    await this.#flushing
    if (this.#failure) return
    try {
      await this.#disk.checkpoint()
    } catch (error) {
      if (error instanceof StorageFull) this.#log.warn({ err: error }, 'The database file cannot grow')
      else this.#fail(toFailure(error))
    }
  }

  #abandon(): void {
    try {
      if (this.#writer.inTransaction) this.#writer.run('rollback')
      if (this.#reader.inTransaction && !this.#failure) this.#reader.run('commit')
    } catch (error) {
      this.#fail(toFailure(error))
    }
  }

  #fail(failure: StorageFailure): void {
    if (this.#failure) return
    this.#failure = failure
    this.#log.error({ err: failure }, 'The database cannot be written any more')
    this.#onFailure(failure)
  }
}

function toFailure(error: unknown): StorageFailure {
  return error instanceof StorageFailure ? error : new StorageFailure((error as Error).message, error)
}

function settle(member: Member, outcome: Outcome): void {
  if ('error' in outcome) member.reject(outcome.error)
  else member.resolve(outcome.value)
}
