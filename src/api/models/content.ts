import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../../domain/call.ts'
import { conceptsOfVersion, fullVersion } from '../../domain/models/content.ts'
import { findModel, findVersion, homeOf, type ModelAt, newestVersion, placeOf } from '../../domain/models/find.ts'
import { attachVersion, presentModel } from '../../domain/models/present.ts'
import { withoutSecrets } from '../../domain/models/secrets.ts'
import { readPage } from '../../domain/resource/paging.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'GetModelOutputInfo'
  | 'ListModelConcepts'
  | 'ListModelReferences'
  | 'ListModelVersionInputExamples'
  | 'GetModelVersionInputExample'

/** What a model answers, and what is told about it. */
export const modelContentRpcs: Pick<Registry, Rpcs> = {
  // Everything at once, whatever its length: clients read the concepts of a model from here.
  GetModelOutputInfo: async (request, call) => {
    const { found, version } = await findWith(call, request.modelId, request.versionId)
    const model = await presentModel(call, found, version, request.additionalFields)
    if (!version) return { model }
    const full = await fullVersion(call.services.db.read, version, homeOf(found.place))
    return {
      model: attachVersion(model, withoutSecrets(found.row.model_type_id, full, found.place.minVisibility === 0)),
    }
  },

  ListModelConcepts: async (request, call) => {
    const { found, version } = await findWith(call, request.modelId, request.versionId)
    if (!version) return { concepts: [] }
    const part = { search: request.search, ...readPage(request) }
    return { concepts: await conceptsOfVersion(call.services.db.read, version.pk, homeOf(found.place), part) }
  },

  // No call of the contract writes references or examples, so there are none to answer.
  ListModelReferences: async (request, call) => {
    await findModel(call, placeOf(call.target), request.modelId)
    return { modelReferences: [] }
  },

  ListModelVersionInputExamples: async (request, call) => {
    await findWith(call, request.modelId, request.modelVersionId)
    return { modelVersionInputExamples: [] }
  },

  GetModelVersionInputExample: async (request, call) => {
    await findWith(call, request.modelId, request.modelVersionId)
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The version has no input example '${request.exampleId}'.`)
  },
}

async function findWith(
  call: Call,
  id: string,
  versionId: string,
): Promise<{ found: ModelAt; version: Row<'model_versions'> | undefined }> {
  const found = await findModel(call, placeOf(call.target), id)
  const version = versionId ? await findVersion(call, found, versionId) : await newestVersion(call, found, 'latest')
  return { found, version }
}
