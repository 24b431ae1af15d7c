import type { Micros } from '../../base/clock.ts'
import type { FamilyColumns } from './columns.ts'

/** A file that comes in parts; the document says what is to be done with it once it is whole. */
export interface UploadsTable extends FamilyColumns {
  app_pk: number
  id: string
  status_code: number
  status_details: string
  content_name: string
  /** Bytes that were announced. */
  content_length: number
  /** Bytes of it that are there. */
  received: number
  /** The blob with the whole content, once there is one. */
  hash: string | null
  /** The inputs add job that shows it. */
  add_job_pk: number | null
  expires_at: Micros
}

/** Bytes of an upload that are there; rows of one upload never overlap. */
export interface UploadPartsTable {
  upload_pk: number
  /** Where in the content it begins, and how many bytes it is. */
  start: number
  size: number
  /** The blob that it lies in, where in it, and how long that is. */
  hash: string
  blob_start: number
  blob_size: number
}
