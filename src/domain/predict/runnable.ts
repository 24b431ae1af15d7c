import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { catalogueModel, versionIds } from '../../catalogue/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { blobRef } from '../../weights/blob-ref.ts'
import type { ResolvedModel } from '../../workflow/compile/index.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import { remoteEngineName } from '../../workflow/remote.ts'
import { runnerEngineName } from '../../workflow/runner.ts'
import { remoteSettings, withoutRemote } from '../models/remote.ts'
import type { FoundModel } from '../models/resolve.ts'
import { workOf } from '../runners/work.ts'
import { engineOfTrained } from '../training/kinds.ts'

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

/** The built-in model that a model is; the version tells it from one that a user of the same name made. */
function builtInModel(named: Pick<ResolvedModel, 'userId' | 'appId' | 'modelId' | 'versionId'>) {
  const model = catalogueModel(named.modelId, named)
  return model && versionIds(model).includes(named.versionId) ? model : undefined
}

function engineOf(found: FoundModel): Pick<ResolvedModel, 'engine' | 'weights' | 'remote' | 'runner' | 'inputFields'> {
  const builtIn = builtInModel({ ...found, versionId: found.version.id })
  if (builtIn) return { engine: builtIn.engine ?? UNSERVED, weights: builtIn.weights }
  const byRunners = { engine: runnerEngineName(found.version.id), weights: [], runner: workOf(found) }
  if (found.version.pretrainedModelConfig?.localDev) return byRunners
  const remote = remoteSettings(found.modelTypeId, found.version)
  if (remote) return { engine: remoteEngineName(remote.versionId), weights: [], remote }
  const { model, layers } = found.files
  if (model && layers) return { engine: UPLOAD_ENGINE, weights: [blobRef('model', model), blobRef('layers', layers)] }
  if (found.modelTypeId === HEAD_ENGINE) return { engine: HEAD_ENGINE, weights: [] }
  const trained = engineOfTrained(found.modelTypeId, found.version.outputInfo?.params)
  if (trained) return trained
  // Nothing here runs it, so it is for whoever connects as its runner.
  return typeEntry(found.modelTypeId)?.operator ? { engine: '', weights: [] } : byRunners
}

/** Refuses a model that is listed but that nothing can serve, saying why and what to use instead. */
export function checkServed(model: ResolvedModel): void {
  const builtIn = builtInModel(model)
  if (builtIn?.unavailable === undefined) return
  throw new AppError(
    StatusCode.MODEL_NOT_DEPLOYED,
    `The model '${model.modelId}' is listed but cannot run here: ${builtIn.unavailable}`,
  )
}
