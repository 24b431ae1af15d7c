import { toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import type { Dataset, DatasetVersion, DatasetVersionMetricsGroup } from '../../../contract/index.ts'
import type { RequestOf } from '../../../contract/methods.ts'
import { listGroups } from '../../../store/repos/dataset-versions.ts'
import { datasetVersions as rows } from '../../../store/repos/families.ts'
import type { Row } from '../../../store/schema/tables.ts'
import { requireApp } from '../../access/target.ts'
import type { Call } from '../../call.ts'
import { type PageWindow, readPage } from '../../resource/paging.ts'
import { findRow } from '../../resource/verbs.ts'
import { invalidDataset } from '../problem.ts'
import { presentGroup, presentVersions } from './present.ts'
import { datasetVersions } from './resource.ts'

/** Most values of one filter. */
const VALUES_MAX = 128

/** Where a dataset stands, as its versions say it. */
export function placeOf(call: Call, dataset: Row<'datasets'>): Pick<Dataset, 'id' | 'appId' | 'userId'> {
  const app = requireApp(call.target)
  return { id: dataset.id, appId: app.id, userId: app.user.id }
}

/** A version of a dataset that the caller sees; throws AppError 11101. */
export const findVersion = (call: Call, dataset: Row<'datasets'>, id: string): Promise<Row<'dataset_versions'>> =>
  findRow(datasetVersions, call.services.db.read, dataset, id, call)

/** Versions of one dataset as messages. */
export function versionMessages(
  call: Call,
  dataset: Row<'datasets'>,
  versions: readonly Row<'dataset_versions'>[],
): Promise<DatasetVersion[]> {
  const place = placeOf(call, dataset)
  return presentVersions(
    call,
    versions.map((row) => ({ row, dataset: place })),
  )
}

/** One page of the versions of a dataset, the newest first, of certain origins where such are named. */
export async function listVersions(
  call: Call,
  dataset: Row<'datasets'>,
  origins: readonly number[],
  window: PageWindow,
): Promise<DatasetVersion[]> {
  const { column, descending } = datasetVersions.defaultSort
  const page = await rows.list(call.services.db.read, {
    parent: dataset.pk,
    ...(origins.length > 0 && { where: (row) => row('request_origin', 'in', origins) }),
    orderBy: { column, direction: descending ? 'desc' : 'asc' },
    ...window,
  })
  return versionMessages(call, dataset, page)
}

/** One page of a version's metrics; empty until they are computed, which is no error as clients ask again. */
export async function listMetrics(
  call: Call,
  version: Row<'dataset_versions'>,
  request: RequestOf<'ListDatasetVersionMetricsGroups'>,
): Promise<DatasetVersionMetricsGroup[]> {
  const { parentPaths, types } = request
  const values = request.values.map((value) => JSON.stringify(toJson(ValueSchema, value)))
  for (const list of [parentPaths, types, values]) {
    if (list.length > VALUES_MAX) throw invalidDataset(`A filter has ${list.length} values; use at most ${VALUES_MAX}.`)
  }
  const filter = {
    ...(parentPaths.length > 0 && { parentPaths }),
    ...(types.length > 0 && { types }),
    ...(values.length > 0 && { values }),
  }
  const groups = await listGroups(call.services.db.read, version.pk, filter, readPage(request))
  return groups.map(presentGroup)
}
