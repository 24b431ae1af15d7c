import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { FOLLOW_MS, IDLE_BEFORE_KEEPING_MS, LOG_NEEDED_EVERY_MS } from '../limits.ts'
import type { SearchAnswer, SearchPlan } from '../plan.ts'
import type { FromSearch, ToSearch } from '../protocol.ts'
import { execute } from './execute.ts'
import type { Spaces } from './spaces.ts'

/** Answers the questions of the server, one after the other, and looks after the indexes in between. */
export class SearchServer {
  readonly #db: Reader
  readonly #spaces: Spaces
  readonly #send: (message: FromSearch) => void
  readonly #follow: NodeJS.Timeout
  #askedAt = performance.now()
  #told = { sequence: -1, at: 0 }
  #advancing = false
  #looking = false
  #closed = false

  constructor(db: Reader, spaces: Spaces, send: (message: FromSearch) => void) {
    this.#db = db
    this.#spaces = spaces
    this.#send = send
    this.#follow = setInterval(() => void this.#lookAfter(), FOLLOW_MS)
  }

  async handle(asked: Exclude<ToSearch, { type: 'stop' }>): Promise<void> {
    const { id } = asked
    this.#askedAt = performance.now()
    try {
      if (asked.type === 'sizes') {
        await this.#spaces.follow()
        this.#send({ type: 'sizes', id, sizes: this.#spaces.sizes() })
        return
      }
      this.#send({ type: 'answer', id, answer: await this.#answer(asked.plan) })
      this.#advance()
    } catch (error) {
      if (!(error instanceof AppError)) console.error('a search failed', error)
      const known = error instanceof AppError
      const code = known ? error.code : StatusCode.SEARCH_INTERNAL_FAILURE
      this.#send({ type: 'error', id, code, details: known ? error.details : 'The search failed; please try again.' })
    }
  }

  #answer(plan: SearchPlan): Promise<SearchAnswer> {
    const spaces = plan.ranks.flatMap((rank) => ('space' in rank ? rank.space : []))
    return this.#spaces.whole(spaces, () => execute(this.#db, this.#spaces, plan))
  }

  /** Graphs grow in small steps, each of which lets waiting searches in. */
  #advance(): void {
    if (this.#advancing || this.#closed) return
    this.#advancing = true
    const step = (): void => {
      if (!this.#closed && this.#spaces.advance()) setImmediate(step)
      else this.#advancing = false
    }
    setImmediate(step)
  }

  async #lookAfter(): Promise<void> {
    // Keeping a large index may take longer than it is until the next look.
    if (this.#looking) return
    this.#looking = true
    try {
      await this.#spaces.follow()
      if (this.#closed) return
      await this.#spaces.keepOverdue()
      if (this.#advancing || this.#closed) return
      if (this.#spaces.advance()) this.#advance()
      else if (performance.now() - this.#askedAt > IDLE_BEFORE_KEEPING_MS) await this.#spaces.tidy()
      if (!this.#closed) await this.#spaces.warm()
      this.#tellNeeded()
    } catch (error) {
      console.error('indexes could not be looked after', error)
    } finally {
      this.#looking = false
    }
  }

  /** The server removes what of the log nobody needs any more. */
  #tellNeeded(): void {
    const mark = this.#spaces.needed()
    const now = performance.now()
    if (mark.sequence === this.#told.sequence && now - this.#told.at < LOG_NEEDED_EVERY_MS) return
    this.#told = { sequence: mark.sequence, at: now }
    this.#send({ type: 'needed', mark })
  }

  async close(): Promise<void> {
    this.#closed = true
    clearInterval(this.#follow)
    await this.#spaces.close()
  }
}
