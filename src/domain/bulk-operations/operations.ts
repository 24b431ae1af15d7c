import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type BulkOperation, BulkOperationSchema, ProgressSchema, type Search } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { JobView } from '../../jobs/view.ts'
import { datasets } from '../../store/repos/families.ts'
import { inputPks } from '../../store/repos/inputs.ts'
import { deleteEndedJobs } from '../../store/repos/job-lists.ts'
import { demandScope } from '../access/demand.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { labelPlace } from '../inputs/caller.ts'
import { itemStatus } from '../predict/answer.ts'
import { wishesOf } from '../search/legacy.ts'
import { runSearch } from '../search/run-search.ts'
import { checkOperation, invalidOperation } from './check.ts'
import { type BulkArgs, type BulkState, bulkOperationJob } from './job.ts'
import { NAMED_INPUTS_MAX, OPERATIONS_MAX } from './limits.ts'
import type { Source } from './source.ts'

type BulkJob = JobView<BulkArgs, BulkState>

/** Starts bulk operations, all or none; what they name must be there. */
export async function postOperations(call: Call, operations: readonly BulkOperation[]): Promise<BulkOperation[]> {
  if (operations.length === 0 || operations.length > OPERATIONS_MAX) {
    throw invalidOperation(`The request has ${operations.length} bulk operations; send 1 to ${OPERATIONS_MAX}.`)
  }
  const args: BulkArgs[] = []
  for (const bulk of operations) {
    checkOperation(bulk)
    demandScopes(call, bulk)
    args.push(await argsOf(call, bulk))
  }
  const { db, jobs } = call.services
  const { principal, target } = call
  const options = { appPk: requireApp(target).pk, ...(principal.user && { userPk: principal.user.pk }) }
  const ids = await db.transact(async (tx) => {
    const made: string[] = []
    for (const of of args) made.push(await jobs.enqueue(tx, bulkOperationJob, of, options))
    return made
  })
  return Promise.all(ids.map((id) => getOperation(call, id)))
}

function demandScopes({ target }: Call, { operation }: BulkOperation): void {
  const { operation: onInputs, annotationOperation } = operation ?? {}
  if (annotationOperation?.case) demandScope(target, Scope.Annotations_Delete)
  if (onInputs?.case === 'addConcepts') demandScope(target, Scope.Concepts_Add)
  const ofDatasets = ['addToDataset', 'deleteFromDataset', 'splitIntoDatasets']
  if (onInputs?.case && ofDatasets.includes(onInputs.case)) demandScope(target, Scope.Datasets_Add)
  else if (onInputs?.case) demandScope(target, Scope.Annotations_Add)
}

async function argsOf(call: Call, bulk: BulkOperation): Promise<BulkArgs> {
  const { appId, userId, publicAppPk } = await labelPlace(call)
  const createdBy = (call.principal.user ?? call.target.user)?.id ?? ''
  const isOwner = call.target.rights === 'owner'
  if (!isOwner) refuseOthers(bulk, createdBy)
  return {
    operation: encodeDoc(bulk),
    source: await sourceOf(call, bulk),
    place: { appId, userId, publicAppPk },
    createdBy,
    ...(!isOwner && { onlyOwn: true }),
    datasets: await datasetsOf(call, bulk),
  }
}

/** Only the owner of an app changes what others have said. Throws AppError 24156. */
function refuseOthers({ operation }: BulkOperation, caller: string): void {
  const wish = operation?.operation
  if (wish?.case !== 'deleteConcepts' || wish.value.userIds.every((id) => id === caller)) return
  throw new AppError(
    StatusCode.ANNOTATION_PERMISSION_DENIED,
    'Only the owner of the app may delete concepts from what others have said; leave user_ids out, or name yourself.',
  )
}

async function sourceOf(call: Call, { inputSource }: BulkOperation): Promise<Source> {
  const { read } = call.services.db
  const appPk = requireApp(call.target).pk
  switch (inputSource.case) {
    case 'inputIds': {
      const found = await inputPks(read, appPk, inputSource.value.inputIds)
      const missing = inputSource.value.inputIds.find((id) => !found.has(id))
      if (missing !== undefined) throw invalidOperation(`There is no input '${missing}'; name inputs of the app.`)
      return { appPk, inputPks: [...found.values()].sort((a, b) => a - b) }
    }
    case 'dataset':
      return { appPk, datasetPk: await datasetPk(call, inputSource.value.id) }
    case 'search':
      return wishesOf(inputSource.value).ranks.length === 0
        ? { appPk }
        : { appPk, inputPks: await rankedInputs(call, inputSource.value) }
    default:
      return { appPk }
  }
}

