import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, LoadedEngine, WeightFiles } from '../engine.ts'
import { boxRegion, eachItem, pictureOf, weightFile } from '../kit.ts'
import { type Model, OnnxModel } from '../onnx.ts'
import { detectionThreshold } from '../params.ts'
import { shareModel } from '../shared-model.ts'
import { COCO_SSD_SPEC, cocoBoxes, cocoClassScores, cocoForward } from './forward.ts'
import { COCO_LABELS } from './labels.ts'

const WEIGHT = 'coco-ssd'
/** Score from which a box counts when the model version sets no detection_threshold (or 0, the type's default). */
const DEFAULT_SCORE_MIN = 0.4
/** Most boxes answered for one picture. */
const BOXES_MAX = 100

const load = (files: WeightFiles): Promise<Model> => {
  const path = weightFile(files, WEIGHT, 'model')
  return shareModel(path, () => OnnxModel.load(path, COCO_SSD_SPEC))
}

/** Finds objects of the 80 COCO classes: image -> regions with box, concept and value. */
export const cocoSsd: Engine = {
  name: 'coco-ssd',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await load(files)
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer(items, setup) {
        const concept = conceptMaker(setup)
        const scoreMin = detectionThreshold(setup.params, DEFAULT_SCORE_MIN)
        return eachItem(items, async (item) => {
          const forward = await cocoForward(model, await pictureOf(item), item.scope)
          const regions = cocoBoxes(forward, scoreMin, BOXES_MAX).map((box) =>
            boxRegion(box, box.score, { concepts: [concept(COCO_LABELS[box.label]!, box.score)] }),
          )
          return create(DataSchema, { regions })
        })
      },
    }
  },
}

/** Says which of the 80 COCO classes a picture shows: image -> concepts, best first. */
export const cocoTags: Engine = {
  name: 'coco-tags',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await load(files)
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer(items, setup) {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const scores = cocoClassScores(await cocoForward(model, await pictureOf(item), item.scope))
          const concepts = COCO_LABELS.flatMap((label, at) => (label ? [concept(label, scores[at]!)] : []))
          return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}
