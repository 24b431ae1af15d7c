import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { retainBlob } from '../../store/repos/blob-rows.ts'
import { inputsAddJobs, uploads } from '../../store/repos/families.ts'
import { partsOfUpload, replaceParts, UPLOAD_CONTENT_TYPE } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { ExtractionPlan } from '../extraction/plan.ts'
import { startExtraction } from '../extraction/start.ts'
import { announceEnded } from '../inputs/callbacks.ts'
import type { Services } from '../services.ts'
import { uploadPath } from './address.ts'

/** What an upload's document holds: what is to be done with its content, if anything. */
export interface UploadDocument {
  readonly extraction?: ExtractionPlan
}

/** Reads the document of an upload. */
export const readUpload = ({ doc }: Pick<Row<'uploads'>, 'doc'>): UploadDocument => JSON.parse(doc) as UploadDocument

/**
 * Makes an upload whole: one blob takes the place of its parts, and inputs are made of it where that was asked for.
 * Throws when somebody changed the upload since it was read.
 */
export async function completeUpload(
  services: Pick<Services, 'clock' | 'jobs'>,
  tx: Writer,
  row: Row<'uploads'>,
  hash: string,
): Promise<Row<'uploads'>> {
  const now = services.clock.now()
  const change = { status_code: StatusCode.UPLOAD_DONE, status_details: '', hash, received: row.content_length }
  const done = await uploads.update(tx, row, change, now)
  await retainBlob(tx, { hash, size: row.content_length, contentType: UPLOAD_CONTENT_TYPE }, now)
  await replaceParts(tx, row.pk, await partsOfUpload(tx, row.pk), [], now)
  await extractUpload(services, tx, done)
  return done
}

/** Has inputs made of a whole upload, where that was asked for. */
export async function extractUpload(
  services: Pick<Services, 'clock' | 'jobs'>,
  tx: Writer,
  { add_job_pk, hash, content_length: size, content_name: name, ...row }: Row<'uploads'>,
): Promise<void> {
  const plan = readUpload(row).extraction
  const addJob = plan && add_job_pk !== null ? await inputsAddJobs.getByPk(tx, add_job_pk) : undefined
  if (!plan || !addJob || hash === null) return
  // Where the content can be had says where the inputs come from; only those who show it know the host.
  const url = uploadPath({ ...plan.place, id: row.id })
  await startExtraction(services, tx, addJob, { url, source: { kind: 'upload', name, blob: { hash, size } }, plan })
}

/** Ends an upload without its content. */
export async function abandonUpload(
  services: Pick<Services, 'clock' | 'jobs' | 'config'>,
  tx: Writer,
  row: Row<'uploads'>,
  code: StatusCode,
  details = '',
): Promise<Row<'uploads'>> {
  const now = services.clock.now()
  const parts = await partsOfUpload(tx, row.pk)
  await replaceParts(tx, row.pk, parts, [], now)
  const ended = await uploads.update(tx, row, { status_code: code, status_details: details }, now)
  if (row.add_job_pk !== null) await announceEnded(services, tx, row.app_pk)
  return ended
}
