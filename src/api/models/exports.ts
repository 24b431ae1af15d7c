import { getExportOf, putExportOf } from '../../domain/models/exports/put.ts'
import type { Registry } from '../define/rpc.ts'

/** Model versions as files: asked for by PUT, looked at by GET. */
export const modelExportRpcs: Pick<Registry, 'PutModelVersionExports' | 'GetModelVersionExport'> = {
  PutModelVersionExports: async (request, call) => ({
    export: await putExportOf(call, request.modelId, request.versionId),
  }),

  GetModelVersionExport: async (request, call) => ({
    export: await getExportOf(call, request.modelId, request.versionId),
  }),
}
