import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** The user who logs in with this address; a user id serves as well. */
export async function findUserByEmail(db: Reader, email: string): Promise<Row<'users'> | undefined> {
  return db
    .selectFrom('users')
    .selectAll()
    .where((row) =>
      row.or([
        row('id', '=', email),
        row(db.ops.jsonText(row.ref('doc'), ['user_detail', 'primary_email']), '=', email),
      ]),
    )
    .orderBy('pk')
    .limit(1)
    .executeTakeFirst()
}
