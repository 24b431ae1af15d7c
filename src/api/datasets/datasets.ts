import { requireApp } from '../../domain/access/target.ts'
import { getDataset, listDatasets } from '../../domain/datasets/list.ts'
import { datasets } from '../../domain/datasets/resource.ts'
import { bindResource } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  datasets,
  { create: 'PostDatasets', patch: 'PatchDatasets', remove: 'DeleteDatasets' },
  { parent: (call) => requireApp(call.target) },
)

const bespoke: Pick<Registry, 'ListDatasets' | 'GetDataset'> = {
  ListDatasets: async (request, call) => ({ datasets: await listDatasets(call, request) }),

  GetDataset: async (request, call) => ({
    dataset: await getDataset(call, request.datasetId, request.additionalFields),
  }),
}

/** Datasets themselves. */
export const datasetRpcs = { ...standard, ...bespoke }
