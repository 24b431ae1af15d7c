import { CommitMemory } from '../../store/commit-memory.ts'
import type { Reader } from '../../store/database.ts'
import { fittingInputs, type SearchScope } from '../../store/repos/search-matches.ts'
import { INPUTS_REMEMBERED_MAX, LIST_FROM_SEARCH, LISTED_INPUTS_MAX, SCOPES_REMEMBERED_MAX } from '../limits.ts'
import { listInputs } from './listing.ts'

const remembered = new CommitMemory<KnownInputs>(SCOPES_REMEMBERED_MAX)

/** What is known of the inputs that fit a scope; it is forgotten with the next commit. */
export class KnownInputs {
  readonly #db: Reader
  readonly #scope: SearchScope
  readonly #fits = new Map<number, boolean>()
  #searches = 0
  #expected = 0
  #areTooMany = false
  #listing: Promise<readonly number[] | undefined> | undefined
  #listed: Set<number> | undefined

  private constructor(db: Reader, scope: SearchScope) {
    this.#db = db
    this.#scope = scope
  }

  /** What earlier searches with the same scope have found out, where nothing has been committed since. */
  static of(db: Reader, scope: SearchScope): KnownInputs {
    return remembered.getOrMake(
      db,
      () => JSON.stringify(scope),
      () => new KnownInputs(db, scope),
    )
  }

  /** Another search asks for what fits. */
  asked(): void {
    this.#searches++
  }

  /** Those of some inputs that fit. */
  async fitting(pks: readonly number[]): Promise<Set<number>> {
    const listed = this.#listed
    if (listed) return new Set(pks.filter((pk) => listed.has(pk)))
    const unknown = pks.filter((pk) => !this.#fits.has(pk))
    const found = unknown.length > 0 ? await fittingInputs(this.#db, this.#scope, unknown) : new Set<number>()
    const fits = pks.filter((pk) => this.#fits.get(pk) ?? found.has(pk))
    if (this.#fits.size < INPUTS_REMEMBERED_MAX) for (const pk of unknown) this.#fits.set(pk, found.has(pk))
    return new Set(fits)
  }

  /** Says about how many inputs seem to fit, so that too many are not listed in vain. */
  expect(inputs: number): void {
    this.#expected = inputs
  }

  /** About how many inputs seemed to fit; 0 where nobody has said. */
  get expected(): number {
    return this.#expected
  }

  /**
   * All inputs that fit, the newest first, once so many searches have asked that listing them is worth it; undefined
   * before, and where there are too many.
   */
  async list(): Promise<readonly number[] | undefined> {
    if (this.#areTooMany || this.#searches < LIST_FROM_SEARCH || this.#expected > 2 * LISTED_INPUTS_MAX) {
      return undefined
    }
    return this.listNow()
  }

  /** All inputs that fit, the newest first; undefined where there are too many. */
  async listNow(): Promise<readonly number[] | undefined> {
    if (this.#areTooMany) return undefined
    this.#listing ??= this.#list().catch((error) => {
      this.#listing = undefined
      throw error
    })
    return this.#listing
  }

  async #list(): Promise<readonly number[] | undefined> {
    const { found } = await listInputs(this.#db, this.#scope, LISTED_INPUTS_MAX + 1)
    if (found.length > LISTED_INPUTS_MAX) {
      this.#areTooMany = true
      return undefined
    }
    this.#listed = new Set(found)
    this.#fits.clear()
    return found
  }
}
