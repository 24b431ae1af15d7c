import type { Micros } from '../../base/clock.ts'
import type { Writer } from '../session.ts'

/** Adds a state that lives until a time. */
export async function addState(tx: Writer, state: { id: string; appPk: number; until: Micros }): Promise<void> {
  await tx
    .insertInto('workflow_states')
    .values({ id: state.id, app_pk: state.appPk, doc: '{}', expires_at: state.until })
    .execute()
}

/** Lets a living state of an app live longer; false when there is none. */
export async function extendState(
  tx: Writer,
  state: { id: string; appPk: number; now: Micros; until: Micros },
): Promise<boolean> {
  const result = await tx
    .updateTable('workflow_states')
    .set({ expires_at: state.until })
    .where('id', '=', state.id)
    .where('app_pk', '=', state.appPk)
    .where('expires_at', '>', state.now)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Deletes the states that have expired. */
export async function sweepStates(tx: Writer, now: Micros): Promise<void> {
  await tx.deleteFrom('workflow_states').where('expires_at', '<=', now).execute()
}
