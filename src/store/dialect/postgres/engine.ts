import { PostgresAdapter, PostgresQueryCompiler } from 'kysely'
import pg from 'pg'
import { AppError } from '../../../base/errors.ts'
import type { Log } from '../../../base/log.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { POSTGRES_CONNECT_MS_MAX, POSTGRES_CONNECTIONS_MAX, TRANSACTION_MS_MAX } from '../../limits.ts'
import type { Engine, RawConnection, RawResult } from '../engine.ts'
import { checkParameters } from '../parameters.ts'
import { translatePostgresError } from './errors.ts'
import { postgresOps } from './ops.ts'

const INT8 = 20
/** One number for all programs of this kind. */
const SCHEMA_LOCK = 7_106_543_921

/** Opens a PostgreSQL database (15 or newer, UTF-8): one pool that can only read, one for transactions. */
export async function openPostgres(url: string, log: Log): Promise<Engine> {
  const reading = openPool(url, 'on', log)
  const writing = openPool(url, 'off', log)
  const close = async (): Promise<void> => {
    await Promise.all([reading.end(), writing.end()])
  }
  try {
    return assemble(reading, writing, await findUnicodeCollation(reading), close)
  } catch (error) {
    await close()
    throw translatePostgresError(error)
  }
}

function openPool(url: string, readOnly: 'on' | 'off', log: Log): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: POSTGRES_CONNECTIONS_MAX,
    connectionTimeoutMillis: POSTGRES_CONNECT_MS_MAX,
    statement_timeout: TRANSACTION_MS_MAX,
    idle_in_transaction_session_timeout: TRANSACTION_MS_MAX,
    application_name: 'limpid',
    onConnect: async (client) => {
      await client.query(`set default_transaction_read_only = ${readOnly}`)
    },
    types: { getTypeParser: (oid, format) => (oid === INT8 ? toSafeNumber : pg.types.getTypeParser(oid, format)) },
  })
  // Without a listener the loss of an idle connection would end the process.
  pool.on('error', (error) => log.warn({ err: error }, 'A database connection was lost'))
  return pool
}

function toSafeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`The stored number ${text} is too large`)
  return value
}

/** ICU knows the case of all letters; a server built without it falls back to the collation of the database. */
async function findUnicodeCollation(pool: pg.Pool): Promise<string> {
  const encoding = await pool.query<{ server_encoding: string }>('show server_encoding')
  if (encoding.rows[0]?.server_encoding !== 'UTF8') {
    throw new AppError(StatusCode.INTERNAL_DATABASE_ISSUE, 'The PostgreSQL database must have the encoding UTF8')
  }
  const found = await pool.query(`select 1 from pg_collation where collname = 'und-x-icu'`)
  return found.rowCount ? 'und-x-icu' : 'default'
}

function assemble(reading: pg.Pool, writing: pg.Pool, unicode: string, close: () => Promise<void>): Engine {
  return {
    ops: postgresOps(unicode),
    createAdapter: () => new PostgresAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    sole: false,
    read: { query: (sql, parameters) => run(reading, sql, parameters) },
    transact: (work) => transact(writing, work),
    exclusively: (work) => exclusively(writing, work),
    snapshot: async () => {
      throw new AppError(
        StatusCode.CONN_INVALID_REQUEST,
        'A PostgreSQL database is backed up with pg_dump and restored with pg_restore: use those tools',
      )
    },
    close,
  }
}

async function run(client: pg.Pool | pg.PoolClient, text: string, parameters: readonly unknown[]): Promise<RawResult> {
  const values = checkParameters(parameters).map(toPgValue)
  try {
    const { rows, rowCount } = await client.query(text, values)
    return { rows, changes: rowCount ?? 0 }
  } catch (error) {
    throw translatePostgresError(error)
  }
}

function toPgValue(value: unknown): unknown {
  return value instanceof Uint8Array && !Buffer.isBuffer(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : value
}

/** The lock is outside the transactions in `work`, as those must begin to see the data after they have it. */
async function exclusively<T>(pool: pg.Pool, work: () => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw translatePostgresError(error)
  })
  try {
    await run(client, 'select pg_advisory_lock($1)', [SCHEMA_LOCK])
    return await work()
  } finally {
    // Ending the connection is what gives the lock back for certain.
    client.release(true)
  }
}

/** Serializable, so that a transaction behaves as with SQLite's single writer; conflicts are repeated by the caller. */
async function transact<T>(pool: pg.Pool, work: (connection: RawConnection) => Promise<T>): Promise<T> {
  const client = await pool.connect().catch((error: unknown) => {
    throw translatePostgresError(error)
  })
  let broken: Error | undefined
  let last: Promise<unknown> = Promise.resolve()
  // One connection works on one statement at a time; those made at once follow one another.
  const query: RawConnection['query'] = (sql, parameters) => {
    const result = last.then(() => run(client, sql, parameters))
    last = result.catch(() => undefined)
    return result
  }
  try {
    await run(client, 'begin isolation level serializable', [])
    const value = await work({ query })
    await last
    await run(client, 'commit', [])
    return value
  } catch (error) {
    await last
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError
    })
    throw error
  } finally {
    client.release(broken)
  }
}
