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
import { inputsAddJobs as rows } from '../../store/repos/families.ts'
import { addTallies } from '../../store/repos/tallies.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'
import type { PageWindow } from '../resource/paging.ts'

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
  checkId(id, 'inputs add job', StatusCode.INPUT_INVALID_REQUEST)
  const known = await rows.get(tx, appPk, id)
  if (!known) return (await addJob(tx, appPk, id, refused, now)).pk
  if (known.status_code === StatusCode.JOB_CANCELLED) throw conflict(id, 'was cancelled; use another inputs_add_job_id')
  if (refused > 0) await countRefused(tx, known.pk, refused, now)
  return known.pk
}

/** A new add job. */
export function addJob(
  tx: Writer,
  appPk: number,
  id: string,
  refused: number,
  now: Micros,
  message: InputsAddJob = create(InputsAddJobSchema),
): Promise<JobRow> {
  const doc = JSON.stringify(message.callBackUrl === '' ? {} : { call_back_url: message.callBackUrl })
  const status_code = StatusCode.JOB_RUNNING
  return rows.insert(tx, { app_pk: appPk, id, status_code, refused, doc, created_at: now, modified_at: now })
}

const conflict = (id: string, what: string): AppError =>
  new AppError(StatusCode.JOB_CONFLICT, `The inputs add job '${id}' ${what}.`)

/** Add jobs as messages with how far they are. */
export async function presentAddJobs(reader: Reader, jobs: readonly JobRow[]): Promise<InputsAddJob[]> {
  const counts = await countInputsOfJobs(
    reader,
    jobs.map(({ pk }) => pk),
  )
  return jobs.map((row) => {
    const own = counts.filter(({ job }) => job === row.pk)
    const count = (...codes: StatusCode[]): number =>
      own.reduce((sum, { status, inputs }) => sum + (codes.includes(status) ? inputs : 0), 0)
    const progress = {
      pendingCount: BigInt(count(StatusCode.INPUT_PENDING)),
      inProgressCount: BigInt(count(StatusCode.INPUT_IN_PROGRESS)),
      successCount: BigInt(count(StatusCode.INPUT_SUCCESS)),
      failedCount: BigInt(count(StatusCode.INPUT_FAILED) + row.refused),
    }
    const job = decodeDoc(InputsAddJobSchema, row.doc)
    job.id = row.id
    job.progress = create(InputsAddJobSchema, { progress }).progress
    job.createdAt = toTimestamp(row.created_at)
    job.modifiedAt = toTimestamp(row.modified_at)
    const running = progress.pendingCount + progress.inProgressCount > 0n
    job.status = itemStatus(
      row.status_code !== StatusCode.JOB_RUNNING || running ? row.status_code : StatusCode.JOB_COMPLETED,
    )
    return job
  })
}

async function findJob(call: Call, reader: Reader, id: string): Promise<JobRow> {
  const row = await rows.get(reader, requireApp(call.target).pk, id)
  if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no inputs add job '${id}' in this app.`)
  return row
}

/** An add job that this server has just counted into. */
export async function addJobByPk(reader: Reader, pk: number): Promise<InputsAddJob | undefined> {
  const row = await rows.getByPk(reader, pk)
  return row && (await presentAddJobs(reader, [row]))[0]
}

/** One add job with how far it is. */
export async function getAddJob(call: Call, id: string): Promise<InputsAddJob> {
  const { read } = call.services.db
  return (await presentAddJobs(read, [await findJob(call, read, id)]))[0]!
}

/** One page of the app's add jobs, the newest first. */
export async function listAddJobs(call: Call, window: PageWindow): Promise<InputsAddJob[]> {
  const { read } = call.services.db
  const orderBy = { column: 'created_at', direction: 'desc' } as const
  return presentAddJobs(read, await rows.list(read, { parent: requireApp(call.target).pk, orderBy, ...window }))
}

/** Stops an add job: what was not begun yet fails with this reason, what is done stays. Throws 64007 for one that has ended. */
export async function cancelAddJob(call: Call, id: string): Promise<InputsAddJob> {
  const { db, clock } = call.services
  const changed = await db.transact(async (tx) => {
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
    return rows.update(tx, row, { status_code: StatusCode.JOB_CANCELLED }, now)
  })
  return (await presentAddJobs(db.read, [changed]))[0]!
}
