import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Schema } from '../schema/tables.ts'

/** Visibility from which a stranger sees a row. */
const PUBLIC = 50

/** Apps that a user may see anywhere: his own and the public ones of public users. */
export function appsVisibleTo(userPk: number): (row: ExpressionBuilder<Schema, 'apps'>) => Expression<SqlBool> {
  return (row) => {
    const open = row.selectFrom('users').select('users.pk').where('users.visibility', '>=', PUBLIC)
    return row.or([
      row('apps.user_pk', '=', userPk),
      row.and([row('apps.visibility', '>=', PUBLIC), row('apps.user_pk', 'in', open)]),
    ])
  }
}
