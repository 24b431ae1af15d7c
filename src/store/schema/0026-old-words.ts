import { sql } from 'kysely'
import { newId } from '../../base/ids.ts'
import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** Bits of `inputs.kinds` and `annotations.shapes` for texts. */
const TEXT_INPUT = 8
const TEXT_SHAPE = 1_024

/**
 * A job for each app that may have texts from before words were kept: those inputs and annotations are found by their
 * words once it has run.
 */
export async function oldWords(_make: TableMaker, db: Session): Promise<void> {
  const { rows } = await sql<{ pk: number }>`select pk from apps
    where exists (select 1 from inputs where inputs.app_pk = apps.pk and kinds & ${sql.lit(TEXT_INPUT)} <> 0)
      or exists (select 1 from annotations where annotations.app_pk = apps.pk and shapes & ${sql.lit(TEXT_SHAPE)} <> 0)
    order by pk`.execute(db)
  const now = Date.now() * 1_000
  for (const { pk } of rows) {
    await sql`insert into jobs
      (id, app_pk, lane, kind, status, hold, priority, args, done, attempts, run_after, dedupe_key, created_at, modified_at)
      values (${newId()}, ${pk}, ${pk}, 'old-words', 'queued', '', 0, ${JSON.stringify({ appPk: pk })}, 0, 0, ${now},
        ${`old-words:${pk}`}, ${now}, ${now})`.execute(db)
  }
}
