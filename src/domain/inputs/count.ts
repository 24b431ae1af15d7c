import { create } from '@bufbuild/protobuf'
import { type InputCount, InputCountSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { readTallies } from '../../store/repos/tallies.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { countReindexed } from './process/reindex.ts'

/** How many inputs of the app are how far, from counters that every write keeps. */
export async function countInputs(call: Call): Promise<InputCount> {
  const appPk = requireApp(call.target).pk
  const counts = await readTallies(call.services.db.read, appPk, 'inputs')
  const of = (code: StatusCode): number => counts.get(code) ?? 0
  return create(InputCountSchema, {
    processed: of(StatusCode.INPUT_SUCCESS),
    toProcess: of(StatusCode.INPUT_PENDING),
    errors: of(StatusCode.INPUT_FAILED),
    processing: of(StatusCode.INPUT_IN_PROGRESS),
    ...(await countReindexed(call.services, appPk)),
  })
}
