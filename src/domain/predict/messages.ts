import { create } from '@bufbuild/protobuf'
import { type Model, ModelSchema, ModelVersionSchema } from '../../contract/index.ts'
import { keepText } from '../../contract/json/index.ts'
import type { FoundModel } from '../models/resolve.ts'

/** A model as outputs carry it: who it is and which version ran, without texts and without its concepts. */
export function modelOfOutput(found: FoundModel): Model {
  const { model, version } = found
  const shown = create(ModelSchema, {
    id: found.modelId,
    name: model.name || found.modelId,
    displayName: model.displayName || model.name || found.modelId,
    createdAt: model.createdAt,
    modifiedAt: model.modifiedAt,
    appId: found.appId,
    userId: found.userId,
    modelTypeId: found.modelTypeId,
    visibility: model.visibility,
    modelVersion: create(ModelVersionSchema, {
      id: version.id,
      createdAt: version.createdAt,
      status: version.status,
      visibility: version.visibility,
      appId: found.appId,
      userId: found.userId,
      activeConceptCount: version.activeConceptCount,
    }),
  })
  // It stands in every output of a plan and never changes.
  return keepText(shown)
}
