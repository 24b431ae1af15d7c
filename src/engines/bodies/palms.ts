import type { SquareRegion } from '../../media/image.ts'
import { type ScoredBox, suppress } from '../boxes.ts'
import type { Point } from '../faces/find.ts'
import type { ModelSpec } from '../onnx.ts'
import { sigmoid } from '../vectors.ts'

/** Side of the network's input, in pixels. */
export const PALM_SIDE_PX = 256
const VALUES = 19
const POINTS = 7
const PALM_SCORE_MIN = 0.5
const OVERLAP_MAX = 0.3
/** Most hands looked for in one picture. */
const PALMS_MAX = 20
/** Places of the wrist and of the first joint of the middle finger among the points of a palm. */
const [WRIST, MIDDLE] = [0, 2]
/** Side of the square around a hand, in lengths of its palm. */
const HAND_SCALE = 2.6
/** How far the middle of a hand lies from that of its palm towards the fingers, in lengths of the palm. */
const FINGER_SHIFT = 0.5

const GRIDS = [
  { stride: 8, perCell: 2 },
  { stride: 16, perCell: 2 },
  { stride: 32, perCell: 6 },
] as const

/** The middle of each anchor, in pixels of the input. */
const ANCHORS: readonly Point[] = GRIDS.flatMap(({ stride, perCell }) => {
  const cells = PALM_SIDE_PX / stride
  return Array.from({ length: cells * cells * perCell }, (_, at) => {
    const cell = Math.floor(at / perCell)
    return { x: ((cell % cells) + 0.5) * stride, y: (Math.floor(cell / cells) + 0.5) * stride }
  })
})

/** What the palm detector file must look like. */
export const PALM_SPEC: ModelSpec = {
  title: 'palm detection',
  inputs: { input: { type: 'float32', shape: [1, PALM_SIDE_PX, PALM_SIDE_PX, 3] } },
  outputs: { palms: { type: 'float32', shape: [1, ANCHORS.length, VALUES] } },
}

/** A palm: its box, and wrist, joints of the fingers and thumb, in the same unit. */
export interface Palm extends ScoredBox {
  readonly points: readonly Point[]
}

/** Reads the palms out of the network's answer, in pixels of its input, best first, overlapping ones dropped. */
export function decodePalms(values: ArrayLike<number>): Palm[] {
  const palms: Palm[] = []
  for (const [at, anchor] of ANCHORS.entries()) {
    const value = (index: number): number => values[at * VALUES + index]!
    const score = sigmoid(value(0))
    if (score < PALM_SCORE_MIN) continue
    const [x, y, width, height] = [value(1) + anchor.x, value(2) + anchor.y, value(3), value(4)]
    if (!(width > 0 && height > 0)) continue
    const points = Array.from({ length: POINTS }, (_, point) => ({
      x: value(5 + 2 * point) + anchor.x,
      y: value(6 + 2 * point) + anchor.y,
    }))
    const box = { top: y - height / 2, left: x - width / 2, bottom: y + height / 2, right: x + width / 2 }
    palms.push({ ...box, score, label: 0, points })
  }
  return suppress(palms, OVERLAP_MAX, PALMS_MAX)
}

/** The square around the whole hand of a palm, turned so that the fingers point up in it. */
export function handSquare({ top, left, bottom, right, points }: Palm): SquareRegion {
  const [wrist, middle] = [points[WRIST]!, points[MIDDLE]!]
  const length = Math.max(right - left, bottom - top)
  const angle = Math.atan2(middle.x - wrist.x, wrist.y - middle.y)
  return {
    centerX: (left + right) / 2 + Math.sin(angle) * length * FINGER_SHIFT,
    centerY: (top + bottom) / 2 - Math.cos(angle) * length * FINGER_SHIFT,
    side: length * HAND_SCALE,
    angle,
  }
}
