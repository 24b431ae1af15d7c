import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { modelTypes, typeEntry } from '../../workflow/model-types/index.ts'
import type { Registry } from '../define/rpc.ts'

/** The catalogue of model types; the same for everybody. */
export const modelTypeRpcs: Pick<Registry, 'ListModelTypes' | 'GetModelType'> = {
  ListModelTypes: (request) => {
    const { limit, offset } = readPage(request)
    const shown = [...modelTypes.values()].filter(({ internalOnly }) => !internalOnly)
    return { modelTypes: shown.slice(offset, offset + limit) }
  },

  GetModelType: (request) => {
    const entry = typeEntry(request.modelTypeId)
    if (!entry || entry.type.internalOnly) {
      throw new AppError(
        StatusCode.CONN_DOES_NOT_EXIST,
        `There is no model type '${request.modelTypeId}'; GET /v2/models/types lists them.`,
      )
    }
    return { modelType: entry.type }
  },
}
