import { requireApp } from '../../domain/access/target.ts'
import { getDataset, listDatasets } from '../../domain/datasets/list.ts'
import { patchDatasets } from '../../domain/datasets/patch.ts'
import { datasets } from '../../domain/datasets/resource.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  datasets,
  { create: 'PostDatasets', remove: 'DeleteDatasets' },
  { parent: (call) => requireApp(call.target) },
)

const bespoke: Pick<Registry, 'ListDatasets' | 'GetDataset' | 'PatchDatasets'> = {
  ListDatasets: async (request, call) => ({ datasets: await listDatasets(call, request) }),

  GetDataset: async (request, call) => ({
    dataset: await getDataset(call, request.datasetId, request.additionalFields),
  }),

  PatchDatasets: async (request, call) => ({
    datasets: await patchDatasets(call, checkBatch(datasets, request.datasets), request.action),
  }),
}

/** Datasets themselves. */
export const datasetRpcs = { ...standard, ...bespoke }
