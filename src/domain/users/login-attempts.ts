import type { Micros } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Wrong passwords in one window, for one login from one address, after which further tries are refused. */
export const FAILURES_MAX = 10
/** Length of a window, in microseconds: fifteen minutes. */
export const WINDOW_MICROS = 15 * 60 * 1e6
/** Most pairs of login and address that are remembered; the oldest are forgotten first. */
const ENTRIES_MAX = 10_000

interface Failures {
  count: number
  readonly since: Micros
}

/** Counts wrong passwords, so that nobody can try them one after the other. A restart forgets the counts. */
export class LoginAttempts {
  readonly #failures = new Map<string, Failures>()

  /** Refuses another try when there were too many wrong ones lately. */
  check(login: string, address: string, now: Micros): void {
    const failures = this.#current(keyOf(login, address), now)
    if (!failures || failures.count < FAILURES_MAX) return
    const minutes = Math.ceil((failures.since + WINDOW_MICROS - now) / 60e6)
    throw new AppError(
      StatusCode.CONN_THROTTLED,
      `The password was wrong ${FAILURES_MAX} times; try again in ${minutes} minutes.`,
    )
  }

  /** Counts a wrong password. */
  failed(login: string, address: string, now: Micros): void {
    const key = keyOf(login, address)
    const failures = this.#current(key, now) ?? { count: 0, since: now }
    failures.count++
    this.#failures.set(key, failures)
    if (this.#failures.size > ENTRIES_MAX) this.#failures.delete(this.#failures.keys().next().value!)
  }

  /** Forgets the wrong ones after a right one. */
  succeeded(login: string, address: string): void {
    this.#failures.delete(keyOf(login, address))
  }

  #current(key: string, now: Micros): Failures | undefined {
    const failures = this.#failures.get(key)
    if (!failures || failures.since + WINDOW_MICROS > now) return failures
    this.#failures.delete(key)
    return undefined
  }
}

const keyOf = (login: string, address: string): string => `${address}\0${login}`
