import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { KeyLock } from '../../base/key-lock.ts'
import type { WorkflowState } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { countStates, findState, putState, sweepStates } from '../../store/repos/workflow-states.ts'
import type { RunMemory } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'

/** A state lives this long after the last call that named it, in microseconds: five minutes. */
export const STATE_MICROS = 5 * 60 * 1e6
/** States that an app may have at a time; each may hold a memory of every node. */
export const STATES_PER_APP_MAX = 1_000
/** What a caller sends to have a state begun. */
const INIT = 'init'

/** A stream of inputs that goes on from call to call; whoever runs inputs reads what nodes remember and renews it. */
export interface Stream {
  memory: RunMemory
}

/** What is stored of a state: nodes of another version of the workflow know nothing of it. */
interface StoredState {
  readonly versionId: string
  readonly memory: RunMemory
}

/** Calls of one state come one after the other, as each goes on from what the one before has left. */
const turns = new KeyLock()

/**
 * Does `work` as the next call of a state, or of a new one (`init`), and stores what nodes then remember; without a
 * state in the request there is none. An unknown or expired id is refused, since whatever the caller expects to be
 * remembered is gone. A call that fails leaves the state as it was.
 */
export async function withState<A>(
  call: Call,
  place: { readonly appPk: number; readonly versionId: string },
  wanted: WorkflowState | undefined,
  work: (stream: Stream | undefined) => Promise<A>,
): Promise<{ readonly answer: A; readonly workflowState?: { readonly id: string } }> {
  if (!wanted?.id) return { answer: await work(undefined) }
  const isNew = wanted.id === INIT
  if (isNew) await refuseTooMany(call, place.appPk)
  const id = isNew ? newId() : wanted.id
  return turns.run(id, async () => {
    const stored = isNew ? undefined : await readState(call, place.appPk, id)
    const stream: Stream = { memory: stored?.versionId === place.versionId ? stored.memory : {} }
    const answer = await work(stream)
    await keep(call, place, id, stream)
    return { answer, workflowState: { id } }
  })
}

async function readState({ services }: Call, appPk: number, id: string): Promise<StoredState> {
  const found = await findState(services.db.read, { id, appPk, now: services.clock.now() })
  if (found !== undefined) return JSON.parse(found) as StoredState
  throw new AppError(
    StatusCode.WORKFLOW_INVALID_ARGUMENT,
    `The workflow state '${id}' is unknown or older than five minutes; begin a new one with 'init'.`,
  )
}

async function refuseTooMany({ services }: Call, appPk: number): Promise<void> {
  if ((await countStates(services.db.read, appPk, services.clock.now())) < STATES_PER_APP_MAX) return
  throw new AppError(
    StatusCode.WORKFLOW_INVALID_ARGUMENT,
    `The app has ${STATES_PER_APP_MAX} workflow states; use one of them, or wait until one is five minutes old.`,
  )
}

async function keep(
  { services }: Call,
  { appPk, versionId }: { readonly appPk: number; readonly versionId: string },
  id: string,
  { memory }: Stream,
): Promise<void> {
  const now = services.clock.now()
  const stored: StoredState = { versionId, memory }
  await services.db.transact(async (tx) => {
    await sweepStates(tx, now)
    await putState(tx, { id, appPk, doc: JSON.stringify(stored), until: now + STATE_MICROS })
  })
}
