import type { Upload } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { uploads } from '../../store/repos/families.ts'
import { partsOfUpload, UPLOAD_CONTENT_TYPE } from '../../store/repos/uploads.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireTeam } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { FoundMediaFile } from '../media/find.ts'
import type { PageWindow } from '../resource/paging.ts'
import type { Services } from '../services.ts'
import { presentUpload, type UploadsPlace } from './present.ts'
import { missingUpload } from './problem.ts'

/** Where the uploads of a call's app are shown, to nobody but the people who work on it. */
export function uploadsPlace(call: Call): UploadsPlace {
  const app = requireTeam(call.target)
  return { userId: app.user.id, appId: app.id, origin: call.services.origin }
}

/** An upload of the call's app; throws AppError 11101. */
export async function findUpload(call: Call, reader: Reader, id: string): Promise<Row<'uploads'>> {
  const row = await uploads.get(reader, requireTeam(call.target).pk, id)
  if (!row) throw missingUpload(id)
  return row
}

/** An upload, with the bytes that it lacks. */
export async function getUpload(call: Call, id: string): Promise<Upload> {
  const { read } = call.services.db
  return showUpload(call, await findUpload(call, read, id))
}

/** An upload as it is shown by itself. */
export async function showUpload(call: Call, row: Row<'uploads'>): Promise<Upload> {
  const running = row.status_code === StatusCode.UPLOAD_IN_PROGRESS
  const parts = running ? await partsOfUpload(call.services.db.read, row.pk) : []
  return presentUpload(uploadsPlace(call), row, parts)
}

/** One page of the app's uploads, the newest first. */
export async function listUploads(call: Call, window: PageWindow): Promise<Upload[]> {
  const place = uploadsPlace(call)
  const orderBy = { column: 'created_at', direction: 'desc' } as const
  const page = { parent: requireTeam(call.target).pk, orderBy, ...window }
  return (await uploads.list(call.services.db.read, page)).map((row) => presentUpload(place, row))
}

/** The whole content of an upload, or undefined while there is none. */
export async function findUploadFile(
  { db }: Pick<Services, 'db'>,
  appPk: number,
  id: string,
): Promise<FoundMediaFile | undefined> {
  const row = await uploads.get(db.read, appPk, id)
  if (!row?.hash) return undefined
  const file = { hash: row.hash, start: 0, size: row.content_length, contentType: UPLOAD_CONTENT_TYPE }
  return { sizeName: 'orig', ...file, content: null }
}
