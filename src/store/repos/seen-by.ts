import type { ExpressionBuilder } from 'kysely'
import type { Schema } from '../schema/tables.ts'
import type { Condition } from './keyed.ts'

/** Tables of things in apps with a visibility of their own that are listed across apps. */
type Shared = 'datasets' | 'modules'

/** Who asks, and for whose things. */
export interface Asker {
  readonly ownPk: number | undefined
  /** Only things of this user. */
  readonly userPk: number | undefined
  readonly publicFrom: number
}

/** The condition that somebody sees a row: his own, else the public ones of public apps; of one user where named. */
export function seenBy<T extends Shared>(table: T, asker: Asker): Condition<T> {
  const { ownPk, userPk, publicFrom } = asker
  // Kysely cannot follow a table name that is one of several; all have these columns.
  const condition = (row: ExpressionBuilder<Schema, 'datasets'>) => {
    const named = table as 'datasets'
    const place = row
      .selectFrom('apps')
      .innerJoin('users', 'users.pk', 'apps.user_pk')
      .select('apps.pk')
      .whereRef('apps.pk', '=', `${named}.app_pk`)
    const open = place
      .where('apps.visibility', '>=', publicFrom)
      .where('users.visibility', '>=', publicFrom)
      .where(`${named}.visibility`, '>=', publicFrom)
    const seen = ownPk === undefined ? [open] : [open, place.where('apps.user_pk', '=', ownPk)]
    const of = userPk === undefined ? [] : [row.exists(place.where('apps.user_pk', '=', userPk))]
    return row.and([row.or(seen.map((query) => row.exists(query))), ...of])
  }
  return condition as unknown as Condition<T>
}
