import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'

/** JSON of what a version was made of; undefined for one that was not trained here. */
export async function readTraining(db: Reader, versionPk: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('model_trainings')
    .select('doc')
    .where('version_pk', '=', versionPk)
    .executeTakeFirst()
  return row?.doc
}

/** Stores what a version is made of. */
export async function putTraining(tx: Writer, versionPk: number, doc: string): Promise<void> {
  await tx
    .insertInto('model_trainings')
    .values({ version_pk: versionPk, doc })
    .onConflict((conflict) => conflict.column('version_pk').doUpdateSet({ doc }))
    .execute()
}

/** Vectors that were computed for trainings before, of inputs by a model version. */
export async function trainingVectors(
  db: Reader,
  modelVersionPk: number,
  inputPks: readonly number[],
): Promise<Row<'training_vectors'>[]> {
  const found: Row<'training_vectors'>[] = []
  for (let start = 0; start < inputPks.length; start += IDS_PER_STATEMENT_MAX) {
    const rows = await db
      .selectFrom('training_vectors')
      .selectAll()
      .where('input_pk', 'in', inputPks.slice(start, start + IDS_PER_STATEMENT_MAX))
      .where('model_version_pk', '=', modelVersionPk)
      .execute()
    for (const row of rows) found.push(row)
  }
  return found
}

/** Keeps vectors of inputs that are still there; those that are kept already stay. */
export async function keepTrainingVectors(tx: Writer, rows: readonly Row<'training_vectors'>[]): Promise<void> {
  const pks = [...new Set(rows.map(({ input_pk }) => input_pk))]
  if (pks.length === 0) return
  const there = new Set<number>()
  const known = new Set<string>()
  for (const { pk } of await tx.selectFrom('inputs').select('pk').where('pk', 'in', pks).execute()) there.add(pk)
  const kept = await tx
    .selectFrom('training_vectors')
    .select(['input_pk', 'part', 'model_version_pk'])
    .where('input_pk', 'in', pks)
    .execute()
  for (const { input_pk, part, model_version_pk } of kept) known.add(`${input_pk} ${model_version_pk} ${part}`)
  const added = rows.filter(
    ({ input_pk, part, model_version_pk }) =>
      there.has(input_pk) && !known.has(`${input_pk} ${model_version_pk} ${part}`),
  )
  await insertRows(tx, 'training_vectors', added, [])
}
