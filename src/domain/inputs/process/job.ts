import { StatusCode } from '../../../contract/status-code.ts'
import type { Writer } from '../../../store/database.ts'
import { moveTaken, waitingInputs } from '../../../store/repos/process-inputs.ts'
import { defineJob } from '../../jobs/define.ts'
import type { Services } from '../../services.ts'
import { announceEnded } from '../callbacks.ts'
import { callInApp } from './call.ts'
import { APPS_AT_ONCE } from './limits.ts'
import { processAll } from './line.ts'

/**
 * Processes the inputs of an app that wait, whoever has posted them, until none does: one job for each app, so that
 * many calls with few inputs share the batches of the models. Status and rows of an input change in one transaction, so
 * a server that was killed goes on where it was.
 */
export const processInputsJob = defineJob<Record<string, never>, undefined>({
  kind: 'process-inputs',
  concurrency: APPS_AT_ONCE,
  async run(ctx) {
    const { appPk, services, signal, log } = ctx
    const call = await callInApp(services, appPk!, { requestId: ctx.id, signal, log })
    if (!call) return
    // What an earlier run has taken and not ended waits again.
    await ctx.checkpoint(async (tx) => {
      await moveTaken(tx, appPk!, { code: StatusCode.INPUT_PENDING, details: '' }, services.clock.now())
      return undefined
    })
    await processAll(ctx, call)
  },
  async settled(tx, { appPk, status, error }, services) {
    if (status === 'failed') {
      const details = error?.details ?? 'The processing of the input failed.'
      await moveTaken(tx, appPk!, { code: StatusCode.INPUT_FAILED, details }, services.clock.now())
    }
    // Some may have come after the job had looked for the last time, or stand behind those that made it fail.
    if (status !== 'cancelled' && (await waitingInputs(tx, appPk!, 1)).length > 0) {
      await enqueueProcessing(tx, services, appPk!)
    }
    await announceEnded(services, tx, appPk!)
  },
})

/** Has the waiting inputs of an app processed, after the commit. */
export async function enqueueProcessing(tx: Writer, { jobs }: Pick<Services, 'jobs'>, appPk: number): Promise<void> {
  await jobs.enqueue(tx, processInputsJob, {}, { appPk, dedupeKey: `process-inputs:${appPk}` })
}
