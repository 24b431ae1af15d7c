import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import {
  type BulkOperation,
  BulkOperationSchema,
  type DatasetInputsSearchAddJob,
  DatasetInputsSearchAddJobSchema,
  type Search,
  SearchSchema,
} from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { JobView } from '../../jobs/view.ts'
import { inputsMeeting } from '../../store/repos/dataset-inputs.ts'
import { datasets } from '../../store/repos/families.ts'
import { addToDatasets } from '../../store/repos/inputs.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { defineJob } from '../jobs/define.ts'
import { itemStatus } from '../predict/answer.ts'
import { planFilters } from '../search/filters/plan.ts'
import { selectionOf } from './versions/selection.ts'

interface Args {
  readonly datasetPk: number
  readonly datasetId: string
  /** The search as a document. */
  readonly search: string
}

interface State {
  readonly lastPk: number
}

/** Inputs that one commit adds. */
const PART = 1_000

/** Puts everything that a search finds into a dataset, part by part. */
export const addBySearchJob = defineJob<Args, State>({
  kind: 'dataset-add-by-search',
  async run({ args, services, checkpoint, signal, ...context }) {
    const { db, clock } = services
    const { filters = [] } = decodeDoc(SearchSchema, args.search).query ?? {}
    let { lastPk } = context.state ?? { lastPk: 0 }
    for (let done = context.done; ; ) {
      signal.throwIfAborted()
      const dataset = await datasets.getByPk(db.read, args.datasetPk)
      if (!dataset) return
      const inputStatus = planFilters(filters).mentions.inputStatus ? undefined : StatusCode.INPUT_SUCCESS
      const wish = { ...selectionOf(dataset.app_pk, filters), inputStatus }
      const pks = await inputsMeeting(db.read, wish, lastPk, PART)
      const last = pks.at(-1)
      if (last === undefined) return
      lastPk = last
      done += pks.length
      await checkpoint(async (tx) => {
        const now = clock.now()
        await addToDatasets(
          tx,
          pks.map((input_pk) => ({ dataset_pk: dataset.pk, input_pk, created_at: now })),
        )
        await noteChange(tx, dataset.app_pk)
        return { state: { lastPk }, done }
      })
    }
  },
})

/** Starts the adding of what a search finds; answers the job as older clients and as newer ones know it. */
export async function startAddBySearch(
  call: Call,
  dataset: Row<'datasets'>,
  search: Search,
): Promise<{ bulkOperation: BulkOperation; datasetInputsSearchAddJob: DatasetInputsSearchAddJob }> {
  const { filters = [], ranks = [], ands = [] } = search.query ?? {}
  if (ranks.length > 0 || ands.length > 0) {
    throw new AppError(
      StatusCode.SEARCH_INVALID_REQUEST,
      'Inputs are added to a dataset by filters; leave ranks and ands out of the search.',
    )
  }
  planFilters(filters)
  const { db, jobs, clock } = call.services
  const args: Args = { datasetPk: dataset.pk, datasetId: dataset.id, search: encodeDoc(search) }
  const options = { appPk: dataset.app_pk, ...(call.principal.user && { userPk: call.principal.user.pk }) }
  const id = await db.transact((tx) => jobs.enqueue(tx, addBySearchJob, args, options))
  const now = toTimestamp(clock.now())
  const bulkOperation = create(BulkOperationSchema, {
    id,
    inputSource: { case: 'search', value: search },
    operation: { operation: { case: 'addToDataset', value: { datasetId: dataset.id } } },
    appId: call.target.app?.id ?? '',
    status: itemStatus(StatusCode.BULK_OPERATION_PENDING),
    createdBy: call.principal.user?.id ?? '',
    createdAt: now,
    lastModifiedAt: now,
  })
  return { bulkOperation, datasetInputsSearchAddJob: await getAddJob(call, id) }
}

const STATUS = {
  queued: StatusCode.JOB_QUEUED,
  running: StatusCode.JOB_RUNNING,
  succeeded: StatusCode.JOB_COMPLETED,
  failed: StatusCode.JOB_FAILED,
  cancelled: StatusCode.JOB_CANCELLED,
} as const

/** How far such a job of the call's app is; throws AppError 11101. */
export async function getAddJob(call: Call, id: string): Promise<DatasetInputsSearchAddJob> {
  const job = (await call.services.jobs.get(id)) as JobView<Args, State> | undefined
  if (job?.kind !== addBySearchJob.kind || job.appPk !== requireApp(call.target).pk) {
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no such job '${id}' in this app.`)
  }
  return create(DatasetInputsSearchAddJobSchema, {
    id,
    createdAt: toTimestamp(job.createdAt),
    modifiedAt: toTimestamp(job.modifiedAt),
    status: itemStatus(STATUS[job.status], job.error?.details ?? ''),
    datasetId: job.args.datasetId,
    search: decodeDoc(SearchSchema, job.args.search),
  })
}
