import type { Micros } from '../../base/clock.ts'
import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** One page of an app's collaborators, oldest first; removed ones only when asked for. */
export async function listCollaborators(
  db: Reader,
  appPk: number,
  page: { readonly withRemoved: boolean; readonly limit: number; readonly offset: number },
): Promise<Row<'collaborators'>[]> {
  let query = db.selectFrom('collaborators').selectAll().where('app_pk', '=', appPk)
  if (!page.withRemoved) query = query.where('deleted_at', 'is', null)
  return query.orderBy('created_at').orderBy('pk').limit(page.limit).offset(page.offset).execute()
}

/** Present collaborators of an app by their ids or their users' pks. */
export async function findCollaborators(
  db: Reader,
  appPk: number,
  by: { readonly ids: readonly string[]; readonly userPks: readonly number[] },
): Promise<Row<'collaborators'>[]> {
  if (by.ids.length + by.userPks.length > IDS_PER_STATEMENT_MAX) throw new RangeError('Too many ids in one look-up')
  return db
    .selectFrom('collaborators')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('deleted_at', 'is', null)
    .where((row) =>
      row.or([
        ...(by.ids.length > 0 ? [row('id', 'in', by.ids)] : []),
        ...(by.userPks.length > 0 ? [row('user_pk', 'in', by.userPks)] : []),
      ]),
    )
    .execute()
}

/** Marks collaborators as removed; their rows stay for the record. */
export async function markRemoved(tx: Writer, pks: readonly number[], now: Micros): Promise<void> {
  await tx
    .updateTable('collaborators')
    .set((row) => ({ deleted_at: now, modified_at: now, revision: row('revision', '+', 1) }))
    .where('pk', 'in', pks)
    .execute()
}

/** One page of the invitations that a user has, newest first. */
export async function listInvitations(
  db: Reader,
  userPk: number,
  page: { readonly templateOnly: boolean; readonly limit: number; readonly offset: number },
): Promise<Row<'collaborators'>[]> {
  let query = db
    .selectFrom('collaborators')
    .innerJoin('apps', 'apps.pk', 'collaborators.app_pk')
    .selectAll('collaborators')
    .where('collaborators.user_pk', '=', userPk)
    .where('collaborators.deleted_at', 'is', null)
  if (page.templateOnly) query = query.where('apps.is_template', '=', 1)
  return query
    .orderBy('collaborators.created_at', 'desc')
    .orderBy('collaborators.pk', 'desc')
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}
