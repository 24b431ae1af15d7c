import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type TypeEntry, typeEntry } from '../model-types/index.ts'
import type { ResolvedModel } from './types.ts'

/**
 * The entry of a model's type, once it is certain that the model can be run. Throws AppError 22002 for a model of a
 * workflow that is not trained, its own status for one that is called alone, and 21353 for one without an engine.
 */
export function checkRunnable(model: ResolvedModel, nodeId?: string): TypeEntry {
  const entry = typeEntry(model.modelTypeId)
  const name =
    nodeId === undefined ? `The model "${model.modelId}"` : `The model "${model.modelId}" of node "${nodeId}"`
  if (!entry) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      `${name} has the type "${model.modelTypeId}", which is not a model type.`,
    )
  }
  if (model.status !== StatusCode.MODEL_TRAINED && !entry.operator) {
    const code =
      nodeId === undefined ? model.status || StatusCode.MODEL_UNTRAINED : StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL
    throw new AppError(code, `${name} is not trained; train it or name a trained version.`)
  }
  if (model.engine === '' && !entry.operator) {
    throw new AppError(StatusCode.MODEL_NOT_DEPLOYED, `${name} has nothing that could run it; choose another model.`)
  }
  return entry
}
