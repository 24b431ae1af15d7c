import type { InputCount } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { Writer } from '../../../store/database.ts'
import { originalsOfInputs } from '../../../store/repos/input-media.ts'
import { type Place, processedInputs, stillProcessed, workflowAnnotations } from '../../../store/repos/reindex.ts'
import { readTallies } from '../../../store/repos/tallies.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { removeAnnotations, storeAnnotations } from '../../annotations/store.ts'
import type { Call } from '../../call.ts'
import { defineJob } from '../../jobs/define.ts'
import type { Services } from '../../services.ts'
import { callInApp } from './call.ts'
import { Drafts } from './drafts.ts'
import { writeTexts } from './finish.ts'
import { REINDEXED_TOGETHER } from './limits.ts'
import type { MadeAnnotation } from './made-annotations.ts'
import { MediaDesk, type ReadyMedium } from './media-desk.ts'
import { WorkflowDesk } from './workflow-desk.ts'

/** How far a reindexing is: the last input that is done, and how many could not be. */
export interface ReindexState {
  readonly after: Place
  readonly failed: number
}

interface Made {
  readonly input: Row<'inputs'>
  readonly media: readonly ReadyMedium[]
  readonly annotations: readonly MadeAnnotation[]
}

/**
 * Runs the app's default workflow on the inputs that were processed before, and puts what its models say now in the place
 * of what models said. Inputs stay readable and findable meanwhile; one that fails keeps what it has. Annotation writers
 * and push operators are not asked again, as what they do is not to be doubled.
 */
export const reindexJob = defineJob<Record<string, never>, ReindexState>({
  kind: 'reindex-inputs',
  async run(ctx) {
    const { appPk, services, signal, log } = ctx
    const call = await callInApp(services, appPk!, { requestId: ctx.id, signal, log })
    if (!call) return
    const [media, workflow] = [new MediaDesk(services, signal), new WorkflowDesk(call)]
    const until = services.clock.now()
    let state = ctx.state ?? { after: { createdAt: 0, pk: 0 }, failed: 0 }
    for (;;) {
      signal.throwIfAborted()
      const inputs = await processedInputs(services.db.read, appPk!, state.after, until, REINDEXED_TOGETHER)
      const last = inputs.at(-1)
      if (!last) return
      const made = await runAll(call, media, workflow, inputs)
      const drafts = await Drafts.of(call, made)
      state = {
        after: { createdAt: last.created_at, pk: last.pk },
        failed: state.failed + inputs.length - made.length,
      }
      await ctx.checkpoint(async (tx) => {
        const now = services.clock.now()
        const there = await stillProcessed(
          tx,
          made.map(({ input }) => input.pk),
        )
        const alive = made.filter(({ input }) => there.has(input.pk))
        await removeAnnotations(tx, appPk!, await workflowAnnotations(tx, [...there]))
        await storeAnnotations(tx, await drafts.for(tx, alive, now), now)
        await writeTexts(tx, appPk!, alive)
        return { state, done: ctx.done + inputs.length }
      })
    }
  },
})

/** What models say now about inputs; those on which the workflow cannot run are left out. */
async function runAll(
  { signal, log, services }: Call,
  media: MediaDesk,
  workflow: WorkflowDesk,
  inputs: readonly Row<'inputs'>[],
): Promise<Made[]> {
  const stored = await originalsOfInputs(
    services.db.read,
    inputs.map(({ pk }) => pk),
  )
  const made = await Promise.all(
    inputs.map(async (input): Promise<Made | undefined> => {
      try {
        const prepared = await media.prepare(input, stored.get(input.pk) ?? [])
        const { annotations } = await workflow.run(input, prepared)
        return { input, media: prepared, annotations: annotations.filter(({ by }) => by === 'model') }
      } catch (error) {
        signal.throwIfAborted()
        log.warn({ err: error, input: input.id }, 'an input could not be indexed anew')
        return undefined
      }
    }),
  )
  return made.filter((one) => one !== undefined)
}

/** Has the inputs of an app run through its default workflow again, after the commit; one run follows the other. */
export async function enqueueReindex(tx: Writer, { jobs }: Pick<Services, 'jobs'>, appPk: number): Promise<void> {
  const total = (await readTallies(tx, appPk, 'inputs')).get(StatusCode.INPUT_SUCCESS) ?? 0
  await jobs.enqueue(tx, reindexJob, {}, { appPk, total, concurrencyKey: `reindex-inputs:${appPk}` })
}

/** The counters of the newest reindexing of an app; all 0 where there was none. */
export async function countReindexed(
  { jobs }: Pick<Services, 'jobs'>,
  appPk: number,
): Promise<Pick<InputCount, 'reindexed' | 'toReindex' | 'reindexErrors' | 'reindexing'>> {
  const [job] = await jobs.list({ appPk, kind: reindexJob.kind, limit: 1 })
  if (!job) return { reindexed: 0, toReindex: 0, reindexErrors: 0, reindexing: 0 }
  const failed = (job.state as ReindexState | undefined)?.failed ?? 0
  const left = job.finishedAt === undefined ? Math.max(0, (job.total ?? 0) - job.done) : 0
  const reindexing = job.status === 'running' ? Math.min(left, REINDEXED_TOGETHER) : 0
  return { reindexed: job.done - failed, toReindex: left - reindexing, reindexErrors: failed, reindexing }
}
