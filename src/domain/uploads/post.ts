import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { Upload } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { DuplicateKey } from '../../store/errors.ts'
import { uploads } from '../../store/repos/families.ts'
import { countUploads } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { Services } from '../services.ts'
import { enqueueExpiry } from './expire-job.ts'
import { uploadsPlace } from './find.ts'
import { CONTENT_NAME_BYTES_MAX, UNFINISHED_UPLOADS_MAX, UPLOAD_BYTES_MAX, UPLOAD_KEPT_MICROS } from './limits.ts'
import { presentUpload } from './present.ts'
import { invalidUpload } from './problem.ts'

/** Opens uploads, all or none; their content comes by PutUploadContentParts. */
export async function postUploads(call: Call, given: readonly Upload[]): Promise<Upload[]> {
  const appPk = requireApp(call.target).pk
  checkUploadCount(given.length)
  for (const upload of given) checkUpload(upload)
  const rows = await call.services.db.transact(async (tx) => {
    const made: Row<'uploads'>[] = []
    for (const upload of given) made.push(await openUpload(call.services, tx, appPk, upload, {}))
    return made
  })
  const place = uploadsPlace(call)
  return rows.map((row) => presentUpload(place, row, []))
}

/** Refuses a call with no uploads or too many. */
export function checkUploadCount(count: number): void {
  if (count === 0) throw invalidUpload('The request has no uploads; send at least one.')
  if (count > BATCH_ITEMS_MAX) {
    throw invalidUpload(`The request has ${count} uploads; send at most ${BATCH_ITEMS_MAX} at a time.`)
  }
}

/** Refuses an upload that could never be taken. */
export function checkUpload({
  id,
  contentName,
  contentLength,
}: Pick<Upload, 'id' | 'contentName' | 'contentLength'>): void {
  if (id !== '') checkId(id, 'upload', StatusCode.CONN_INVALID_REQUEST)
  if (contentLength < 1n || contentLength > BigInt(UPLOAD_BYTES_MAX)) {
    throw invalidUpload(`The content_length is ${contentLength}; announce 1 to ${UPLOAD_BYTES_MAX} bytes.`)
  }
  const bytes = Buffer.byteLength(contentName)
  if (contentName.trim() === '' || bytes > CONTENT_NAME_BYTES_MAX || /\p{Cc}/u.test(contentName)) {
    throw invalidUpload(
      `The content_name is not usable; give the file's name, 1 to ${CONTENT_NAME_BYTES_MAX} bytes on one line.`,
    )
  }
}

/** Opens a checked upload; `plan` says what is to be done with it once it is whole. Throws 40010 for a taken id. */
export async function openUpload(
  services: Services,
  tx: Writer,
  appPk: number,
  { id, contentName, contentLength }: Upload,
  plan: object,
  addJobPk: number | null = null,
): Promise<Row<'uploads'>> {
  const unfinished = await countUploads(tx, appPk, StatusCode.UPLOAD_IN_PROGRESS)
  if (unfinished >= UNFINISHED_UPLOADS_MAX) {
    throw new AppError(
      StatusCode.CONN_EXCEEDS_LIMITS,
      `The app has ${unfinished} unfinished uploads; finish or delete some before you begin others.`,
    )
  }
  const now = services.clock.now()
  const row = {
    app_pk: appPk,
    id: id || newId(),
    status_code: StatusCode.UPLOAD_IN_PROGRESS,
    status_details: '',
    content_name: contentName,
    content_length: Number(contentLength),
    received: 0,
    hash: null,
    add_job_pk: addJobPk,
    expires_at: now + UPLOAD_KEPT_MICROS,
    doc: JSON.stringify(plan),
    created_at: now,
    modified_at: now,
  }
  const made = await uploads.insert(tx, row).catch((error: unknown) => {
    if (!(error instanceof DuplicateKey)) throw error
    throw new AppError(StatusCode.DATABASE_DUPLICATE_KEY, `An upload with the id '${row.id}' already exists.`)
  })
  await enqueueExpiry(services, tx, made)
  return made
}
