import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { retainBlob } from '../../store/repos/blob-rows.ts'
import { uploads } from '../../store/repos/families.ts'
import { partsOfUpload, replaceParts, UPLOAD_CONTENT_TYPE } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Services } from '../services.ts'

/** Makes an upload whole: one blob takes the place of its parts. Throws when somebody changed the upload since it was read. */
export async function completeUpload(
  { clock }: Pick<Services, 'clock'>,
  tx: Writer,
  row: Row<'uploads'>,
  hash: string,
): Promise<Row<'uploads'>> {
  const now = clock.now()
  const change = { status_code: StatusCode.UPLOAD_DONE, status_details: '', hash, received: row.content_length }
  const done = await uploads.update(tx, row, change, now)
  await retainBlob(tx, { hash, size: row.content_length, contentType: UPLOAD_CONTENT_TYPE }, now)
  await replaceParts(tx, row.pk, await partsOfUpload(tx, row.pk), [], now)
  return done
}

/** Ends an upload without its content. */
export async function abandonUpload(
  { clock }: Pick<Services, 'clock'>,
  tx: Writer,
  row: Row<'uploads'>,
  code: StatusCode,
  details = '',
): Promise<Row<'uploads'>> {
  const now = clock.now()
  const parts = await partsOfUpload(tx, row.pk)
  await replaceParts(tx, row.pk, parts, [], now)
  return uploads.update(tx, row, { status_code: code, status_details: details }, now)
}
