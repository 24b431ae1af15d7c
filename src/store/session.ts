import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Driver,
  Kysely,
  type QueryResult,
} from 'kysely'
import type { Log } from '../base/log.ts'
import type { Dialect, EngineOps, RawConnection } from './dialect/engine.ts'
import type { Schema } from './schema/tables.ts'

/** Kysely over one connection of an engine. */
export class Session extends Kysely<Schema> {
  /** Expressions that differ between the engines. */
  readonly ops: EngineOps
  /**
   * A number that is another one after every commit that can be seen, so that what was read before is still true while
   * it stays; undefined where there is none, as in transactions.
   */
  readonly version: () => number | undefined

  constructor(engine: Dialect, connection: RawConnection) {
    super({
      dialect: {
        createAdapter: () => engine.createAdapter(),
        createQueryCompiler: () => engine.createQueryCompiler(),
        createDriver: () => new SingleConnectionDriver(connection),
        createIntrospector: noIntrospection,
      },
    })
    this.ops = engine.ops
    this.version = () => connection.version?.()
  }
}

/** Reads of committed data, each statement on its own; there is no way to write with it. */
export type Reader = Pick<
  Session,
  'selectFrom' | 'selectNoFrom' | 'with' | 'withRecursive' | 'fn' | 'getExecutor' | 'ops' | 'version'
>

/** Reads and writes of one transaction; usable until the function given to `transact` settles. */
export type Writer = Reader &
  Pick<Session, 'insertInto' | 'updateTable' | 'deleteFrom' | 'schema'> & {
    /** Calls `hook` once the transaction is durable, before `transact` resolves; never after a rollback. */
    afterCommit(hook: () => void): void
  }

/** The session of one transaction attempt, which collects its hooks. */
export class WriterSession extends Session implements Writer {
  readonly #hooks: (() => void)[] = []

  afterCommit(hook: () => void): void {
    this.#hooks.push(hook)
  }

  /** Calls the hooks in order; the transaction stands whatever they do, so their errors only go to the log. */
  runHooks(log: Log): void {
    for (const hook of this.#hooks) {
      try {
        hook()
      } catch (error) {
        log.error({ err: error }, 'A hook after a commit failed')
      }
    }
  }
}

class SingleConnectionDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(connection: RawConnection) {
    this.#connection = {
      async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
        const { rows, changes } = await connection.query(sql, parameters)
        const wrote = query.kind !== 'SelectQueryNode'
        return wrote ? { rows: rows as R[], numAffectedRows: BigInt(changes) } : { rows: rows as R[] }
      },
      // biome-ignore lint/correctness/useYield: a refusal, in the shape that kysely asks for
      async *streamQuery() {
        throw new Error('Streaming is not offered: read page by page')
      },
    }
  }

  async init(): Promise<void> {}
  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }
  beginTransaction(): Promise<void> {
    return refuseNesting()
  }
  commitTransaction(): Promise<void> {
    return refuseNesting()
  }
  rollbackTransaction(): Promise<void> {
    return refuseNesting()
  }
  async releaseConnection(): Promise<void> {}
  async destroy(): Promise<void> {}
}

async function refuseNesting(): Promise<never> {
  throw new Error('Transactions are made by transact alone')
}

function noIntrospection(): DatabaseIntrospector {
  throw new Error('The schema is known by its migrations')
}
