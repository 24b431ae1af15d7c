import type { Micros } from '../../base/clock.ts'
import type { Reader, Writer } from '../session.ts'

/** The document of a living state of an app, or undefined. */
export async function findState(
  db: Reader,
  state: { id: string; appPk: number; now: Micros },
): Promise<string | undefined> {
  const row = await db
    .selectFrom('workflow_states')
    .select('doc')
    .where('id', '=', state.id)
    .where('app_pk', '=', state.appPk)
    .where('expires_at', '>', state.now)
    .executeTakeFirst()
  return row?.doc
}

/** How many living states an app has. */
export async function countStates(db: Reader, appPk: number, now: Micros): Promise<number> {
  const { rows } = await db
    .selectFrom('workflow_states')
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .where('app_pk', '=', appPk)
    .where('expires_at', '>', now)
    .executeTakeFirstOrThrow()
  return rows
}

/** Stores a state, new or known, that lives until a time. */
export async function putState(
  tx: Writer,
  { id, appPk, doc, until }: { id: string; appPk: number; doc: string; until: Micros },
): Promise<void> {
  await tx
    .insertInto('workflow_states')
    .values({ id, app_pk: appPk, doc, expires_at: until })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ doc, expires_at: until }))
    .execute()
}

/** Deletes the states that have expired. */
export async function sweepStates(tx: Writer, now: Micros): Promise<void> {
  await tx.deleteFrom('workflow_states').where('expires_at', '<=', now).execute()
}
