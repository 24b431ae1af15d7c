import { sql } from 'kysely'
import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** Bit of `annotations.shapes` for data in frames. */
const FRAME = 256

/** Where in a film annotations are, so that those of a few seconds are found in an index. */
export async function annotationFrames(make: TableMaker, db: Session): Promise<void> {
  const { types } = db.ops
  for (const column of ['frame_ms', 'frame_number']) {
    await db.schema.alterTable('annotations').addColumn(column, types.bigint).execute()
  }
  const at = (field: string) =>
    sql`cast(${db.ops.jsonNumber(sql.ref('annotations.doc'), ['data', 'frames', 0, 'frameInfo', field])} as ${types.bigint})`
  await sql`update annotations set frame_ms = coalesce(${at('time')}, 0), frame_number = coalesce(${at('number')}, 0)
    where shapes & ${sql.lit(FRAME)} <> 0`.execute(db)
  await make.index('annotations', ['input_pk', 'frame_ms', 'pk'], { where: 'frame_ms is not null' })
}
