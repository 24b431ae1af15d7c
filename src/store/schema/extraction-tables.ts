import type { FamilyColumns } from './columns.ts'

/** Inputs taken out of one archive, or of what one address names. The document says how they are to be made. */
export interface InputsExtractionJobsTable extends FamilyColumns {
  app_pk: number
  id: string
  add_job_pk: number
  status_code: number
  /** Why it failed, or which files were passed over. */
  status_details: string
  /** Where the inputs come from, without what must not be shown. */
  url: string
  /** The whole address and what opens it, sealed; empty once it is needed no more. */
  sealed: string
  /** The blob of the archive that is being unpacked. */
  hash: string | null
  /** The background job that does it. */
  job_id: string
  images: number
  videos: number
  audios: number
  texts: number
  /** Files that became no input. */
  refused: number
  archives_pending: number
  archives_running: number
  archives_done: number
  archives_failed: number
}

/** Whom to tell that an inputs add job has ended. */
export interface InputsAddJobCallbacksTable {
  add_job_pk: number
  app_pk: number
  url: string
}
