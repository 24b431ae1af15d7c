import type { Model } from '../../contract/index.ts'
import { requireApp } from '../../domain/access/target.ts'
import { invalidModel } from '../../domain/models/checks.ts'
import { findModel, findOwnModel, findVersion, newestVersion, placeOf } from '../../domain/models/find.ts'
import { listModels, searchModels } from '../../domain/models/list.ts'
import { patchModels } from '../../domain/models/patch.ts'
import { createModel } from '../../domain/models/post.ts'
import { placed, presentModel, presentModels } from '../../domain/models/present.ts'
import { models } from '../../domain/models/resource.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { renameOne } from '../../domain/resource/rename.ts'
import { removeMany } from '../../domain/resource/verbs.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'PostModels'
  | 'GetModel'
  | 'ListModels'
  | 'PostModelsSearches'
  | 'PatchModels'
  | 'PatchModelIds'
  | 'DeleteModel'
  | 'DeleteModels'

/** Models themselves: made, found, changed, renamed, deleted. */
export const modelRpcs: Pick<Registry, Rpcs> = {
  PostModels: async (request, call) => {
    const made = await createModel(call, onlyModel(request.models, request.model))
    return { model: await presentModel(call, made.model, made.version) }
  },

  GetModel: async (request, call) => {
    const found = await findModel(call, placeOf(call.target), request.modelId)
    const version = request.versionId
      ? await findVersion(call, found, request.versionId)
      : await newestVersion(call, found, 'latest')
    return { model: await presentModel(call, found, version, request.additionalFields) }
  },

  ListModels: async (request, call) => ({ models: await listModels(call, request) }),

  PostModelsSearches: async (request, call) => ({
    models: await searchModels(call, request.modelQuery, readPage(request.pagination)),
  }),

  PatchModels: async (request, call) => {
    const made = await patchModels(call, checkBatch(models, request.models), request.action)
    return {
      models: await presentModels(
        call,
        made.map(({ model }) => placed(model)),
      ),
    }
  },

  PatchModelIds: async (request, call) => {
    const place = placeOf({ ...call.target, app: requireApp(call.target) })!
    const row = await renameOne(models, call, place.app, request.ids, request.action)
    return { models: await presentModels(call, [placed({ row, place })]) }
  },

  DeleteModel: async (request, call) => {
    const { row, place } = await findOwnModel(call, request.modelId)
    await removeMany(models, call, place.app, [row.id])
    return {}
  },

  DeleteModels: async (request, call) => {
    const ids = request.deleteAll ? 'all' : checkBatch(models, request.ids)
    await removeMany(models, call, requireApp(call.target), ids)
    return {}
  },
}

function onlyModel(list: readonly Model[], single: Model | undefined): Model {
  const given = list.length > 0 ? list : single ? [single] : []
  const [model] = given
  if (given.length !== 1 || !model) throw invalidModel(`The request has ${given.length} models; send exactly one.`)
  return model
}
