import { AppError } from '../../../base/errors.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { JobContext } from '../../../jobs/define.ts'
import { originalsOfInputs, type StoredOriginal } from '../../../store/repos/input-media.ts'
import { takeInputs, waitingInputs } from '../../../store/repos/process-inputs.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { Call } from '../../call.ts'
import type { Services } from '../../services.ts'
import { Batches } from './batches.ts'
import { finish, type Outcome } from './finish.ts'
import { IN_FLIGHT_MAX, REASON_MAX, TAKEN_MIN } from './limits.ts'
import { MediaDesk } from './media-desk.ts'
import { WorkflowDesk } from './workflow-desk.ts'

type Context = JobContext<Record<string, never>, undefined, Services>

/**
 * Takes waiting inputs up and processes them side by side until there are none: media first, then the workflow, then
 * all that came out of it is written together with the status.
 */
export async function processAll(ctx: Context, call: Call): Promise<void> {
  const { services, signal } = ctx
  const media = new MediaDesk(services, signal)
  const workflow = new WorkflowDesk(call)
  const ending = new Batches(
    async (outcomes: readonly Outcome[]) => {
      await finish(ctx, call, outcomes)
      return outcomes
    },
    { most: IN_FLIGHT_MAX, atOnce: 1 },
  )
  const inFlight = new Set<Promise<void>>()
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => undefined)
  const begin = (input: Row<'inputs'>, stored: readonly StoredOriginal[]): void => {
    const done = processOne(input, stored, media, workflow, call)
      .then((outcome) => ending.add(outcome))
      .catch((error: unknown) => broken.reject(error))
      .then(() => void inFlight.delete(done))
    inFlight.add(done)
  }
  try {
    for (;;) {
      signal.throwIfAborted()
      if (inFlight.size === 0 || IN_FLIGHT_MAX - inFlight.size >= TAKEN_MIN) {
        const taken = await take(ctx, IN_FLIGHT_MAX - inFlight.size)
        if (taken.length === 0 && inFlight.size === 0) return
        const pks = taken.map(({ pk }) => pk)
        const stored = await originalsOfInputs(services.db.read, pks)
        for (const input of taken) begin(input, stored.get(input.pk) ?? [])
      }
      await Promise.race([...inFlight, broken.promise])
    }
  } finally {
    await Promise.all(inFlight)
  }
}

async function take(ctx: Context, most: number): Promise<Row<'inputs'>[]> {
  const { appPk, services } = ctx
  const pks = await waitingInputs(services.db.read, appPk!, most)
  if (pks.length === 0) return []
  let taken: Row<'inputs'>[] = []
  await ctx.checkpoint(async (tx) => {
    taken = await takeInputs(tx, appPk!, pks, services.clock.now())
    return undefined
  })
  return taken.sort((a, b) => a.pk - b.pk)
}

async function processOne(
  input: Row<'inputs'>,
  stored: readonly StoredOriginal[],
  media: MediaDesk,
  workflow: WorkflowDesk,
  { signal, log }: Call,
): Promise<Outcome> {
  try {
    const prepared = await media.prepare(input, stored)
    const made = await workflow.run(input, prepared)
    return { input, status: { code: StatusCode.INPUT_SUCCESS, details: '' }, media: prepared, ...made }
  } catch (error) {
    // A server that stops leaves the input to the next one.
    signal.throwIfAborted()
    if (!(error instanceof AppError)) log.error({ err: error, input: input.id }, 'an input could not be processed')
    const details =
      error instanceof AppError ? error.details : 'The server could not process this input; its log says more.'
    return {
      input,
      status: { code: StatusCode.INPUT_FAILED, details: details.slice(0, REASON_MAX) },
      media: [],
      annotations: [],
      acting: await workflow.failed(),
    }
  }
}
