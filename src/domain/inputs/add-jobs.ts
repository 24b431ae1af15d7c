import { create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type InputsAddJob, InputsAddJobSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { countInputsOfJobs, countRefused, moveInputsOfJob } from '../../store/repos/add-jobs.ts'
import { extractionsOfJobs, UNFINISHED_EXTRACTION } from '../../store/repos/extraction-jobs.ts'
import { inputsAddJobs as rows } from '../../store/repos/families.ts'
import { addTallies } from '../../store/repos/tallies.ts'
import { uploadsOfJobs } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { presentExtraction } from '../extraction/present.ts'
import { itemStatus } from '../predict/answer.ts'
import type { PageWindow } from '../resource/paging.ts'
import { abandonUpload } from '../uploads/complete.ts'
import { uploadsPlace } from '../uploads/find.ts'
import { presentUpload, type UploadsPlace } from '../uploads/present.ts'
import { announceEnded } from './callbacks.ts'

type JobRow = Row<'inputs_add_jobs'>

/**
 * The add job that a call names, made when it is new, with the items counted that were refused; null when it names
 * none. Throws 64007 for one that was cancelled.
 */
export async function countIntoAddJob(
  tx: Writer,
  appPk: number,
  id: string,
  refused: number,
  now: Micros,
): Promise<number | null> {
  if (id === '') return null
  const { pk } = await findOrAddJob(tx, appPk, id, now)
  if (refused > 0) await countRefused(tx, pk, refused, now)
  return pk
}

/** The add job of this id, made when it is new. Throws 64007 for one that was cancelled. */
export async function findOrAddJob(tx: Writer, appPk: number, id: string, now: Micros): Promise<JobRow> {
  checkId(id, 'inputs add job', StatusCode.INPUT_INVALID_REQUEST)
  const known = await rows.get(tx, appPk, id)
  if (!known) return addJob(tx, appPk, id, now)
  if (known.status_code === StatusCode.JOB_CANCELLED) throw conflict(id, 'was cancelled; use another inputs_add_job_id')
  return known
}

function addJob(tx: Writer, appPk: number, id: string, now: Micros): Promise<JobRow> {
  const status_code = StatusCode.JOB_RUNNING
  return rows.insert(tx, { app_pk: appPk, id, status_code, refused: 0, doc: '{}', created_at: now, modified_at: now })
}

const conflict = (id: string, what: string): AppError =>
  new AppError(StatusCode.JOB_CONFLICT, `The inputs add job '${id}' ${what}.`)

/**
 * Add jobs as messages with how far they are; uploads and extractions of them are shown where their place is given.
 * Each of those that goes on counts as one more input, so that who waits for the counters waits for them too.
 */
export async function presentAddJobs(
  reader: Reader,
  jobs: readonly JobRow[],
  place?: UploadsPlace,
): Promise<InputsAddJob[]> {
  const pks = jobs.map(({ pk }) => pk)
  const counts = await countInputsOfJobs(reader, pks)
  const [uploads, extractions] = [await uploadsOfJobs(reader, pks), await extractionsOfJobs(reader, pks)]
  return jobs.map((row) => {
    const own = counts.filter(({ job }) => job === row.pk)
    const count = (...codes: StatusCode[]): number =>
      own.reduce((sum, { status, inputs }) => sum + (codes.includes(status) ? inputs : 0), 0)
    const sources = {
      uploads: uploads.filter(({ add_job_pk }) => add_job_pk === row.pk),
      extractions: extractions.filter(({ add_job_pk }) => add_job_pk === row.pk),
    }
    const coming = sources.uploads.filter(({ status_code }) => status_code === StatusCode.UPLOAD_IN_PROGRESS).length
    const inStatus = (code: StatusCode): number =>
      sources.extractions.filter(({ status_code }) => status_code === code).length
    const progress = {
      pendingCount: BigInt(count(StatusCode.INPUT_PENDING) + coming + inStatus(StatusCode.JOB_QUEUED)),
      inProgressCount: BigInt(count(StatusCode.INPUT_IN_PROGRESS) + inStatus(StatusCode.JOB_RUNNING)),
      successCount: BigInt(count(StatusCode.INPUT_SUCCESS)),
      failedCount: BigInt(count(StatusCode.INPUT_FAILED) + row.refused),
    }
    const job = decodeDoc(InputsAddJobSchema, row.doc)
    job.id = row.id
    job.progress = create(InputsAddJobSchema, { progress }).progress
    job.createdAt = toTimestamp(row.created_at)
    job.modifiedAt = toTimestamp(row.modified_at)
    const running = progress.pendingCount + progress.inProgressCount > 0n
    const hasInputs = progress.successCount + progress.failedCount > 0n
    job.status =
      row.status_code !== StatusCode.JOB_RUNNING || running ? itemStatus(row.status_code) : end(sources, hasInputs)
    if (place) {
      job.uploads = sources.uploads.map((upload) => presentUpload(place, upload))
      job.extractionJobs = sources.extractions.map((one) => presentExtraction(place, one))
    }
    return job
  })
}

/** How a job ended: badly where it had sources and nothing has come of any of them. */
function end(
  {
    uploads,
    extractions,
  }: { uploads: readonly Row<'uploads'>[]; extractions: readonly Row<'inputs_extraction_jobs'>[] },
  hasInputs: boolean,
): ReturnType<typeof itemStatus> {
  const good =
    hasInputs ||
    uploads.length + extractions.length === 0 ||
    extractions.some(({ status_code }) => status_code === StatusCode.JOB_COMPLETED)
  if (good) return itemStatus(StatusCode.JOB_COMPLETED)
  const why = [...extractions, ...uploads].find(({ status_details }) => status_details !== '')
  return itemStatus(StatusCode.JOB_FAILED, why?.status_details)
}

async function findJob(call: Call, reader: Reader, id: string): Promise<JobRow> {
  const row = await rows.get(reader, requireApp(call.target).pk, id)
  if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no inputs add job '${id}' in this app.`)
  return row
}

/** Add jobs that this server has just counted into, each once; those that are gone again are left out. */
export async function addJobsByPk(call: Call, pks: readonly number[]): Promise<InputsAddJob[]> {
  const { read } = call.services.db
  const found = await rows.getManyByPk(read, pks)
  const inOrder = [...new Set(pks)].flatMap((pk) => found.get(pk) ?? [])
  return presentAddJobs(read, inOrder, placeFor(call))
}

/** Shows whom an add job will tell of its end. */
export const setCallBackUrl = (tx: Writer, row: JobRow, url: string, now: Micros): Promise<JobRow> =>
  rows.update(tx, row, { doc: JSON.stringify({ call_back_url: url.trim() }) }, now)

/** Sources are for the people who work on an app, as addresses of buckets are nobody else's business. */
function placeFor(call: Call): UploadsPlace | undefined {
  return call.target.rights === 'viewer' ? undefined : uploadsPlace(call)
}

/** One add job with how far it is. */
export async function getAddJob(call: Call, id: string): Promise<InputsAddJob> {
  const { read } = call.services.db
  return (await presentAddJobs(read, [await findJob(call, read, id)], placeFor(call)))[0]!
}

/** One page of the app's add jobs, the newest first. */
export async function listAddJobs(call: Call, window: PageWindow): Promise<InputsAddJob[]> {
  const { read } = call.services.db
  const orderBy = { column: 'created_at', direction: 'desc' } as const
  const page = await rows.list(read, { parent: requireApp(call.target).pk, orderBy, ...window })
  return presentAddJobs(read, page, placeFor(call))
}

/**
 * Stops an add job: what was not begun yet fails with this reason, uploads and extractions for it are cancelled, what is
 * done stays. Throws 64007 for one that has ended.
 */
export async function cancelAddJob(call: Call, id: string): Promise<InputsAddJob> {
  const { services } = call
  const { db, clock } = services
  const pk = await db.transact(async (tx) => {
    const row = await findJob(call, tx, id)
    const [job] = await presentAddJobs(tx, [row])
    if (job!.status?.code !== StatusCode.JOB_RUNNING) throw conflict(id, 'has ended; there is nothing to cancel')
    const now = clock.now()
    const to = { code: StatusCode.INPUT_FAILED, details: 'The inputs add job was cancelled.' }
    const moved = await moveInputsOfJob(tx, row.pk, StatusCode.INPUT_PENDING, to, now)
    await addTallies(tx, row.app_pk, [
      { kind: 'inputs', key: StatusCode.INPUT_PENDING, by: -moved },
      { kind: 'inputs', key: StatusCode.INPUT_FAILED, by: moved },
    ])
    for (const upload of await uploadsOfJobs(tx, [row.pk])) {
      if (upload.status_code !== StatusCode.UPLOAD_IN_PROGRESS) continue
      await abandonUpload(services, tx, upload, StatusCode.UPLOAD_CANCELED)
    }
    await rows.update(tx, row, { status_code: StatusCode.JOB_CANCELLED }, now)
    await announceEnded(services, tx, row.app_pk)
    return row.pk
  })
  for (const { job_id, status_code } of await extractionsOfJobs(db.read, [pk])) {
    if (UNFINISHED_EXTRACTION.includes(status_code)) await services.jobs.cancel(job_id)
  }
  return (await addJobsByPk(call, [pk]))[0]!
}
