import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { InputsExtractionJob } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { UNFINISHED_EXTRACTION } from '../../store/repos/extraction-jobs.ts'
import { inputsExtractionJobs as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireTeam } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { presentExtraction } from './present.ts'

/** One extraction job with how far it is, for the people who work on the app. */
export async function getExtraction(call: Call, id: string): Promise<InputsExtractionJob> {
  const row = await rows.get(call.services.db.read, requireTeam(call.target).pk, id)
  if (!row) throw missing(id)
  return presentExtraction(call.services, row)
}

/** One page of the app's extraction jobs, the newest first. */
export async function listExtractions(call: Call, window: PageWindow): Promise<InputsExtractionJob[]> {
  const orderBy = { column: 'created_at', direction: 'desc' } as const
  const page = await rows.list(call.services.db.read, { parent: requireTeam(call.target).pk, orderBy, ...window })
  return page.map((row) => presentExtraction(call.services, row))
}

/**
 * Stops extraction jobs, all or none; inputs that they have made stay. Throws 11101 for an unknown one, 64007 when one
 * has ended.
 */
export async function cancelExtractions(call: Call, ids: readonly string[]): Promise<InputsExtractionJob[]> {
  if (ids.length === 0 || ids.length > BATCH_ITEMS_MAX) {
    throw new AppError(
      StatusCode.CONN_INVALID_REQUEST,
      `The request names ${ids.length} extraction jobs; send 1 to ${BATCH_ITEMS_MAX} ids.`,
    )
  }
  const { db, jobs } = call.services
  const found = await findAll(call, db.read, ids)
  const ended = found.find(({ status_code }) => !UNFINISHED_EXTRACTION.includes(status_code))
  if (ended) {
    throw new AppError(
      StatusCode.JOB_CONFLICT,
      `The extraction job '${ended.id}' has ended; there is nothing to cancel.`,
    )
  }
  for (const { job_id } of found) await jobs.cancel(job_id)
  return (await findAll(call, db.read, ids)).map((row) => presentExtraction(call.services, row))
}

async function findAll(call: Call, reader: Reader, ids: readonly string[]): Promise<Row<'inputs_extraction_jobs'>[]> {
  const found = await rows.getMany(reader, requireTeam(call.target).pk, ids)
  return [...new Set(ids)].map((id) => {
    const row = found.get(id)
    if (!row) throw missing(id)
    return row
  })
}

const missing = (id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no extraction job '${id}' in this app.`)
