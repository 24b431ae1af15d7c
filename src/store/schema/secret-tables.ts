import type { Micros } from '../../base/clock.ts'
import type { FamilyColumns } from './columns.ts'

/** The document is the Secret message without its value. */
export interface SecretsTable extends FamilyColumns {
  user_pk: number
  id: string
  /** The value, encrypted. */
  sealed: string
  /** How often a value was given. */
  version: number
  expires_at: Micros | null
}
