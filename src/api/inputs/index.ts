import { cancelExtractions, getExtraction, listExtractions } from '../../domain/extraction/list.ts'
import { postDataSources } from '../../domain/extraction/post-data-sources.ts'
import { postInputsUploads } from '../../domain/extraction/post-uploads.ts'
import { cancelAddJob, getAddJob, listAddJobs } from '../../domain/inputs/add-jobs.ts'
import { countInputs } from '../../domain/inputs/count.ts'
import { deleteInput, deleteInputs } from '../../domain/inputs/delete.ts'
import { getInput, listInputs, streamInputs } from '../../domain/inputs/list.ts'
import { patchInputs } from '../../domain/inputs/patch.ts'
import { postInputs } from '../../domain/inputs/post.ts'
import { getVideoManifest } from '../../domain/inputs/video-manifest.ts'
import { readPage } from '../../domain/resource/paging.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'PostInputs'
  | 'GetInput'
  | 'ListInputs'
  | 'StreamInputs'
  | 'PatchInputs'
  | 'DeleteInput'
  | 'DeleteInputs'
  | 'GetInputCount'
  | 'GetInputsAddJob'
  | 'ListInputsAddJobs'
  | 'CancelInputsAddJob'
  | 'GetInputVideoManifest'
  | 'PostInputsUploads'
  | 'PostInputsDataSources'
  | 'GetInputsExtractionJob'
  | 'ListInputsExtractionJobs'
  | 'CancelInputsExtractionJobs'

/** Inputs: what an app's media are and what is said about them, from posting to deletion. */
export const inputFamily: Pick<Registry, Rpcs> = {
  PostInputs: (request, call) => postInputs(call, request),

  GetInput: async (request, call) => ({ input: await getInput(call, request.inputId) }),

  ListInputs: (request, call) => listInputs(call, request),

  StreamInputs: (request, call) => streamInputs(call, request),

  GetInputVideoManifest: (request, call) => getVideoManifest(call, request.inputId),

  PatchInputs: async (request, call) => ({ inputs: await patchInputs(call, request.inputs, request.action) }),

  DeleteInput: async (request, call) => {
    await deleteInput(call, request.inputId)
    return {}
  },

  DeleteInputs: async (request, call) => {
    await deleteInputs(call, request.ids)
    return {}
  },

  GetInputCount: async (_request, call) => ({ counts: await countInputs(call) }),

  GetInputsAddJob: async (request, call) => ({ inputsAddJob: await getAddJob(call, request.id) }),

  ListInputsAddJobs: async (request, call) => ({ inputsAddJobs: await listAddJobs(call, readPage(request)) }),

  CancelInputsAddJob: async (request, call) => ({ inputsAddJob: await cancelAddJob(call, request.id) }),

  PostInputsUploads: async (request, call) => ({ inputsAddJobs: await postInputsUploads(call, request.inputsUploads) }),

  PostInputsDataSources: async (request, call) => ({ inputsAddJobs: await postDataSources(call, request) }),

  GetInputsExtractionJob: async (request, call) => ({
    inputsExtractionJob: await getExtraction(call, request.inputsExtractionJobId),
  }),

  ListInputsExtractionJobs: async (request, call) => ({
    inputsExtractionJobs: await listExtractions(call, readPage(request)),
  }),

  CancelInputsExtractionJobs: async (request, call) => ({
    inputsExtractionJobs: await cancelExtractions(call, request.ids),
  }),
}
