import type { FamilyColumns } from './columns.ts'

/** The document has what was asked for and how far it is. */
export interface AppDuplicationsTable extends FamilyColumns {
  /** Whoever asked for it, whoever owns the apps. */
  user_pk: number
  id: string
  status_code: number
  status_details: string
  /** The app that is copied into; no foreign key, as the job stays known when the app is gone. */
  destination_pk: number
}
