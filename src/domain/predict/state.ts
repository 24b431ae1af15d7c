import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { WorkflowState } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { addState, extendState, sweepStates } from '../../store/repos/workflow-states.ts'
import type { Call } from '../call.ts'

/** A state lives this long after the last call that named it, in microseconds: five minutes. */
export const STATE_MICROS = 5 * 60 * 1e6
/** What a caller sends to have a state begun. */
const INIT = 'init'

/**
 * Begins a state (`init`) or continues one; without a state in the request there is none. An unknown or expired id
 * is refused, since whatever the caller expects to be remembered is gone.
 */
export async function continueState(
  call: Call,
  appPk: number,
  wanted: WorkflowState | undefined,
): Promise<string | undefined> {
  if (!wanted?.id) return undefined
  const now = call.services.clock.now()
  const until = now + STATE_MICROS
  return call.services.db.transact(async (tx) => {
    if (wanted.id === INIT) {
      await sweepStates(tx, now)
      const id = newId()
      await addState(tx, { id, appPk, until })
      return id
    }
    if (await extendState(tx, { id: wanted.id, appPk, now, until })) return wanted.id
    throw new AppError(
      StatusCode.WORKFLOW_INVALID_ARGUMENT,
      `The workflow state '${wanted.id}' is unknown or older than five minutes; begin a new one with 'init'.`,
    )
  })
}
