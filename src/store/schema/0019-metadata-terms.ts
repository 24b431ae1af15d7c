import { sql } from 'kysely'
import { termsOf } from '../repos/annotation-terms.ts'
import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** Bits of `annotations.shapes` for clusters and for metadata. */
const WITH_TERMS = 4_096 | 16_384
const ROWS_PER_READ = 500

interface Stored {
  readonly pk: number
  readonly app_pk: number
  readonly input_pk: number
  readonly doc: string
}

/** Terms of metadata and clusters that were stored before there were any. */
export async function metadataTerms(_make: TableMaker, db: Session): Promise<void> {
  for (let after = 0; ; ) {
    const { rows } = await sql<Stored>`select pk, app_pk, input_pk, doc from annotations
      where pk > ${after} and shapes & ${sql.lit(WITH_TERMS)} <> 0 order by pk limit ${ROWS_PER_READ}`.execute(db)
    for (const { pk, app_pk, input_pk, doc } of rows) {
      const { data = {} } = JSON.parse(doc) as { data?: Parameters<typeof termsOf>[0] }
      for (const term of termsOf(data)) {
        await sql`insert into annotation_terms (annotation_pk, term, app_pk, input_pk)
          values (${pk}, ${term}, ${app_pk}, ${input_pk})`.execute(db)
      }
    }
    if (rows.length < ROWS_PER_READ) return
    after = rows.at(-1)!.pk
  }
}
