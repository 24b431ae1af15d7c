import type { StatusCode } from '../../contract/status-code.ts'
import { inParts } from '../parts.ts'
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

/** JSON of what the newest versions of a type were made of, of whatever app: how long trainings take on this machine. */
export async function newestTrainings(db: Reader, modelTypeId: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('model_trainings as made')
    .innerJoin('model_versions as version', 'version.pk', 'made.version_pk')
    .innerJoin('models', 'models.pk', 'version.model_pk')
    .select('made.doc')
    .where('models.model_type_id', '=', modelTypeId)
    .orderBy('made.version_pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ doc }) => doc)
}

/** Stores what a version is made of. */
export async function putTraining(tx: Writer, versionPk: number, doc: string): Promise<void> {
  await tx
    .insertInto('model_trainings')
    .values({ version_pk: versionPk, doc })
    .onConflict((conflict) => conflict.column('version_pk').doUpdateSet({ doc }))
    .execute()
}

/** A version that was trained here, with what it was made of, its head, and what the next training may begin with. */
export interface TrainedVersion {
  readonly pk: number
  readonly id: string
  /** JSON of what it was made of and of its head. */
  readonly training: string
  readonly head: string
  readonly held: Uint8Array | null
}

/** The newest version of a model with a status that was trained here. */
export function newestTrained(db: Reader, modelPk: number, status: StatusCode): Promise<TrainedVersion | undefined> {
  return db
    .selectFrom('model_versions as version')
    .innerJoin('model_trainings as made', 'made.version_pk', 'version.pk')
    .innerJoin('model_version_heads as head', 'head.version_pk', 'version.pk')
    .leftJoin('training_starts as start', 'start.version_pk', 'version.pk')
    .select(['version.pk', 'version.id', 'made.doc as training', 'head.doc as head', 'start.held'])
    .where('version.model_pk', '=', modelPk)
    .where('version.status_code', '=', status)
    .orderBy('version.pk', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Stores what the training after that of a version may begin with. */
export async function putTrainingStart(tx: Writer, versionPk: number, held: Uint8Array): Promise<void> {
  await tx
    .insertInto('training_starts')
    .values({ version_pk: versionPk, held })
    .onConflict((conflict) => conflict.column('version_pk').doUpdateSet({ held }))
    .execute()
}

/** Vectors that were computed for trainings before, of inputs by a model version. */
export async function trainingVectors(
  db: Reader,
  modelVersionPk: number,
  inputPks: readonly number[],
): Promise<Row<'training_vectors'>[]> {
  const found: Row<'training_vectors'>[] = []
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('training_vectors')
      .selectAll()
      .where('input_pk', 'in', part)
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
