import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { COCO_LABELS } from '../coco-ssd/labels.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { boxRegion, eachItem, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type ModelSpec, OnnxModel } from '../onnx.ts'
import { detectionThreshold } from '../params.ts'
import { toPlanarBgr } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { BINS, CLASSES, decodeBoxes, SIDE_PX, STRIDES } from './decode.ts'

const WEIGHT = 'nanodet'
/** Score from which a box counts when the model version sets no detection_threshold (or 0, the type's default). */
const DEFAULT_SCORE_MIN = 0.4
/** Most boxes answered for one picture. */
const BOXES_MAX = 100
/** Mean and deviation of the training pictures, in the order blue, green, red. */
const MEAN = [0.406, 0.456, 0.485]
const DEVIATION = [0.225, 0.224, 0.229]

/** The 80 classes without the gaps that their numbers have in COCO. */
const LABELS = COCO_LABELS.filter((label) => label !== undefined)

const cells = (stride: number): number => (SIDE_PX / stride) ** 2

/** What the NanoDet file must look like. */
export const NANODET_SPEC: ModelSpec = {
  title: 'NanoDet detector',
  inputs: { input: { type: 'float32', shape: [1, 3, SIDE_PX, SIDE_PX] } },
  outputs: Object.fromEntries(
    STRIDES.flatMap((stride) => [
      [`scores_${stride}`, { type: 'float32', shape: [1, cells(stride), CLASSES] }] as const,
      [`edges_${stride}`, { type: 'float32', shape: [1, cells(stride), 4 * BINS] }] as const,
    ]),
  ),
}

/** Finds objects of the 80 COCO classes, small ones too: image -> regions with box, concept and value. */
export const nanodet: Engine = {
  name: 'nanodet',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), NANODET_SPEC)
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer(items, setup) {
        const concept = conceptMaker(setup)
        const scoreMin = detectionThreshold(setup.params, DEFAULT_SCORE_MIN)
        return eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const found = await memoOfImage(item.scope, handle, WEIGHT, async () => {
            const pixels = toPlanarBgr(await handle.rgb(SIDE_PX, SIDE_PX), MEAN, DEVIATION)
            return model.run({ input: floatTensor(pixels, [1, 3, SIDE_PX, SIDE_PX]) })
          })
          const grids = STRIDES.map((stride) => ({
            stride,
            scores: found[`scores_${stride}`]!.data,
            edges: found[`edges_${stride}`]!.data,
          }))
          const regions = decodeBoxes(grids, scoreMin, BOXES_MAX).map((box) =>
            boxRegion(box, box.score, { concepts: [concept(LABELS[box.label]!, box.score)] }),
          )
          return create(DataSchema, { regions })
        })
      },
    }
  },
}
