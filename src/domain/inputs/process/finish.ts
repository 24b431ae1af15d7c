import type { Micros } from '../../../base/clock.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { JobContext } from '../../../jobs/define.ts'
import type { Writer } from '../../../store/database.ts'
import { ConstraintViolated, DuplicateKey } from '../../../store/errors.ts'
import { addMedia, fillMedium } from '../../../store/repos/input-media.ts'
import { countMove, endInput, type InputStatus } from '../../../store/repos/process-inputs.ts'
import { noteChange } from '../../../store/repos/tallies.ts'
import { setInputTexts, textWords } from '../../../store/repos/texts.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { storeAnnotations } from '../../annotations/store.ts'
import type { Call } from '../../call.ts'
import { type Acting, actingOnFailure, enqueueActing } from './acting.ts'
import { Drafts } from './drafts.ts'
import type { MadeAnnotation } from './made-annotations.ts'
import type { ReadyMedium } from './media-desk.ts'

/** How the processing of an input ended, with all that is to be written of it. */
export interface Outcome {
  readonly input: Row<'inputs'>
  readonly status: InputStatus
  readonly media: readonly ReadyMedium[]
  readonly annotations: readonly MadeAnnotation[]
  readonly acting?: Acting
}

/** What is needed of a job's context. */
export type Checkpoints = Pick<JobContext<unknown, undefined, unknown>, 'checkpoint' | 'done' | 'log'>

/**
 * Writes outcomes and status of inputs in one transaction, while the job is still this server's. What cannot be written
 * makes its own input a failure and leaves the others as they are.
 */
export async function finish(ctx: Checkpoints, call: Call, outcomes: readonly Outcome[]): Promise<void> {
  try {
    await write(ctx, call, outcomes)
  } catch (error) {
    if (!(error instanceof DuplicateKey || error instanceof ConstraintViolated)) throw error
    const [first, ...others] = outcomes
    if (others.length > 0) {
      for (const outcome of outcomes) await finish(ctx, call, [outcome])
    } else if (first) {
      ctx.log.error({ err: error, input: first.input.id }, 'what was found out of an input cannot be stored')
      const details = 'The server could not store what it found out of this input.'
      await write(ctx, call, [
        {
          ...first,
          status: { code: StatusCode.INPUT_FAILED, details },
          media: [],
          annotations: [],
          acting: actingOnFailure(first.acting?.workflow),
        },
      ])
    }
  }
}

async function write(ctx: Checkpoints, call: Call, outcomes: readonly Outcome[]): Promise<void> {
  const drafts = await Drafts.of(call, outcomes)
  await ctx.checkpoint(async (tx) => {
    const now = call.services.clock.now()
    const alive: Outcome[] = []
    // Those that were deleted meanwhile are passed over.
    for (const outcome of outcomes) if (await endInput(tx, outcome.input.pk, outcome.status, now)) alive.push(outcome)
    if (alive.length === 0) return undefined
    const appPk = alive[0]!.input.app_pk
    for (const outcome of alive) await writeMedia(tx, outcome, now)
    await writeTexts(tx, appPk, alive)
    await storeAnnotations(tx, await drafts.for(tx, alive, now), now)
    for (const { acting, input, status } of alive) {
      if (acting) await enqueueActing(tx, call, acting, input, status)
    }
    for (const [code, moved] of Map.groupBy(alive, ({ status }) => status.code)) {
      await countMove(tx, appPk, StatusCode.INPUT_IN_PROGRESS, code, moved.length)
    }
    await noteChange(tx, appPk)
    return { done: ctx.done + outcomes.length }
  })
}

/** Keeps the words of inputs that are texts, so that searches find them. */
export async function writeTexts(
  tx: Writer,
  appPk: number,
  items: readonly Pick<Outcome, 'input' | 'media'>[],
): Promise<void> {
  const texts = items.flatMap(({ input, media }) => {
    const text = media.find(({ kind }) => kind === 'text')
    return text ? [{ inputPk: input.pk, text: textWords(text.words ?? []) }] : []
  })
  await setInputTexts(tx, appPk, texts)
}

async function writeMedia(tx: Writer, { input, media }: Outcome, now: Micros): Promise<void> {
  for (const { pk, id, kind, found } of media) {
    if (!found) continue
    if (pk === undefined) await addMedia(tx, input.app_pk, [{ inputPk: input.pk, id, kind, ...found }], now)
    else await fillMedium(tx, pk, found, now)
  }
}
