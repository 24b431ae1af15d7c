import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Region } from '../../contract/index.ts'
import type { ImageHandle } from '../../media/image.ts'
import { type ConceptMaker, conceptMaker, type Label } from '../concepts.ts'
import type { Engine, EngineItem, EngineSetup } from '../engine.ts'
import { boxRegion, eachItem, embeddingData, pictureOf } from '../kit.ts'
import type { Model } from '../onnx.ts'
import { numberParam } from '../params.ts'
import { normalised } from '../vectors.ts'
import { describeFace, FACERES_SPEC } from './faceres.ts'
import { BLAZEFACE_SPEC, FACE_SCORE_MIN, type Face, findFaces } from './find.ts'
import { loadedFrom, loadModels } from './loading.ts'

/** The concept under which existing clients know faces. */
export const FACE_LABEL: Label = { id: 'ai_8jtPl3Xj', name: 'face' }

/** The region of a face, with the concept and whatever else is known about it. */
export function faceRegion(
  handle: ImageHandle,
  face: Face,
  concept: ConceptMaker,
  data: Pick<Partial<Data>, 'embeddings'> = {},
): Region {
  const box = {
    top: face.top / handle.height,
    left: face.left / handle.width,
    bottom: face.bottom / handle.height,
    right: face.right / handle.width,
  }
  return boxRegion(box, face.score, { concepts: [concept(FACE_LABEL, face.score)], ...data })
}

/** The faces of an item that reach the model version's detection_threshold, best first. */
export async function wantedFaces(model: Model, item: EngineItem, setup: EngineSetup): Promise<readonly Face[]> {
  const scoreMin = numberParam(setup.params, 'detection_threshold', { otherwise: 0, min: 0, max: 1 })
  const faces = await findFaces(model, await pictureOf(item), item.scope)
  return faces.filter((face) => face.score >= Math.max(scoreMin, FACE_SCORE_MIN))
}

/** Finds faces: image -> regions with box and concept. */
export const faceDetector: Engine = {
  name: 'face-detector',
  weights: ['blazeface'],
  async load(files) {
    const models = await loadModels(files, [['blazeface', BLAZEFACE_SPEC]])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const faces = await wantedFaces(models[0], item, setup)
        return create(DataSchema, { regions: faces.map((face) => faceRegion(handle, face, concept)) })
      })
    })
  },
}

/** Finds faces and describes each by a vector: image -> regions with box, concept and embedding. */
export const faceDetectEmbed: Engine = {
  name: 'face-detect-embed',
  weights: ['blazeface', 'faceres'],
  async load(files) {
    const models = await loadModels(files, [
      ['blazeface', BLAZEFACE_SPEC],
      ['faceres', FACERES_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const regions: Region[] = []
        for (const face of await wantedFaces(models[0], item, setup)) {
          item.scope.signal.throwIfAborted()
          const { embedding } = await describeFace(models[1], handle, face, item.scope)
          regions.push(faceRegion(handle, face, concept, embeddingData(normalised(embedding))))
        }
        return create(DataSchema, { regions })
      })
    })
  },
}
