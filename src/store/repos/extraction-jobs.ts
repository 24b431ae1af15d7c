import type { Micros } from '../../base/clock.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { releaseBlobs, retainBlob } from './blob-rows.ts'
import { UPLOAD_CONTENT_TYPE } from './uploads.ts'

/** Counters of an extraction job. */
export type ExtractionCount =
  | 'images'
  | 'videos'
  | 'audios'
  | 'texts'
  | 'refused'
  | 'archives_pending'
  | 'archives_running'
  | 'archives_done'
  | 'archives_failed'

/** Statuses of extraction jobs that go on. */
export const UNFINISHED_EXTRACTION: readonly number[] = [StatusCode.JOB_QUEUED, StatusCode.JOB_RUNNING]

/** Counts up and down; false when the job is not going on any more. */
export async function countExtraction(
  tx: Writer,
  pk: number,
  counts: Partial<Record<ExtractionCount, number>>,
  now: Micros,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('inputs_extraction_jobs')
    .set((row) => ({
      ...Object.fromEntries(Object.entries(counts).map(([name, by]) => [name, row(name as ExtractionCount, '+', by)])),
      modified_at: now,
    }))
    .where('pk', '=', pk)
    .where('status_code', 'in', UNFINISHED_EXTRACTION)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** What else changes about an extraction job. */
export async function changeExtraction(
  tx: Writer,
  pk: number,
  change: Partial<Pick<Row<'inputs_extraction_jobs'>, 'status_code' | 'status_details' | 'sealed' | 'job_id'>>,
  now: Micros,
): Promise<void> {
  await tx
    .updateTable('inputs_extraction_jobs')
    .set({ ...change, modified_at: now })
    .where('pk', '=', pk)
    .execute()
}

/** Keeps the blob of the archive that a job unpacks in the place of the one before. */
export async function holdArchive(
  tx: Writer,
  pk: number,
  archive: { readonly hash: string; readonly size: number } | null,
  now: Micros,
): Promise<void> {
  await releaseArchives(tx, [pk], now)
  if (!archive) return
  await tx.updateTable('inputs_extraction_jobs').set({ hash: archive.hash }).where('pk', '=', pk).execute()
  await retainBlob(tx, { ...archive, contentType: UPLOAD_CONTENT_TYPE }, now)
}

/** Lets go of the archives that jobs unpack. */
export async function releaseArchives(tx: Writer, pks: readonly number[], now: Micros): Promise<void> {
  const held = await tx.selectFrom('inputs_extraction_jobs').select('hash').where('pk', 'in', pks).execute()
  await tx.updateTable('inputs_extraction_jobs').set({ hash: null }).where('pk', 'in', pks).execute()
  await releaseBlobs(
    tx,
    held.flatMap(({ hash }) => hash ?? []),
    now,
  )
}

/** The extraction jobs of inputs add jobs, in the order in which they were made. */
export function extractionsOfJobs(db: Reader, addJobPks: readonly number[]): Promise<Row<'inputs_extraction_jobs'>[]> {
  if (addJobPks.length === 0) return Promise.resolve([])
  return db
    .selectFrom('inputs_extraction_jobs')
    .selectAll()
    .where('add_job_pk', 'in', addJobPks)
    .orderBy('pk')
    .execute()
}

/** Has somebody told when an inputs add job ends. */
export async function addCallback(tx: Writer, row: Row<'inputs_add_job_callbacks'>): Promise<void> {
  await tx
    .insertInto('inputs_add_job_callbacks')
    .values(row)
    .onConflict((conflict) => conflict.column('add_job_pk').doUpdateSet({ url: row.url }))
    .execute()
}

/** Who wants to hear of inputs add jobs of an app that have not ended, a number of them at a time. */
export function callbacksOfApp(
  db: Reader,
  appPk: number,
  afterPk: number,
  limit: number,
): Promise<Row<'inputs_add_job_callbacks'>[]> {
  return db
    .selectFrom('inputs_add_job_callbacks')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('add_job_pk', '>', afterPk)
    .orderBy('add_job_pk')
    .limit(limit)
    .execute()
}

/** Forgets who wanted to hear of an inputs add job. */
export async function dropCallback(tx: Writer, addJobPk: number): Promise<void> {
  await tx.deleteFrom('inputs_add_job_callbacks').where('add_job_pk', '=', addJobPk).execute()
}
