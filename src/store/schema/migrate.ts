import { sql } from 'kysely'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Engine } from '../dialect/engine.ts'
import { Session } from '../session.ts'
import { type Migration, migrations } from './migrations.ts'
import { TableMaker } from './table-maker.ts'

const VERSION_KEY = 'schema_version'

/**
 * Brings the schema to the newest version; does nothing when it is there.
 *
 * Each step commits together with its number, so a crash leaves a state from which the next start goes on. Throws an
 * AppError when a newer program wrote the database. `steps` differs from the real list in tests only.
 */
export function migrate(engine: Engine, log: Log, steps: readonly Migration[] = migrations): Promise<void> {
  return engine.exclusively(() => takeSteps(engine, log, steps))
}

async function takeSteps(engine: Engine, log: Log, steps: readonly Migration[]): Promise<void> {
  for (;;) {
    const done = await engine.transact(async (connection) => {
      const db = new Session(engine, connection)
      const version = await readVersion(db)
      if (version > steps.length) throw newerDatabase(version, steps.length)
      const step = steps[version]
      if (!step) return true
      await step.up(new TableMaker(db), db)
      await writeVersion(db, version + 1)
      log.info({ version: version + 1, step: step.name }, 'The database schema was brought forward')
      return false
    })
    if (done) return
  }
}

async function readVersion(db: Session): Promise<number> {
  const { text } = db.ops.types
  await sql`create table if not exists meta (key ${text} not null primary key, value ${text} not null) ${db.ops.types.tableEnd}`.execute(
    db,
  )
  const row = await db.selectFrom('meta').select('value').where('key', '=', VERSION_KEY).executeTakeFirst()
  return row === undefined ? 0 : Number(row.value)
}

async function writeVersion(db: Session, version: number): Promise<void> {
  const value = String(version)
  await db
    .insertInto('meta')
    .values({ key: VERSION_KEY, value })
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
    .execute()
}

function newerDatabase(found: number, known: number): AppError {
  return new AppError(
    StatusCode.INTERNAL_DATABASE_ISSUE,
    `The database has schema version ${found} and this program knows only ${known}: start the newer program`,
  )
}
