import type { LoadedEngine, WeightFiles } from '../engine.ts'
import { weightFile } from '../kit.ts'
import { type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { shareModel } from '../shared-model.ts'

/** Loads models that the face engines share, one after the other; when one fails, those before it are freed. */
export async function loadModels<const T extends readonly (readonly [string, ModelSpec])[]>(
  files: WeightFiles,
  wanted: T,
): Promise<{ [K in keyof T]: Model }> {
  const models: Model[] = []
  try {
    for (const [weight, spec] of wanted) {
      const path = weightFile(files, weight, 'model')
      models.push(await shareModel(path, () => OnnxModel.load(path, spec)))
    }
    return models as { [K in keyof T]: Model }
  } catch (error) {
    await Promise.all(models.map((model) => model.dispose()))
    throw error
  }
}

/** A loaded engine that holds the given models. */
export function loadedFrom(models: readonly Model[], infer: LoadedEngine['infer']): LoadedEngine {
  return {
    bytes: models.reduce((sum, model) => sum + model.bytes, 0),
    infer,
    dispose: async () => {
      await Promise.all(models.map((model) => model.dispose()))
    },
  }
}
