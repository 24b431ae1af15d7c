import { deleteInputRows, deletePartOfInput, hiddenInputs } from '../../store/repos/delete-inputs.ts'
import { defineJob } from '../jobs/define.ts'

/** Deletes the inputs of an app that are hidden already, a part of their annotations at a time. */
export const deleteInputsJob = defineJob<Record<string, never>, undefined>({
  kind: 'delete-inputs',
  async run(ctx) {
    const { appPk, services, signal } = ctx
    for (;;) {
      signal.throwIfAborted()
      const [input] = await hiddenInputs(services.db.read, appPk!, 1)
      if (!input) return
      await ctx.checkpoint(async (tx) => {
        if (await deletePartOfInput(tx, input.pk)) await deleteInputRows(tx, [input], services.clock.now())
        return { done: ctx.done + 1 }
      })
    }
  },
  // Inputs may have been hidden after the job had looked for the last time.
  async settled(tx, { appPk, status }, { jobs }) {
    if (status !== 'succeeded' || (await hiddenInputs(tx, appPk!, 1)).length === 0) return
    await jobs.enqueue(tx, deleteInputsJob, {}, { appPk, dedupeKey: `delete-inputs:${appPk}` })
  },
})
