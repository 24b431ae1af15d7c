import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  type BulkOperation,
  BulkOperationSchema,
  type DatasetInputsSearchAddJob,
  DatasetInputsSearchAddJobSchema,
  type Search,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import { getOperation, postOperations } from '../bulk-operations/operations.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'

/**
 * Starts the adding of what a search finds to a dataset: a bulk operation, which older clients know as a job of its own
 * kind.
 */
export async function startAddBySearch(
  call: Call,
  dataset: Row<'datasets'>,
  search: Search,
): Promise<{ bulkOperation: BulkOperation; datasetInputsSearchAddJob: DatasetInputsSearchAddJob }> {
  const asked = create(BulkOperationSchema, {
    inputSource: { case: 'search', value: search },
    operation: { operation: { case: 'addToDataset', value: { datasetId: dataset.id } } },
  })
  const [bulkOperation] = await postOperations(call, [asked])
  return { bulkOperation: bulkOperation!, datasetInputsSearchAddJob: asJob(bulkOperation!) }
}

const STATUS: Readonly<Record<number, StatusCode>> = {
  [StatusCode.BULK_OPERATION_PENDING]: StatusCode.JOB_QUEUED,
  [StatusCode.BULK_OPERATION_IN_PROGRESS]: StatusCode.JOB_RUNNING,
  [StatusCode.BULK_OPERATION_SUCCESS]: StatusCode.JOB_COMPLETED,
  [StatusCode.BULK_OPERATION_FAILED]: StatusCode.JOB_FAILED,
  [StatusCode.BULK_OPERATION_CANCELLED]: StatusCode.JOB_CANCELLED,
}

/** How far such a job of the call's app is; throws AppError 11101. */
export async function getAddJob(call: Call, id: string): Promise<DatasetInputsSearchAddJob> {
  const bulk = await getOperation(call, id)
  if (bulk.inputSource.case === 'search' && bulk.operation?.operation.case === 'addToDataset') return asJob(bulk)
  throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no job '${id}' that adds what a search finds.`)
}

function asJob({ id, createdAt, lastModifiedAt, status, operation, inputSource }: BulkOperation) {
  const added = operation?.operation
  const code = STATUS[status?.code ?? 0] ?? StatusCode.JOB_UNEXPECTED_ERROR
  const shown = itemStatus(code, status?.details)
  // How much a search will find is known at its end.
  shown.percentCompleted = code === StatusCode.JOB_COMPLETED ? 100 : 0
  return create(DatasetInputsSearchAddJobSchema, {
    id,
    createdAt,
    modifiedAt: lastModifiedAt,
    status: shown,
    datasetId: added?.case === 'addToDataset' ? added.value.datasetId : '',
    search: inputSource.case === 'search' ? inputSource.value : undefined,
  })
}
