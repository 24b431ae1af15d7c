import { AppError } from '../../base/errors.ts'
import { PAGE_SIZE_MAX } from '../../base/limits.ts'
import type { Input, Status } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { inputsAfter, pageOfInputs } from '../../store/repos/inputs.ts'
import { readTallies } from '../../store/repos/tallies.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'
import { readPage } from '../resource/paging.ts'
import { inputPlace } from './caller.ts'
import { findInput } from './find.ts'
import { STREAM_PAGE_DEFAULT } from './limits.ts'
import { presentInputs } from './present.ts'

/** One input by its id. */
export async function getInput(call: Call, id: string): Promise<Input> {
  const { read } = call.services.db
  const row = await findInput(read, requireApp(call.target).pk, id)
  return (await presentInputs(read, inputPlace(call), [row]))[0]!
}

type Listed = { readonly inputs: Input[]; readonly status?: Status }

/** One page of the app's inputs, the newest first; a page with failed ones is a mixed success. */
export async function listInputs(call: Call, request: RequestOf<'ListInputs'>): Promise<Listed> {
  const { ids, status } = request
  if (ids.length > PAGE_SIZE_MAX) {
    throw new AppError(
      StatusCode.INPUT_INVALID_REQUEST,
      `The request names ${ids.length} ids; use at most ${PAGE_SIZE_MAX}.`,
    )
  }
  const { read } = call.services.db
  const appPk = requireApp(call.target).pk
  const filter = { statusCode: status?.code || undefined, ids: ids.length > 0 ? [...new Set(ids)] : undefined }
  const window = readPage(request)
  const total = filter.ids?.length ?? totalOf(await readTallies(read, appPk, 'inputs'), filter.statusCode)
  return present(call, await pageOfInputs(read, appPk, filter, window, total))
}

function totalOf(counts: ReadonlyMap<number, number>, statusCode: number | undefined): number {
  if (statusCode !== undefined) return counts.get(statusCode) ?? 0
  return [...counts.values()].reduce((sum, count) => sum + count, 0)
}

/** The next inputs after one of them, the oldest first unless asked otherwise. Throws 11101 for an unknown one. */
export async function streamInputs(call: Call, request: RequestOf<'StreamInputs'>): Promise<Listed> {
  const { lastId, orderById, descending } = request
  const { limit } = readPage({ perPage: request.perPage || STREAM_PAGE_DEFAULT })
  const { read } = call.services.db
  const appPk = requireApp(call.target).pk
  const last = lastId === '' ? undefined : await findInput(read, appPk, lastId)
  return present(call, await inputsAfter(read, appPk, last, { by: orderById ? 'id' : 'created_at', descending }, limit))
}

async function present(call: Call, page: readonly Row<'inputs'>[]): Promise<Listed> {
  const inputs = await presentInputs(call.services.db.read, inputPlace(call), page)
  const failed = inputs.find(({ status }) => status?.code === StatusCode.INPUT_FAILED)?.status
  return { inputs, status: failed && itemStatus(StatusCode.MIXED_STATUS, failed.details || failed.description) }
}
