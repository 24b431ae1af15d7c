import type { ImageHandle } from '../../media/image.ts'
import { type ScoredBox, suppress } from '../boxes.ts'
import type { InferScope } from '../engine.ts'
import { type FloatOutput, floatTensor, type Model, type ModelSpec } from '../onnx.ts'
import { toPlanar } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { COCO_LABELS } from './labels.ts'

const SIDE_PX = 300
const ANCHORS = 1917
const CLASSES = COCO_LABELS.length
/** Two boxes of one class that overlap more than this show the same object. */
const OVERLAP_MAX = 0.5
/** Boxes considered before overlapping ones are dropped; keeps the worst case (a low threshold) quick. */
const CANDIDATES_MAX = 600

/** What the SSDLite MobileNetV2 file must look like; boxes are top, left, bottom, right, each 0..1. */
export const COCO_SSD_SPEC: ModelSpec = {
  title: 'COCO SSD detection',
  inputs: { input: { type: 'float32', shape: [1, 3, SIDE_PX, SIDE_PX] } },
  outputs: {
    boxes: { type: 'float32', shape: [1, ANCHORS, 1, 4] },
    scores: { type: 'float32', shape: [1, ANCHORS, CLASSES] },
  },
}

/** Raw answer for one picture: a box per anchor, a score per anchor and class. */
export interface CocoForward {
  readonly boxes: FloatOutput['data']
  readonly scores: FloatOutput['data']
}

/** Runs the network on a stretched picture, once per picture however many nodes ask. */
export function cocoForward(model: Model, handle: ImageHandle, scope: InferScope): Promise<CocoForward> {
  return memoOfImage(scope, handle, 'coco-ssd', async () => {
    const rgb = await handle.rgb(SIDE_PX, SIDE_PX)
    const input = floatTensor(toPlanar(rgb, { scale: 1 / 127.5, offset: -1 }), [1, 3, SIDE_PX, SIDE_PX])
    const { boxes, scores } = await model.run({ input })
    return { boxes: boxes!.data, scores: scores!.data }
  })
}

/** The objects with at least the given score, best first, overlapping boxes of one class reduced to the best. */
export function cocoBoxes({ boxes, scores }: CocoForward, scoreMin: number, limit: number): ScoredBox[] {
  const found: ScoredBox[] = []
  for (let at = 0; at < scores.length; at++) {
    const score = scores[at]!
    const label = at % CLASSES
    if (score < scoreMin || !COCO_LABELS[label]) continue
    const box = ((at - label) / CLASSES) * 4
    const [top, left, bottom, right] = [boxes[box]!, boxes[box + 1]!, boxes[box + 2]!, boxes[box + 3]!]
    if (bottom > top && right > left) found.push({ top, left, bottom, right, score, label })
  }
  found.sort((a, b) => b.score - a.score)
  return suppress(found.slice(0, CANDIDATES_MAX), OVERLAP_MAX, limit)
}

/** The best score of each class over all boxes: how likely the picture shows such an object at all. */
export function cocoClassScores({ scores }: CocoForward): Float32Array {
  const best = new Float32Array(CLASSES)
  for (let at = 0; at < scores.length; at++) {
    const label = at % CLASSES
    if (scores[at]! > best[label]!) best[label] = scores[at]!
  }
  return best
}
