import type { Database, Writer } from '../store/database.ts'

/**
 * Where a server's runner writes into the queue. On a database that servers share one change follows another: they
 * meet in the same pages of the same indexes, and the database would refuse every fourth to have it repeated. A single
 * server's database does that by itself, and many at a time.
 */
export class Desk {
  readonly #db: Database
  #last: Promise<unknown> = Promise.resolve()

  constructor(db: Database) {
    this.#db = db
  }

  /** A transaction, as `db.transact` runs it. */
  write<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    if (this.#db.sole) return this.#db.transact(work)
    const written = this.#last.then(() => this.#db.transact(work))
    this.#last = written.catch(() => undefined)
    return written
  }
}
