import { StatusCode } from '../../contract/status-code.ts'
import { TryAgain } from '../../jobs/errors.ts'
import type { Writer } from '../../store/database.ts'
import { TrainerGone } from '../../training/trainer.ts'
import { defineJob } from '../jobs/define.ts'
import type { Services } from '../services.ts'
import { TRAINING_ATTEMPTS_MAX, TRAININGS_AT_ONCE } from './limits.ts'
import { isTrainingProblem } from './problem.ts'
import { failTraining, trainVersion } from './train-version.ts'

/** Trains a version: what makes it MODEL_TRAINED, or says why that cannot be. */
export const trainingJob = defineJob<{ readonly versionPk: number }>({
  kind: 'model-training',
  concurrency: TRAININGS_AT_ONCE,
  attempts: TRAINING_ATTEMPTS_MAX,
  async run(ctx) {
    const { services, signal, args } = ctx
    try {
      await trainVersion(ctx, args.versionPk)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof TrainerGone) throw new TryAgain(error)
      if (!isTrainingProblem(error)) throw error
      await ctx.checkpoint(async (tx) => {
        await failTraining(services, tx, args.versionPk, error.code, error.details)
        return undefined
      })
    }
  },
  async settled(tx, { args, status, error }, services) {
    if (status === 'succeeded') return
    const details = status === 'cancelled' ? 'The training was cancelled.' : (error?.details ?? 'The training failed.')
    await failTraining(services, tx, args.versionPk, StatusCode.MODEL_TRAINING_FAILED, details)
  },
})

/** Has a version trained, in the transaction that makes it MODEL_QUEUED_FOR_TRAINING. */
export async function enqueueTraining(services: Services, tx: Writer, versionPk: number, appPk: number): Promise<void> {
  await services.jobs.enqueue(tx, trainingJob, { versionPk }, { appPk, dedupeKey: String(versionPk) })
}