/** What a search by likeness finds now, as many as one operation takes. */
async function rankedInputs(call: Call, search: Search): Promise<number[]> {
  const window = { limit: NAMED_INPUTS_MAX, offset: 0 }
  const { hits } = await runSearch(call, search, { hits: 'inputs', window, onlyCount: false })
  return hits.map(({ inputPk }) => inputPk).sort((a, b) => a - b)
}

async function datasetsOf(call: Call, { operation }: BulkOperation): Promise<Record<string, number>> {
  const wish = operation?.operation
  const ids =
    wish?.case === 'splitIntoDatasets'
      ? wish.value.datasetSplits.map(({ dataset }) => dataset?.id ?? '')
      : wish?.case === 'addToDataset' || wish?.case === 'deleteFromDataset'
        ? [wish.value.datasetId]
        : []
  return Object.fromEntries(await Promise.all(ids.map(async (id) => [id, await datasetPk(call, id)] as const)))
}

async function datasetPk(call: Call, id: string): Promise<number> {
  const row = await datasets.get(call.services.db.read, requireApp(call.target).pk, id)
  if (!row) throw invalidOperation(`There is no dataset '${id}' in the app; create it first.`)
  return row.pk
}

/** A page of the bulk operations of the call's app, the newest first. */
export async function listOperations(
  call: Call,
  window: { readonly limit: number; readonly offset: number },
): Promise<BulkOperation[]> {
  const { jobs } = call.services
  const of = { kind: bulkOperationJob.kind, appPk: requireApp(call.target).pk }
  const end = window.offset + window.limit
  const found: JobView[] = []
  for (let more = true; more && found.length < end; ) {
    const part = await jobs.list({
      ...of,
      limit: end - found.length,
      ...(found.at(-1) && { beforePk: found.at(-1)!.pk }),
    })
    found.push(...part)
    more = part.length > 0
  }
  const operations: BulkOperation[] = []
  for (const listed of found.slice(window.offset)) {
    // Lists leave large arguments out; one may have been deleted since.
    const job = listed.args === null ? await jobs.get(listed.id) : listed
    if (job) operations.push(present(call, job as BulkJob))
  }
  return operations
}

/** Throws AppError 11101. */
export async function getOperation(call: Call, id: string): Promise<BulkOperation> {
  return present(call, await find(call, id))
}

async function find(call: Call, id: string): Promise<BulkJob> {
  const job = (await call.services.jobs.get(id)) as BulkJob | undefined
  if (job?.kind === bulkOperationJob.kind && job.appPk === requireApp(call.target).pk) return job
  throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no bulk operation '${id}'; list those that exist.`)
}

/** Stops operations; what they have done stays. Throws AppError 25404 for one that has ended. */
export async function cancelOperations(call: Call, ids: readonly string[]): Promise<BulkOperation[]> {
  for (const job of await findAll(call, ids)) {
    if (job.finishedAt !== undefined) throw invalidOperation(`The bulk operation '${job.id}' has ended already.`)
  }
  for (const id of ids) await call.services.jobs.cancel(id)
  return Promise.all(ids.map((id) => getOperation(call, id)))
}

/** Forgets operations that have ended. Throws AppError 25404 for one that has not. */
export async function deleteOperations(call: Call, ids: readonly string[]): Promise<void> {
  const found = await findAll(call, ids)
  const running = found.find(({ finishedAt }) => finishedAt === undefined)
  if (running) throw invalidOperation(`The bulk operation '${running.id}' has not ended; cancel it first.`)
  await call.services.db.transact((tx) =>
    deleteEndedJobs(
      tx,
      found.map(({ pk }) => pk),
    ),
  )
}

async function findAll(call: Call, ids: readonly string[]): Promise<BulkJob[]> {
  if (ids.length === 0) throw invalidOperation('The request names no bulk operation; send ids.')
  return Promise.all(ids.map((id) => find(call, id)))
}

const STATUS = {
  queued: StatusCode.BULK_OPERATION_PENDING,
  running: StatusCode.BULK_OPERATION_IN_PROGRESS,
  succeeded: StatusCode.BULK_OPERATION_SUCCESS,
  failed: StatusCode.BULK_OPERATION_FAILED,
  cancelled: StatusCode.BULK_OPERATION_CANCELLED,
} as const

function present(call: Call, job: BulkJob): BulkOperation {
  const bulk = decodeDoc(BulkOperationSchema, job.args.operation)
  bulk.id = job.id
  bulk.appId = call.target.app?.id ?? ''
  bulk.status = itemStatus(STATUS[job.status], job.error?.details ?? '')
  bulk.progress = create(ProgressSchema, { processed: job.done, lastProcessedId: job.state?.lastId ?? '' })
  bulk.createdBy = job.args.createdBy
  bulk.createdAt = toTimestamp(job.createdAt)
  bulk.lastModifiedAt = toTimestamp(job.modifiedAt)
  return bulk
}
