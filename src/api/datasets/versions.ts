import { putExports } from '../../domain/datasets/exports/put.ts'
import { findDataset } from '../../domain/datasets/list.ts'
import {
  findVersion,
  listMetrics,
  listVersions,
  placeOf,
  versionMessages,
} from '../../domain/datasets/versions/list.ts'
import { datasetVersions } from '../../domain/datasets/versions/resource.ts'
import { createVersions } from '../../domain/datasets/versions/write.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { patchMany, removeMany } from '../../domain/resource/verbs.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListDatasetVersions'
  | 'GetDatasetVersion'
  | 'ListDatasetVersionMetricsGroups'
  | 'PostDatasetVersions'
  | 'PatchDatasetVersions'
  | 'DeleteDatasetVersions'
  | 'PutDatasetVersionExports'

const versionExport = { kind: 'dataset version export', codes: datasetVersions.codes }

/** Versions of datasets, their metrics and exports. */
export const datasetVersionRpcs: Pick<Registry, Rpcs> = {
  ListDatasetVersions: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    return { datasetVersions: await listVersions(call, dataset, request.requestOrigins, readPage(request)) }
  },

  GetDatasetVersion: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    const row = await findVersion(call, dataset, request.datasetVersionId)
    const [datasetVersion] = await versionMessages(call, dataset, [row])
    return { datasetVersion }
  },

  ListDatasetVersionMetricsGroups: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    const version = await findVersion(call, dataset, request.datasetVersionId)
    return { datasetVersionMetricsGroups: await listMetrics(call, version, request) }
  },

  PostDatasetVersions: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    const rows = await createVersions(call, dataset, checkBatch(datasetVersions, request.datasetVersions))
    return { datasetVersions: await versionMessages(call, dataset, rows) }
  },

  PatchDatasetVersions: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    const patches = checkBatch(datasetVersions, request.datasetVersions)
    await patchMany(datasetVersions, call, dataset, patches, request.action)
    const rows = await datasetVersions.rows.getMany(
      call.services.db.read,
      dataset.pk,
      patches.map(({ id }) => id),
    )
    return {
      datasetVersions: await versionMessages(
        call,
        dataset,
        patches.flatMap(({ id }) => rows.get(id) ?? []),
      ),
    }
  },

  DeleteDatasetVersions: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    await removeMany(datasetVersions, call, dataset, checkBatch(datasetVersions, request.datasetVersionIds))
    return {}
  },

  PutDatasetVersionExports: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    const row = await findVersion(call, dataset, request.datasetVersionId)
    const wanted = checkBatch(versionExport, request.exports)
    return { exports: await putExports(call, { row, dataset, place: placeOf(call, dataset) }, wanted) }
  },
}
