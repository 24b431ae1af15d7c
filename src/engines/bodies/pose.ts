import { create } from '@bufbuild/protobuf'
import { DataSchema, type Point, Point_Visibility, PointSchema, type Region } from '../../contract/index.ts'
import { type ImageHandle, letterbox } from '../../media/image.ts'
import { type ConceptMaker, conceptMaker, plainLabel } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { boxRegion, eachItem, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type ModelSpec, OnnxModel } from '../onnx.ts'
import { toInterleaved } from '../pixels.ts'
import { memoOfImage } from '../scope.ts'
import { keypointInfo } from './keypoints.ts'

const WEIGHT = 'movenet-lightning'
const SIDE_PX = 192
/** Score from which a point counts as seen. */
const POINT_SCORE_MIN = 0.3
/** Points that must be seen before there is a person. */
const POINTS_MIN = 4

const PERSON = plainLabel('person')
const NAMES = [
  ...['nose', 'left eye', 'right eye', 'left ear', 'right ear', 'left shoulder', 'right shoulder', 'left elbow'],
  ...['right elbow', 'left wrist', 'right wrist', 'left hip', 'right hip', 'left knee', 'right knee', 'left ankle'],
  'right ankle',
]
const SKELETON = keypointInfo(NAMES, [
  ...['0-1', '0-2', '1-3', '2-4', '5-6', '5-7', '7-9', '6-8', '8-10', '5-11', '6-12', '11-12', '11-13', '13-15'],
  ...['12-14', '14-16'],
])

/** What the MoveNet file must look like. */
export const MOVENET_SPEC: ModelSpec = {
  title: 'MoveNet Lightning pose',
  inputs: { input: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 3] } },
  outputs: { points: { type: 'float32', shape: [1, 1, NAMES.length, 3] } },
}

/**
 * Finds the 17 points of COCO on one person: image -> a region with keypoint_locations, the box around the points that
 * are seen and the concept "person"; no region when there is nobody.
 */
export const movenetPose: Engine = {
  name: 'movenet-pose',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), MOVENET_SPEC)
    return {
      bytes: model.bytes,
      dispose: () => model.dispose(),
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const points = await memoOfImage(item.scope, handle, WEIGHT, async () => {
            const rgb = await handle.rgb(SIDE_PX, SIDE_PX, { fit: 'contain' })
            const pixels = toInterleaved(rgb, { scale: 1, offset: 0 })
            return (await model.run({ input: floatTensor(pixels, [1, SIDE_PX, SIDE_PX, 3]) })).points!.data
          })
          return create(DataSchema, { regions: bodyRegion(points, handle, concept) })
        })
      },
    }
  },
}

/** Reads the answer of the network (y, x and score of each point) as a region; none when too few points are seen. */
export function bodyRegion(
  values: ArrayLike<number>,
  picture: Pick<ImageHandle, 'width' | 'height'>,
  concept: ConceptMaker,
): Region[] {
  const place = letterbox(picture.width, picture.height, SIDE_PX, SIDE_PX)
  const points: Point[] = []
  const seen: { row: number; col: number; score: number }[] = []
  for (let at = 0; at < NAMES.length; at++) {
    const [y, x, score] = [values[3 * at]!, values[3 * at + 1]!, values[3 * at + 2]!]
    const row = (y * SIDE_PX - place.top) / place.height
    const col = (x * SIDE_PX - place.left) / place.width
    const isSeen = score >= POINT_SCORE_MIN && row >= 0 && row <= 1 && col >= 0 && col <= 1
    if (isSeen) seen.push({ row, col, score })
    const visibility = isSeen ? Point_Visibility.VISIBLE : Point_Visibility.NOT_VISIBLE
    points.push(create(PointSchema, { row, col, visibility }))
  }
  if (seen.length < POINTS_MIN) return []
  const [rows, columns] = [seen.map(({ row }) => row), seen.map(({ col }) => col)]
  const box = {
    top: Math.min(...rows),
    left: Math.min(...columns),
    bottom: Math.max(...rows),
    right: Math.max(...columns),
  }
  const value = Math.min(1, seen.reduce((sum, { score }) => sum + score, 0) / seen.length)
  const region = boxRegion(box, value, { concepts: [{ ...concept(PERSON, value), keypointInfo: SKELETON }] })
  region.regionInfo!.keypointLocations = points
  return [region]
}
