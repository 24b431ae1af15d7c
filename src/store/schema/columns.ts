import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'

/** A truth value as both engines store it. */
export type Bool = 0 | 1
/** The JSON form of a contract message, without what the columns beside it say. */
export type JsonText = string

/**
 * Columns that every family table has. `pk` is given once and never again, so references to a deleted row find
 * nothing; `revision` counts the changes and is what optimistic updates compare.
 */
export interface FamilyColumns {
  pk: Generated<number>
  doc: JsonText
  revision: Generated<number>
  created_at: Micros
  modified_at: Micros
}
