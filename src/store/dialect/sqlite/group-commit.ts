import { performance } from 'node:perf_hooks'
import { AppError } from '../../../base/errors.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { GROUP_OPEN_MS_MAX, GROUP_TRANSACTIONS_MAX, WAITING_TRANSACTIONS_MAX } from '../../limits.ts'
import type { RawConnection, RawResult } from '../engine.ts'
import { checkParameters } from '../parameters.ts'
import type { WriterStep } from './protocol.ts'
import { GroupLost, type WriterPort } from './writer-port.ts'

interface Member {
  work(connection: RawConnection): Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

type Outcome = { value: unknown } | { error: unknown }

/**
 * Runs transactions one after another, those that wait together inside one SQLite transaction with one flush to disk.
 *
 * ```
 * BEGIN IMMEDIATE  [SAVEPOINT work RELEASE]  [SAVEPOINT work ROLLBACK TO]  ...  COMMIT  -> all promises settle
 * ```
 *
 * A member that throws loses only its own savepoint. Nothing is answered before the commit, errors neither: a member
 * may have failed on the row of another one that the commit then loses.
 */
export class GroupCommit {
  readonly #port: WriterPort
  readonly #queue: Member[] = []
  #running: Promise<void> | undefined
  /** Steps without an answer of interest; they travel with the next query to save a round trip. */
  #steps: WriterStep[] = []

  constructor(port: WriterPort) {
    this.#port = port
  }

  /** Queues one transaction; resolves after the durable commit of its group. */
  transact<T>(work: (connection: RawConnection) => Promise<T>): Promise<T> {
    if (this.#port.failure) return Promise.reject(this.#port.failure)
    if (this.#queue.length >= WAITING_TRANSACTIONS_MAX) {
      return Promise.reject(
        new AppError(StatusCode.DATABASE_FAIL_TO_GET_CONNECTIONS, 'Too many changes are waiting: try again later'),
      )
    }
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#queue.push({ work, resolve: resolve as (value: unknown) => void, reject })
    this.#running ??= Promise.resolve().then(() => this.#run())
    return promise
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const members: Member[] = []
      const outcomes: Outcome[] = []
      try {
        await this.#runGroup(members, outcomes)
        for (const [index, outcome] of outcomes.entries()) settle(members[index]!, outcome)
      } catch (error) {
        const reason = error instanceof GroupLost ? error.cause : error
        await this.#abandon()
        for (const member of members) member.reject(reason)
      }
    }
    this.#running = undefined
  }

  async #runGroup(members: Member[], outcomes: Outcome[]): Promise<void> {
    const openUntil = performance.now() + GROUP_OPEN_MS_MAX
    this.#steps = [{ do: 'begin' }]
    do {
      const member = this.#queue.shift()!
      members.push(member)
      outcomes.push(await this.#runMember(member))
    } while (this.#queue.length > 0 && members.length < GROUP_TRANSACTIONS_MAX && performance.now() < openUntil)
    await this.#send({ do: 'commit' })
  }

  async #runMember(member: Member): Promise<Outcome> {
    this.#steps.push({ do: 'savepoint' })
    let lost: GroupLost | undefined
    const connection: RawConnection = {
      query: async (sql, parameters) => {
        try {
          return await this.#send({ do: 'query', sql, parameters: checkParameters(parameters) })
        } catch (error) {
          if (!(error instanceof GroupLost)) throw error
          lost = error
          throw error.cause
        }
      },
    }
    try {
      const value = await member.work(connection)
      if (lost) throw lost
      this.#steps.push({ do: 'release' })
      return { value }
    } catch (error) {
      if (lost) throw lost
      if (this.#port.failure) throw this.#port.failure
      this.#steps.push({ do: 'rollback' })
      return { error }
    }
  }

  #send(step: WriterStep): Promise<RawResult> {
    const steps = [...this.#steps, step]
    this.#steps = []
    return this.#port.send(steps)
  }

  async #abandon(): Promise<void> {
    this.#steps = []
    if (!this.#port.failure) await this.#port.send([{ do: 'abandon' }]).catch(() => undefined)
  }

  /** Resolves when no transaction runs or waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }
}

function settle(member: Member, outcome: Outcome): void {
  if ('error' in outcome) member.reject(outcome.error)
  else member.resolve(outcome.value)
}
