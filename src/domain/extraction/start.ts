import { newId } from '../../base/ids.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { changeExtraction, holdArchive } from '../../store/repos/extraction-jobs.ts'
import { inputsExtractionJobs } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Services } from '../services.ts'
import type { ExtractionDocument } from './document.ts'
import { extractionJob } from './job.ts'
import type { ExtractionPlan } from './plan.ts'

/** Where inputs are taken from. */
export type ExtractionSource =
  | { readonly kind: 'upload'; readonly name: string; readonly blob: { readonly hash: string; readonly size: number } }
  | { readonly kind: 'bucket'; readonly sealed: string }

/** Begins an extraction, in the transaction that asks for it. */
export async function startExtraction(
  services: Pick<Services, 'jobs' | 'clock'>,
  tx: Writer,
  addJob: Row<'inputs_add_jobs'>,
  { url, source, plan }: { readonly url: string; readonly source: ExtractionSource; readonly plan: ExtractionPlan },
): Promise<Row<'inputs_extraction_jobs'>> {
  const now = services.clock.now()
  const upload = source.kind === 'upload' ? source : undefined
  const doc: ExtractionDocument = {
    ...plan,
    inputs_add_job_id: addJob.id,
    ...(upload && { file: { name: upload.name, size: upload.blob.size } }),
  }
  const row = await inputsExtractionJobs.insert(tx, {
    app_pk: addJob.app_pk,
    id: newId(),
    add_job_pk: addJob.pk,
    status_code: StatusCode.JOB_QUEUED,
    status_details: '',
    url,
    sealed: source.kind === 'bucket' ? source.sealed : '',
    hash: null,
    job_id: '',
    images: 0,
    videos: 0,
    audios: 0,
    texts: 0,
    refused: 0,
    archives_pending: upload ? 1 : 0,
    archives_running: 0,
    archives_done: 0,
    archives_failed: 0,
    doc: JSON.stringify(doc),
    created_at: now,
    modified_at: now,
  })
  if (upload) await holdArchive(tx, row.pk, upload.blob, now)
  const job_id = await services.jobs.enqueue(tx, extractionJob, { extractionPk: row.pk }, { appPk: addJob.app_pk })
  await changeExtraction(tx, row.pk, { job_id }, now)
  return { ...row, job_id }
}
