import { create, fromJson, type JsonValue } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { toTimestamp } from '../../../base/timestamps.ts'
import {
  type Dataset,
  type DatasetVersion,
  type DatasetVersionMetricsGroup,
  DatasetVersionMetricsGroupSchema,
  DatasetVersionMetricsSchema,
} from '../../../contract/index.ts'
import { decodeDoc } from '../../../contract/json/index.ts'
import type { StatusCode } from '../../../contract/status-code.ts'
import { exportsOf } from '../../../store/repos/dataset-exports.ts'
import { totalGroups } from '../../../store/repos/dataset-versions.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { Call } from '../../call.ts'
import { itemStatus } from '../../predict/answer.ts'
import { toStored } from '../../resource/verbs.ts'
import { exportInfo } from '../exports/present.ts'
import { datasetVersions } from './resource.ts'

/** A version together with the dataset that it is one of. */
export interface VersionOf {
  readonly row: Row<'dataset_versions'>
  readonly dataset: Pick<Dataset, 'id' | 'appId' | 'userId'>
}

/** Versions as messages, in the same order. */
export async function presentVersions(call: Call, versions: readonly VersionOf[]): Promise<DatasetVersion[]> {
  const { read } = call.services.db
  const pks = versions.map(({ row }) => row.pk)
  const totals = await totalGroups(read, pks)
  const exports = await exportsOf(read, pks)
  const jobs = await Promise.all(versions.map(({ row }) => percentOf(call, row)))
  return versions.map(({ row, dataset }, at) => {
    const { message } = toStored(datasetVersions, row)
    message.appId = dataset.appId
    message.userId = dataset.userId
    message.datasetId = dataset.id
    message.createdAt = toTimestamp(row.created_at)
    message.modifiedAt = toTimestamp(row.modified_at)
    message.requestOrigin = row.request_origin
    message.status = itemStatus(row.status_code as StatusCode, row.status_details)
    message.status.percentCompleted = jobs[at]!
    const total = totals.get(row.pk)
    if (total !== undefined) message.metrics = { total: decodeDoc(DatasetVersionMetricsSchema, total) }
    const own = exports.filter(({ version_pk }) => version_pk === row.pk)
    message.exportInfo = exportInfo(call.services, dataset, own)
    return message
  })
}

/** How much of a version, or of an export, its job has done; 0 where it has ended. */
export async function percentOf(call: Call, { job_id }: { readonly job_id: string }): Promise<number> {
  const job = job_id === '' ? undefined : await call.services.jobs.get(job_id)
  if (!job || job.finishedAt !== undefined || !job.total) return 0
  return Math.min(99, Math.floor((job.done / job.total) * 100))
}

/** A group of metrics as a message. */
export function presentGroup({
  parent_path,
  type,
  value,
  doc,
}: Row<'dataset_version_groups'>): DatasetVersionMetricsGroup {
  return create(DatasetVersionMetricsGroupSchema, {
    parentPath: parent_path,
    type,
    value: fromJson(ValueSchema, JSON.parse(value) as JsonValue),
    metrics: decodeDoc(DatasetVersionMetricsSchema, doc),
  })
}
