import { getAddJob, startAddBySearch } from '../../domain/datasets/add-by-search.ts'
import { findDataset } from '../../domain/datasets/list.ts'
import { addMembers, deleteMembers, getMember, listMembers } from '../../domain/datasets/members.ts'
import { invalidDataset } from '../../domain/datasets/problem.ts'
import { datasets } from '../../domain/datasets/resource.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListDatasetInputs'
  | 'GetDatasetInput'
  | 'PostDatasetInputs'
  | 'DeleteDatasetInputs'
  | 'GetDatasetInputsSearchAddJob'

const member = { kind: 'dataset input', codes: datasets.codes }

/** Which inputs are in a dataset. */
export const datasetInputRpcs: Pick<Registry, Rpcs> = {
  ListDatasetInputs: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    return { datasetInputs: await listMembers(call, dataset, readPage(request)) }
  },

  GetDatasetInput: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    return { datasetInput: await getMember(call, dataset, request.inputId) }
  },

  PostDatasetInputs: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    if (!request.search) return addMembers(call, dataset, checkBatch(member, request.datasetInputs))
    if (request.datasetInputs.length > 0) {
      throw invalidDataset('The request has both dataset_inputs and a search; send one of them.')
    }
    return startAddBySearch(call, dataset, request.search)
  },

  DeleteDatasetInputs: async (request, call) => {
    const dataset = await findDataset(call, request.datasetId)
    await deleteMembers(call, dataset, checkBatch(member, request.inputIds))
    return {}
  },

  GetDatasetInputsSearchAddJob: async (request, call) => ({
    job: await getAddJob(call, request.jobId),
  }),
}
