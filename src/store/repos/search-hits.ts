import { CompiledSelect } from '../compiled-select.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'

/** The rows that hits of a search are shown from. */
export interface HitRows {
  readonly inputs: readonly Row<'inputs'>[]
  /** By the pk of the input. */
  readonly media: ReadonlyMap<number, Row<'media'>[]>
  /** What inputs say of themselves, by the pk of the input. */
  readonly labels: ReadonlyMap<number, Row<'annotations'>>
  readonly annotations: readonly Row<'annotations'>[]
}

const inputsByPk = new CompiledSelect<Row<'inputs'>>((db, pks) =>
  db.selectFrom('inputs').selectAll().where('pk', 'in', pks),
)
const mediaByInput = new CompiledSelect<Row<'media'>>((db, pks) =>
  db.selectFrom('media').selectAll().where('input_pk', 'in', pks).orderBy('pk'),
)
const ownByInput = new CompiledSelect<Row<'annotations'>>((db, pks) =>
  db.selectFrom('annotations').selectAll().where('input_pk', 'in', pks).where(isOne('input_level')),
)
const annotationsByPk = new CompiledSelect<Row<'annotations'>>((db, pks) =>
  db.selectFrom('annotations').selectAll().where('pk', 'in', pks),
)

/** Rows of hits; what is gone is left out. An annotation that is the input's own is read once. */
export async function rowsOfHits(
  db: Reader,
  inputPks: readonly number[],
  annotationPks: readonly number[],
): Promise<HitRows> {
  const inputs = await read(db, inputsByPk, inputPks)
  const media = Map.groupBy(await read(db, mediaByInput, inputPks), ({ input_pk }) => input_pk!)
  const labels = new Map((await read(db, ownByInput, inputPks)).map((row) => [row.input_pk, row]))
  const own = new Map([...labels.values()].map((row) => [row.pk, row]))
  const others = await read(
    db,
    annotationsByPk,
    annotationPks.filter((pk) => !own.has(pk)),
  )
  return { inputs, media, labels, annotations: [...annotationPks.flatMap((pk) => own.get(pk) ?? []), ...others] }
}

async function read<R>(db: Reader, select: CompiledSelect<R>, values: readonly number[]): Promise<R[]> {
  const rows: R[] = []
  for (const part of inParts(values)) {
    rows.push(...(await select.rows(db, part)))
  }
  return rows
}
