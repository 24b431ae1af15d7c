import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { CATALOGUE_APP, CATALOGUE_USER, catalogueModel } from '../../catalogue/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { blobRef } from '../../weights/blob-ref.ts'
import type { ResolvedModel } from '../../workflow/compile/index.ts'
import { remoteEngineName } from '../../workflow/remote.ts'
import { remoteSettings, withoutRemote } from '../models/remote.ts'
import type { FoundModel } from '../models/resolve.ts'

/** The engine that serves heads which users bring along. */
const HEAD_ENGINE = 'embedding-classifier'

/** The engine that runs model files which users bring along. */
const UPLOAD_ENGINE = 'onnx-model'

// Not empty, so that a workflow may name such a model: it can be stored and exported, only not run.
const UNSERVED = 'unserved'

/** A model from the database as the compiler wants it: with the engine and the weights that serve it here. */
export function toResolved(found: FoundModel): ResolvedModel {
  const { version } = found
  return {
    modelId: found.modelId,
    versionId: version.id,
    modelTypeId: found.modelTypeId,
    userId: found.userId,
    appId: found.appId,
    ...engineOf(found),
    params: withoutRemote(version.outputInfo?.params ?? ({} as JsonObject)),
    concepts: version.outputInfo?.data?.concepts ?? [],
    outputConfig: version.outputInfo?.outputConfig,
    status: version.status?.code ?? StatusCode.MODEL_UNTRAINED,
    baseEmbedder: found.baseEmbedder && toResolved(found.baseEmbedder),
  }
}

function engineOf(found: FoundModel): Pick<ResolvedModel, 'engine' | 'weights' | 'remote'> {
  const builtIn =
    found.userId === CATALOGUE_USER && found.appId === CATALOGUE_APP ? catalogueModel(found.modelId) : undefined
  if (builtIn) return { engine: builtIn.engine ?? UNSERVED, weights: builtIn.weights }
  const remote = remoteSettings(found.modelTypeId, found.version)
  if (remote) return { engine: remoteEngineName(remote.versionId), weights: [], remote }
  const { model, layers } = found.files
  if (model && layers) return { engine: UPLOAD_ENGINE, weights: [blobRef('model', model), blobRef('layers', layers)] }
  return { engine: found.modelTypeId === HEAD_ENGINE ? HEAD_ENGINE : '', weights: [] }
}

/** Refuses a model that is listed but that nothing can serve, saying why and what to use instead. */
export function checkServed(model: ResolvedModel): void {
  const builtIn =
    model.userId === CATALOGUE_USER && model.appId === CATALOGUE_APP ? catalogueModel(model.modelId) : undefined
  if (builtIn?.unavailable === undefined) return
  throw new AppError(
    StatusCode.MODEL_NOT_DEPLOYED,
    `The model '${model.modelId}' is listed but cannot run here: ${builtIn.unavailable}`,
  )
}
