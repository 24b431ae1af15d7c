import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { releaseBlobs, retainBlobs } from './blob-rows.ts'
import { insertRows } from './insert-rows.ts'

/** Bytes of an upload that are there. */
export type UploadPart = Omit<Row<'upload_parts'>, 'upload_pk'>

/** What uploads are to whoever looks at their blobs. */
export const UPLOAD_CONTENT_TYPE = 'application/octet-stream'

/** The parts of an upload in the order of its content. */
export function partsOfUpload(db: Reader, uploadPk: number): Promise<UploadPart[]> {
  return db
    .selectFrom('upload_parts')
    .select(['start', 'size', 'hash', 'blob_start', 'blob_size'])
    .where('upload_pk', '=', uploadPk)
    .orderBy('start')
    .execute()
}

/** Puts parts in the place of others; blobs behind them are counted. */
export async function replaceParts(
  tx: Writer,
  uploadPk: number,
  gone: readonly UploadPart[],
  added: readonly UploadPart[],
  now: Micros,
): Promise<void> {
  const rows = added.map((part) => ({ upload_pk: uploadPk, ...part }))
  const starts = gone.map(({ start }) => start)
  for (const part of inParts(starts)) {
    await tx.deleteFrom('upload_parts').where('upload_pk', '=', uploadPk).where('start', 'in', part).execute()
  }
  await insertRows(tx, 'upload_parts', rows, [])
  const named = added.map(({ hash, blob_size: size }) => ({ hash, size, contentType: UPLOAD_CONTENT_TYPE }))
  await retainBlobs(tx, named, now)
  await releaseBlobs(
    tx,
    gone.map(({ hash }) => hash),
    now,
  )
}

/** Forgets what is there of uploads, parts and whole contents; the rows of the uploads stay. */
export async function releaseUploads(tx: Writer, uploadPks: readonly number[], now: Micros): Promise<void> {
  for (const pks of inParts(uploadPks)) {
    const parts = await tx.deleteFrom('upload_parts').where('upload_pk', 'in', pks).returning('hash').execute()
    const whole = await tx.selectFrom('uploads').select('hash').where('pk', 'in', pks).execute()
    await tx.updateTable('uploads').set({ hash: null }).where('pk', 'in', pks).execute()
    await releaseBlobs(
      tx,
      [...parts, ...whole].flatMap(({ hash }) => hash ?? []),
      now,
    )
  }
}

/** How many uploads of an app have a status. */
export async function countUploads(db: Reader, appPk: number, statusCode: number): Promise<number> {
  const { rows } = await db
    .selectFrom('uploads')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('app_pk', '=', appPk)
    .where('status_code', '=', statusCode)
    .executeTakeFirstOrThrow()
  return rows
}

/** The uploads that inputs add jobs show, in the order in which they were made. */
export function uploadsOfJobs(db: Reader, jobPks: readonly number[]): Promise<Row<'uploads'>[]> {
  if (jobPks.length === 0) return Promise.resolve([])
  return db.selectFrom('uploads').selectAll().where('add_job_pk', 'in', jobPks).orderBy('pk').execute()
}
