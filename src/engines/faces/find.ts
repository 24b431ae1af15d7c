import { type ImageHandle, letterbox } from '../../media/image.ts'
import { type ScoredBox, suppress } from '../boxes.ts'
import type { InferScope } from '../engine.ts'
import { type FloatOutput, floatTensor, type Model, type ModelSpec } from '../onnx.ts'
import { toInterleaved } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { sigmoid } from '../vectors.ts'

const SIDE_PX = 256
const VALUES_PER_ANCHOR = 16
const POINTS = 6
/** Score from which a box counts as a face. */
export const FACE_SCORE_MIN = 0.6
const OVERLAP_MAX = 0.3
/** Most faces found in one picture. */
export const FACES_MAX = 100

/** The two grids of anchors: size of a cell in pixels and boxes per cell. */
const GRIDS = [
  { stride: 16, perCell: 2, scores: 'scores_16', points: 'points_16' },
  { stride: 32, perCell: 6, scores: 'scores_32', points: 'points_32' },
] as const

const anchorsOf = ({ stride, perCell }: (typeof GRIDS)[number]): number => (SIDE_PX / stride) ** 2 * perCell

/** What the BlazeFace file must look like. */
export const BLAZEFACE_SPEC: ModelSpec = {
  title: 'BlazeFace face detection',
  inputs: { input: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 3] } },
  outputs: Object.fromEntries(
    GRIDS.flatMap((grid) => [
      [grid.scores, { type: 'float32', shape: [1, anchorsOf(grid), 1] }],
      [grid.points, { type: 'float32', shape: [1, anchorsOf(grid), VALUES_PER_ANCHOR] }],
    ]),
  ),
}

/** A place in a picture, in its pixels. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** A face: its box in pixels of the picture, and right eye, left eye, nose, mouth, right ear, left ear. */
export interface Face extends ScoredBox {
  readonly points: readonly Point[]
}

/** The faces of a picture, best first; found once per picture however many nodes ask. */
export function findFaces(model: Model, handle: ImageHandle, scope: InferScope): Promise<readonly Face[]> {
  return memoOfImage(scope, handle, 'blazeface', async () => {
    const rgb = await handle.rgb(SIDE_PX, SIDE_PX, { fit: 'contain' })
    const place = letterbox(handle.width, handle.height, SIDE_PX, SIDE_PX)
    return detect(model, rgb, ({ x, y }) => ({
      x: ((x - place.left) / place.width) * handle.width,
      y: ((y - place.top) / place.height) * handle.height,
    }))
  })
}

/** How much of the padded square the picture fills when a face that fills the picture is looked for. */
const PADDED_SHARE = 0.6

/**
 * The face that a cut-out of a face shows, or undefined. A face that fills its picture is too large for the network,
 * so when the plain picture shows none, a second look is taken at the picture with a black border.
 */
export function findMainFace(model: Model, handle: ImageHandle, scope: InferScope): Promise<Face | undefined> {
  return memoOfImage(scope, handle, 'blazeface-main', async () => {
    const { width, height } = handle
    const faces = await findFaces(model, handle, scope)
    if (faces.length > 0) return largest(faces)
    const side = Math.max(width, height) / PADDED_SHARE
    const rgb = await handle.squareCrop({ x0: 0, y0: 0, x1: width, y1: height }, 1 / PADDED_SHARE, SIDE_PX)
    const padded = await detect(model, rgb, ({ x, y }) => ({
      x: width / 2 + (x / SIDE_PX - 0.5) * side,
      y: height / 2 + (y / SIDE_PX - 0.5) * side,
    }))
    return largest(padded)
  })
}

function largest(faces: readonly Face[]): Face | undefined {
  const area = (face: Face): number => (face.bottom - face.top) * (face.right - face.left)
  return faces.length === 0 ? undefined : faces.reduce((best, face) => (area(face) > area(best) ? face : best))
}

async function detect(model: Model, rgb: Uint8Array, toPicture: (point: Point) => Point): Promise<Face[]> {
  const pixels = toInterleaved(rgb, { scale: 1 / 127.5, offset: -0.5 })
  const outputs = await model.run({ input: floatTensor(pixels, [1, SIDE_PX, SIDE_PX, 3]) })
  return suppress(decodeFaces(outputs), OVERLAP_MAX, FACES_MAX).map((face) => inPicture(face, toPicture))
}

/** Reads the faces out of the network's answer, in pixels of its input, before overlapping ones are dropped. */
export function decodeFaces(outputs: Readonly<Record<string, FloatOutput>>): Face[] {
  const faces: Face[] = []
  for (const grid of GRIDS) {
    const scores = outputs[grid.scores]!.data
    const values = outputs[grid.points]!.data
    const cells = SIDE_PX / grid.stride
    for (let at = 0; at < scores.length; at++) {
      const score = sigmoid(scores[at]!)
      if (score < FACE_SCORE_MIN) continue
      const cell = Math.floor(at / grid.perCell)
      const anchorX = ((cell % cells) + 0.5) * grid.stride
      const anchorY = (Math.floor(cell / cells) + 0.5) * grid.stride
      const value = (index: number): number => values[at * VALUES_PER_ANCHOR + index]!
      const [x, y, width, height] = [value(0) + anchorX, value(1) + anchorY, value(2), value(3)]
      if (!(width > 0 && height > 0)) continue
      faces.push({
        top: y - height / 2,
        left: x - width / 2,
        bottom: y + height / 2,
        right: x + width / 2,
        score,
        label: 0,
        points: Array.from({ length: POINTS }, (_, point) => ({
          x: value(4 + 2 * point) + anchorX,
          y: value(5 + 2 * point) + anchorY,
        })),
      })
    }
  }
  return faces
}

function inPicture(face: Face, toPicture: (point: Point) => Point): Face {
  const start = toPicture({ x: face.left, y: face.top })
  const end = toPicture({ x: face.right, y: face.bottom })
  const points = face.points.map(toPicture)
  return { ...face, left: start.x, top: start.y, right: end.x, bottom: end.y, points }
}
