import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'

/** One value that a caller has sent. */
export interface StatValuesTable {
  pk: Generated<number>
  app_pk: number
  time: Micros
  value: number
}

/** Tags of a value, `group:tag` in two. */
export interface StatValueTagsTable {
  value_pk: number
  tag_group: string
  tag: string
  app_pk: number
}

/** How often a thing was looked at. */
export interface ViewsTable {
  kind: string
  app_pk: number
  object_id: string
  views: number
}
