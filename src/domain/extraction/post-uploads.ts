import { newId } from '../../base/ids.ts'
import type { InputsAddJob, InputsUpload } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { uploads } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { addJobsByPk, findOrAddJob } from '../inputs/add-jobs.ts'
import { extractUpload, readUpload } from '../uploads/complete.ts'
import { checkUpload, checkUploadCount, openUpload } from '../uploads/post.ts'
import { endedUpload, missingUpload, uploadConflict } from '../uploads/problem.ts'
import { checkTemplate, type ExtractionPlan, makePlan } from './plan.ts'

/**
 * Opens uploads of archives, of whose files inputs are made once they are whole; an upload of the app that was opened
 * before may be named by its id instead. All or none. Answers the inputs add jobs, each with its uploads.
 */
export async function postInputsUploads(call: Call, given: readonly InputsUpload[]): Promise<InputsAddJob[]> {
  const { db, clock } = call.services
  const appPk = requireApp(call.target).pk
  checkUploadCount(given.length)
  for (const one of given) {
    if (one.upload && one.upload.contentLength !== 0n) checkUpload(one.upload)
    await checkTemplate(call, appPk, one.inputTemplate)
  }
  const pks = await db.transact(async (tx) => {
    const jobs: number[] = []
    for (const one of given) {
      const addJob = await findOrAddJob(tx, appPk, one.inputsAddJobId || newId(), clock.now())
      await takeUpload(call, tx, one, addJob, await makePlan(call, tx, one))
      jobs.push(addJob.pk)
    }
    return jobs
  })
  return addJobsByPk(call, pks)
}

async function takeUpload(
  { services }: Call,
  tx: Writer,
  { upload: given }: InputsUpload,
  addJob: Row<'inputs_add_jobs'>,
  extraction: ExtractionPlan,
): Promise<void> {
  const known = given?.id ? await uploads.get(tx, addJob.app_pk, given.id) : undefined
  if (!known) {
    if (given && given.id !== '' && given.contentLength === 0n) throw missingUpload(given.id)
    checkUpload(given ?? { id: '', contentName: '', contentLength: 0n })
    await openUpload(services, tx, addJob.app_pk, given!, { extraction }, addJob.pk)
    return
  }
  const { id, status_code: code, status_details } = known
  if (readUpload(known).extraction) throw uploadConflict(`Inputs are made of the upload '${id}' already.`)
  if (code !== StatusCode.UPLOAD_IN_PROGRESS && code !== StatusCode.UPLOAD_DONE) {
    throw endedUpload(id, code, status_details)
  }
  const change = { doc: JSON.stringify({ extraction }), add_job_pk: addJob.pk }
  const changed = await uploads.update(tx, known, change, services.clock.now())
  await extractUpload(services, tx, changed)
}
