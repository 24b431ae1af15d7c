import { create } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { DataSchema } from '../../../contract/index.ts'
import { Scope } from '../../../contract/methods.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { demandScope } from '../../access/demand.ts'
import { reach } from '../../access/standing.ts'
import type { Call } from '../../call.ts'
import { presentHits } from '../run-search.ts'
import type { ServedOperator } from './index.ts'
import { hitLimits, inputsLike } from './like.ts'

/** Answers the inputs of the app that are like what comes in. */
export const inputSearcher: ServedOperator = async (call, data, { params }) => {
  const hits = await presentHits(call, await inputsLike(call, data, hitLimits(params)))
  return create(DataSchema, { hits })
}

/** The same in another app that the caller may look into. */
export const crossAppInputSearcher: ServedOperator = async (call, data, setup) =>
  inputSearcher(await inApp(call, String(setup.params.user_id ?? ''), String(setup.params.app_id ?? '')), data, setup)

/** The call with another app as its target. Throws AppError for one that the caller does not see. */
async function inApp(call: Call, userId: string, appId: string): Promise<Call> {
  const target = await reach(call, userId, appId)
  if (!target?.app) {
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      `There is no app '${appId}' to search; set app_id and user_id of the operator to one that you may read.`,
    )
  }
  const other = { ...call, target }
  demandScope(target, Scope.Inputs_Get)
  return other
}
