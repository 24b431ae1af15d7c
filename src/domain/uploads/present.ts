import { create } from '@bufbuild/protobuf'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Upload, UploadSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import { itemStatus } from '../predict/answer.ts'
import type { Services } from '../services.ts'
import { uploadPath } from './address.ts'
import { MISSING_SHOWN_MAX } from './limits.ts'
import { missingRanges } from './overlay.ts'

/** Where uploads are shown. */
export interface UploadsPlace {
  readonly userId: string
  readonly appId: string
  readonly origin: Services['origin']
}

/** An upload as a message; while it lacks bytes and `parts` are given, its status says which. */
export function presentUpload(
  { userId, appId, origin }: UploadsPlace,
  row: Row<'uploads'>,
  parts?: readonly { readonly start: number; readonly size: number }[],
): Upload {
  const code = row.status_code as StatusCode
  const running = code === StatusCode.UPLOAD_IN_PROGRESS
  const status = itemStatus(code, running && parts ? missingText(parts, row.content_length) : row.status_details)
  if (running) status.percentCompleted = Math.floor((row.received / row.content_length) * 100)
  return create(UploadSchema, {
    id: row.id,
    createdAt: toTimestamp(row.created_at),
    modifiedAt: toTimestamp(row.modified_at),
    expiresAt: toTimestamp(row.expires_at),
    status,
    contentName: row.content_name,
    contentLength: BigInt(row.content_length),
    contentUrl: row.hash === null ? '' : origin.url + uploadPath({ userId, appId, id: row.id }),
  })
}

function missingText(parts: readonly { readonly start: number; readonly size: number }[], length: number): string {
  const missing = missingRanges(parts, length)
  if (missing.length === 0) return 'All bytes are there; the content is being put together.'
  const shown = missing.slice(0, MISSING_SHOWN_MAX).map(({ first, last }) => `${first}-${last}`)
  return `Missing bytes: ${shown.join(', ')}${missing.length > shown.length ? ', ...' : ''}.`
}
