import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../../domain/call.ts'
import { examplesOf, referencesOf } from '../../domain/models/about-built-in.ts'
import { conceptsOfVersion, shownVersion } from '../../domain/models/content.ts'
import { findModel, findVersion, homeOf, type ModelAt, newestVersion, placeOf } from '../../domain/models/find.ts'
import { answeredVersion, attachVersion, presentModel } from '../../domain/models/present.ts'
import { trainingInputs } from '../../domain/models/training-inputs.ts'
import { readPage } from '../../domain/resource/paging.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'GetModelOutputInfo'
  | 'ListModelConcepts'
  | 'ListModelInputs'
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
    const typeId = found.row.model_type_id
    const full = await shownVersion(call.services.db.read, version, homeOf(found.place))
    const isInsider = found.place.minVisibility === 0
    return { model: attachVersion(model, answeredVersion(call.services, typeId, full, isInsider)) }
  },

  ListModelConcepts: async (request, call) => {
    const { found, version } = await findWith(call, request.modelId, request.versionId)
    if (!version) return { concepts: [] }
    const part = { search: request.search, ...readPage(request) }
    return { concepts: await conceptsOfVersion(call.services.db.read, version.pk, homeOf(found.place), part) }
  },

  ListModelInputs: async (request, call) => {
    const { found, version } = await findWith(call, request.modelId, request.versionId)
    return { inputs: version ? await trainingInputs(call, found, version, readPage(request)) : [] }
  },

  ListModelReferences: async (request, call) => {
    const found = await findModel(call, placeOf(call.target), request.modelId)
    return { modelReferences: pageOf(referencesOf(found), request) }
  },

  ListModelVersionInputExamples: async (request, call) => {
    const { found, version } = await findWith(call, request.modelId, request.modelVersionId)
    return { modelVersionInputExamples: version ? pageOf(examplesOf(found, version.id), request) : [] }
  },

  GetModelVersionInputExample: async (request, call) => {
    const { found, version } = await findWith(call, request.modelId, request.modelVersionId)
    const example = version && examplesOf(found, version.id).find(({ id }) => id === request.exampleId)
    if (example) return { modelVersionInputExample: example }
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The version has no input example '${request.exampleId}'.`)
  },
}

function pageOf<T>(list: readonly T[], request: Parameters<typeof readPage>[0]): T[] {
  const { limit, offset } = readPage(request)
  return list.slice(offset, offset + limit)
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
