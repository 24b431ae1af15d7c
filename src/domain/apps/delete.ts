import { deletePartOfApp, hideApp } from '../../store/repos/deleted-apps.ts'
import type { Call } from '../call.ts'
import { defineJob } from '../jobs/define.ts'
import { findRow } from '../resource/verbs.ts'
import { apps } from './resource.ts'

interface Args {
  readonly appPk: number
}

/**
 * Deletes an app: for everybody it is gone when this resolves, whatever it holds. The rows go in the background, a part
 * at a time, so that neither the caller nor any other call waits for them; a killed server goes on with it.
 */
export async function deleteApp(
  call: Call,
  place: { readonly id: string; readonly user: { readonly pk: number } },
): Promise<void> {
  const { db, jobs, clock } = call.services
  await db.transact(async (tx) => {
    const { pk } = await findRow(apps, tx, place.user, place.id, call)
    await hideApp(tx, pk, clock.now())
    // It is no job of the app, as those go with it.
    await jobs.enqueue(tx, deleteAppJob, { appPk: pk }, { dedupeKey: String(pk) })
  })
  apps.hooks.afterCommit?.(call)
  // What ran for the app learns that it is over.
  await jobs.recheck()
}

/** Deletes what a hidden app holds, part by part, and the app itself. */
export const deleteAppJob = defineJob<Args>({
  kind: 'delete-app',
  async run(ctx) {
    const { args, services, signal } = ctx
    let done = ctx.done
    for (let part = 1; part > 0; ) {
      signal.throwIfAborted()
      await ctx.checkpoint(async (tx) => {
        part = await deletePartOfApp(tx, args.appPk, services.clock.now())
        return { done: done + part }
      })
      done += part
    }
  },
})
