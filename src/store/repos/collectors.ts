import { StatusCode } from '../../contract/status-code.ts'
import { inParts } from '../parts.ts'
import type { NewRow, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { rowsWith } from './copy-rows.ts'
import { media } from './families.ts'
import { type NewMediaFile, releaseFilesOfMedia, setMediaFiles } from './media.ts'

/** The active collectors of the predictions of a model. */
export function activeCollectors(db: Reader, modelPk: number): Promise<Row<'collectors'>[]> {
  return db
    .selectFrom('collectors')
    .selectAll()
    .where('model_pk', '=', modelPk)
    .where('status_code', '=', StatusCode.COLLECTOR_ACTIVE)
    .orderBy('pk')
    .execute()
}

/** How many inputs of a collector wait, at most `limit`. */
export async function countCollected(db: Reader, collectorPk: number, limit: number): Promise<number> {
  const waiting = db.selectFrom('collected_inputs').select('pk').where('collector_pk', '=', collectorPk).limit(limit)
  const { rows } = await db
    .selectFrom(waiting.as('waiting'))
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(rows)
}

/** Which inputs, by their ids, wait for a collector already. */
export async function collectedIds(db: Reader, collectorPk: number, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db
    .selectFrom('collected_inputs')
    .select('item_id')
    .where('collector_pk', '=', collectorPk)
    .where('item_id', 'in', ids)
    .execute()
  return new Set(rows.map(({ item_id }) => item_id))
}

/** A medium of a collected input; it belongs to no input yet. */
export interface CollectedMedium {
  readonly id: string
  readonly kind: Row<'media'>['kind']
  readonly original: NewMediaFile
}

/** Adds a collected input with its media, whose contents were put before. */
export async function addCollected(
  tx: Writer,
  row: NewRow<'collected_inputs'>,
  files: readonly CollectedMedium[],
): Promise<void> {
  const times = { created_at: row.created_at, modified_at: row.created_at }
  for (const { id, kind, original } of files) {
    const medium = await media.insert(tx, { app_pk: row.app_pk, input_pk: null, id, kind, doc: '{}', ...times })
    await setMediaFiles(tx, [{ mediaPk: medium.pk, files: [original] }], row.created_at)
  }
  await tx.insertInto('collected_inputs').values(row).execute()
}

/** The collected inputs of an app after one of them, the oldest first. */
export function nextCollected(
  db: Reader,
  appPk: number,
  afterPk: number,
  limit: number,
): Promise<Row<'collected_inputs'>[]> {
  return db
    .selectFrom('collected_inputs')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('pk', '>', afterPk)
    .orderBy('pk')
    .limit(limit)
    .execute()
}

/** The collected inputs of collectors. */
export const collectedBy = (db: Reader, collectorPks: readonly number[]): Promise<Row<'collected_inputs'>[]> =>
  rowsWith(db, 'collected_inputs', 'collector_pk', collectorPks, 'pk')

/** Deletes collected inputs with those of their media that have these ids. */
export async function dropCollected(
  tx: Writer,
  rows: readonly Pick<Row<'collected_inputs'>, 'pk' | 'app_pk'>[],
  mediaIds: readonly string[],
  now: number,
): Promise<void> {
  const [first] = rows
  if (!first) return
  const found = [...(await media.getMany(tx, first.app_pk, mediaIds)).values()].filter(
    ({ input_pk }) => input_pk === null,
  )
  await releaseFilesOfMedia(
    tx,
    found.map(({ pk }) => pk),
    now,
  )
  await media.deleteMany(
    tx,
    first.app_pk,
    found.map(({ id }) => id),
  )
  for (const part of inParts(rows)) {
    const pks = part.map(({ pk }) => pk)
    await tx.deleteFrom('collected_inputs').where('pk', 'in', pks).execute()
  }
}
