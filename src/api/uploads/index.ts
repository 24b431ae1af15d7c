import { readPage } from '../../domain/resource/paging.ts'
import { getUpload, listUploads } from '../../domain/uploads/find.ts'
import { postUploads } from '../../domain/uploads/post.ts'
import { putParts } from '../../domain/uploads/put-parts.ts'
import { deleteUploads } from '../../domain/uploads/remove.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostUploads' | 'PutUploadContentParts' | 'GetUpload' | 'ListUploads' | 'DeleteUploads'

/** Files that come in parts. */
export const uploadFamily: Pick<Registry, Rpcs> = {
  PostUploads: async (request, call) => ({ uploads: await postUploads(call, request.uploads) }),

  PutUploadContentParts: async (request, call) => ({
    upload: await putParts(call, request.uploadId, request.contentParts),
  }),

  GetUpload: async (request, call) => ({ upload: await getUpload(call, request.uploadId) }),

  ListUploads: async (request, call) => ({ uploads: await listUploads(call, readPage(request)) }),

  DeleteUploads: async (request, call) => {
    await deleteUploads(call, request.ids)
    return {}
  },
}
