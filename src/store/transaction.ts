import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../base/errors.ts'
import { inTime } from '../base/in-time.ts'
import type { Log } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Engine, RawConnection, RawResult } from './dialect/engine.ts'
import { ConstraintViolated, DuplicateKey, RetryableConflict, tooManyWaiting } from './errors.ts'
import type { Lanes } from './lanes.ts'
import { RETRY_PAUSE_MS_MAX, TRANSACTION_ATTEMPTS_MAX, TRANSACTION_MS_MAX, WAITING_TRANSACTIONS_MAX } from './limits.ts'
import { type Writer, WriterSession } from './session.ts'

const current = new AsyncLocalStorage<TransactionScope>()

/**
 * One attempt at a transaction: passes statements on while it is open and nothing has failed in it.
 *
 * PostgreSQL refuses everything after a failed statement while SQLite would go on; here both refuse, and a
 * transaction with a failed statement never commits, even when its function swallowed the error.
 */
class TransactionScope implements RawConnection {
  readonly #connection: RawConnection
  #failure: unknown
  #open = true

  constructor(connection: RawConnection) {
    this.#connection = connection
  }

  get open(): boolean {
    return this.#open
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<RawResult> {
    if (!this.#open) throw new Error('This transaction is over: nothing may use its writer any more')
    this.throwFailure()
    try {
      return await this.#connection.query(sql, parameters)
    } catch (error) {
      this.#failure ??= error
      throw error
    }
  }

  /** True when the data was refused, not the work of the database itself. */
  get failedOnContent(): boolean {
    return this.#failure instanceof DuplicateKey || this.#failure instanceof ConstraintViolated
  }

  /** Throws the error of the first statement that failed. */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  close(): void {
    this.#open = false
  }
}

/**
 * Runs `work` in a transaction and repeats it after conflicts; it may therefore touch nothing but its writer. `lanes`
 * keep transactions of this server out of each other's way where the engine itself does not.
 */
export async function runTransaction<T>(
  engine: Engine,
  lanes: Lanes | undefined,
  log: Log,
  work: (tx: Writer) => Promise<T>,
): Promise<T> {
  if (current.getStore()?.open) {
    throw new Error('A transaction inside a transaction would wait for itself: pass the writer on instead')
  }
  if ((lanes?.waiting ?? 0) >= WAITING_TRANSACTIONS_MAX) throw tooManyWaiting()
  for (let attempt = 1; ; attempt++) {
    const once = (): Promise<T> => runAttempt(engine, log, work)
    try {
      return await (lanes ? lanes.run(attempt > 1, isConflict, once) : once())
    } catch (error) {
      if (!isConflict(error) || attempt >= TRANSACTION_ATTEMPTS_MAX) throw error
      log.debug({ err: error, attempt }, 'Repeating a transaction after a conflict')
      // In this server it will be alone; others, with which it may meet again, are not waited for.
      if (attempt > 1 || !lanes) await pause(Math.random() * Math.min(RETRY_PAUSE_MS_MAX, 2 ** attempt))
    }
  }
}

const isConflict = (error: unknown): boolean => error instanceof RetryableConflict

async function runAttempt<T>(engine: Engine, log: Log, work: (tx: Writer) => Promise<T>): Promise<T> {
  let session: WriterSession | undefined
  const value = await engine.transact(async (connection) => {
    const scope = new TransactionScope(connection)
    session = new WriterSession(engine, scope)
    const tx = session
    try {
      const result = await withDeadline(current.run(scope, async () => work(tx)))
      scope.throwFailure()
      return result
    } catch (error) {
      // A function may answer a duplicate in its own words; a conflict must be seen here to be repeated.
      if (!scope.failedOnContent) scope.throwFailure()
      throw error
    } finally {
      scope.close()
    }
  })
  session?.runHooks(log)
  return value
}

/** All other writers wait for this one, so a function that hangs loses its transaction. */
function withDeadline<T>(promise: Promise<T>): Promise<T> {
  return inTime(
    promise,
    TRANSACTION_MS_MAX,
    () => new AppError(StatusCode.DATABASE_STATEMENT_TIMEOUT, 'The change took too long: repeat the request'),
  )
}
