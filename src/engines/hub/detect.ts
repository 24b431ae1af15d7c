import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { type ImageHandle, letterbox } from '../../media/image.ts'
import { type ScoredBox, suppress } from '../boxes.ts'
import { COCO_LABELS } from '../coco-ssd/labels.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { boxRegion, eachItem, pictureOf } from '../kit.ts'
import { type FloatOutput, floatTensor } from '../onnx.ts'
import { detectionThreshold } from '../params.ts'
import { memoOfImage } from '../scope.ts'
import { sigmoid } from '../vectors.ts'
import { OpenModel, unusable } from './open-model.ts'
import { planar, UNIT_PIXELS } from './picture-input.ts'

/** Side of the square that both networks see, in pixels. */
const SIDE_PX = 640
/** Score from which a box counts when the model version sets no detection_threshold (or 0, the type's default). */
const DEFAULT_SCORE_MIN = 0.4
/** Most boxes answered for one picture. */
const BOXES_MAX = 100
/** Boxes of one class that overlap by this share are one. */
const OVERLAP_MAX = 0.5
/** Strides of the grids of YOLOX. */
const STRIDES = [8, 16, 32] as const
/** Grey that fills the square beside the picture, as YOLOX was trained. */
const FILLING = { r: 114, g: 114, b: 114 }

/** The 80 classes without the gaps that their numbers have in COCO. */
const LABELS = COCO_LABELS.filter((label) => label !== undefined)
const CLASSES = LABELS.length

type Decode = (answers: Readonly<Record<string, FloatOutput>>, handle: ImageHandle, scoreMin: number) => ScoredBox[]

/** A detector of the 80 classes of COCO: image -> regions with box, concept and value. */
function detector(
  engine: string,
  weight: string,
  outputsOf: (model: OpenModel) => readonly string[],
  pixels: (handle: ImageHandle) => Promise<Float32Array>,
  decode: Decode,
): Engine {
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const model = await OpenModel.load(files, weight, 'model')
      const outputs = outputsOf(model)
      return {
        bytes: model.bytes,
        dispose: () => model.dispose(),
        infer: (items, setup) => {
          const concept = conceptMaker(setup)
          const scoreMin = detectionThreshold(setup.params, DEFAULT_SCORE_MIN)
          return eachItem(items, async (item) => {
            const handle = await pictureOf(item)
            const answers = await memoOfImage(item.scope, handle, weight, async () => {
              const input = floatTensor(await pixels(handle), [1, 3, SIDE_PX, SIDE_PX])
              return model.run(Object.fromEntries(model.inputs.map((name) => [name, input])), outputs)
            })
            const regions = decode(answers, handle, scoreMin).map((box) =>
              boxRegion(box, box.score, { concepts: [concept(LABELS[box.label]!, box.score)] }),
            )
            return create(DataSchema, { regions })
          })
        },
      }
    },
  }
}

/** Boxes of networks of the DETR family, which name each thing once: centres and sizes as shares of the picture. */
export function decodeQueries(logits: FloatOutput, boxes: FloatOutput, scoreMin: number): ScoredBox[] {
  const classes = logits.dims.at(-1)!
  if (classes !== CLASSES) throw unusable('of this detector', `answers ${classes} classes instead of ${CLASSES}`)
  const found: ScoredBox[] = []
  for (let at = 0; at < logits.data.length; at++) {
    const score = sigmoid(logits.data[at]!)
    if (score < scoreMin) continue
    const query = Math.floor(at / classes)
    const [x, y, width, height] = boxes.data.subarray(4 * query, 4 * query + 4) as unknown as number[]
    found.push({ ...around(x!, y!, width!, height!), score, label: at % classes })
  }
  return found.sort((a, b) => b.score - a.score).slice(0, BOXES_MAX)
}

const around = (x: number, y: number, width: number, height: number) => ({
  top: y - height / 2,
  left: x - width / 2,
  bottom: y + height / 2,
  right: x + width / 2,
})

/** Boxes of YOLOX: per cell of three grids an offset, the logarithm of a size, how sure it is, and classes. */
export function decodeCells(
  { data }: FloatOutput,
  picture: Pick<ImageHandle, 'width' | 'height'>,
  scoreMin: number,
): ScoredBox[] {
  const place = letterbox(picture.width, picture.height, SIDE_PX, SIDE_PX)
  const size = CLASSES + 5
  const found: ScoredBox[] = []
  let row = 0
  for (const stride of STRIDES) {
    const columns = SIDE_PX / stride
    for (let cell = 0; cell < columns * columns; cell++, row++) {
      const at = row * size
      const sure = data[at + 4]!
      if (sure < scoreMin) continue
      for (let label = 0; label < CLASSES; label++) {
        const score = sure * data[at + 5 + label]!
        if (score < scoreMin) continue
        const x = (data[at]! + (cell % columns)) * stride
        const y = (data[at + 1]! + Math.floor(cell / columns)) * stride
        const box = around(x, y, Math.exp(data[at + 2]!) * stride, Math.exp(data[at + 3]!) * stride)
        found.push({
          top: (box.top - place.top) / place.height,
          left: (box.left - place.left) / place.width,
          bottom: (box.bottom - place.top) / place.height,
          right: (box.right - place.left) / place.width,
          score,
          label,
        })
      }
    }
  }
  return suppress(found, OVERLAP_MAX, BOXES_MAX)
}

/** RT-DETR with a ResNet-18. */
export const rtdetrR18 = detector(
  'rtdetr-r18',
  'rtdetr-r18',
  (model) => [model.outputNamed('logits'), model.outputNamed('pred_boxes')],
  async (handle) => planar(await handle.rgb(SIDE_PX, SIDE_PX), UNIT_PIXELS),
  ({ logits, pred_boxes }, _handle, scoreMin) => decodeQueries(logits!, pred_boxes!, scoreMin),
)

/** YOLOX-S. */
export const yoloxS = detector(
  'yolox-s',
  'yolox-s',
  (model) => [model.outputs[0]!],
  async (handle) => {
    const rgb = await handle.rgb(SIDE_PX, SIDE_PX, { fit: 'contain', background: FILLING })
    // Bytes as they are, as the network was trained.
    return planar(rgb, UNIT_PIXELS).map((value) => value * 255)
  },
  (answers, handle, scoreMin) => decodeCells(Object.values(answers)[0]!, handle, scoreMin),
)
