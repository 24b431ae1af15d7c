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

/** Score from which a point counts as seen. */
const POINT_SCORE_MIN = 0.3
/** Points that must be seen before there is a person. */
const POINTS_MIN = 4
/** Score from which one of several people counts. */
const PERSON_SCORE_MIN = 0.25

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
/** Numbers that the network for one person gives: y, x and score of each point. */
const POINTS_SIZE = NAMES.length * 3
/** Numbers that the network for several people gives for each: the points, a box and a score. */
const PERSON_SIZE = POINTS_SIZE + 5
const PEOPLE = 6

/** A network of the MoveNet family: its weights, the side of its picture and its output. */
interface MoveNet {
  readonly engine: string
  readonly weight: string
  readonly side: number
  readonly output: string
  readonly shape: readonly number[]
  /** Splits the answer into the numbers of single people; those that are too unsure are left out. */
  people(values: Float32Array): readonly Float32Array[]
}

const one = (values: Float32Array): readonly Float32Array[] => [values]

/** The parts of an answer for several people; those below the score, or that the network made of nothing, are left out. */
export function surePeople(values: Float32Array): readonly Float32Array[] {
  return Array.from({ length: PEOPLE }, (_, at) => values.subarray(at * PERSON_SIZE, (at + 1) * PERSON_SIZE)).filter(
    (person) => person[PERSON_SIZE - 1]! >= PERSON_SCORE_MIN,
  )
}

function specOf({ weight, side, output, shape }: MoveNet): ModelSpec {
  return {
    title: weight,
    inputs: { input: { type: 'float32', shape: [1, side, side, 3] } },
    outputs: { [output]: { type: 'float32', shape } },
  }
}

/**
 * Finds the 17 points of COCO on people: image -> for each a region with keypoint_locations, the box around the points
 * that are seen and the concept "person"; no region when there is nobody.
 */
function poseEngine(net: MoveNet): Engine {
  const { engine, weight, side, output } = net
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const model = await OnnxModel.load(weightFile(files, weight, 'model'), specOf(net))
      return {
        bytes: model.bytes,
        dispose: () => model.dispose(),
        infer: (items, setup) => {
          const concept = conceptMaker(setup)
          return eachItem(items, async (item) => {
            const handle = await pictureOf(item)
            const values = await memoOfImage(item.scope, handle, weight, async () => {
              const rgb = await handle.rgb(side, side, { fit: 'contain' })
              const pixels = toInterleaved(rgb, { scale: 1, offset: 0 })
              return (await model.run({ input: floatTensor(pixels, [1, side, side, 3]) }))[output]!.data
            })
            const regions = net.people(values).flatMap((person) => bodyRegion(person, handle, concept, side))
            return create(DataSchema, { regions })
          })
        },
      }
    },
  }
}

const SINGLE = { output: 'points', shape: [1, 1, NAMES.length, 3], people: one } as const

const LIGHTNING: MoveNet = { ...SINGLE, engine: 'movenet-pose', weight: 'movenet-lightning', side: 192 }

/** What the MoveNet Lightning file must look like. */
export const MOVENET_SPEC = specOf(LIGHTNING)

/** One person, fast. */
export const movenetPose = poseEngine(LIGHTNING)

/** One person, more exact. */
export const movenetThunder = poseEngine({ ...SINGLE, engine: 'movenet-thunder', weight: 'movenet-thunder', side: 256 })

/** Up to six people. */
export const movenetMultipose = poseEngine({
  engine: 'movenet-multipose',
  weight: 'movenet-multipose',
  side: 256,
  output: 'people',
  shape: [1, PEOPLE, PERSON_SIZE],
  people: surePeople,
})

/** Reads the points of one person (y, x and score of each) as a region; none when too few points are seen. */
export function bodyRegion(
  values: ArrayLike<number>,
  picture: Pick<ImageHandle, 'width' | 'height'>,
  concept: ConceptMaker,
  side: number,
): Region[] {
  const place = letterbox(picture.width, picture.height, side, side)
  const points: Point[] = []
  const seen: { row: number; col: number; score: number }[] = []
  for (let at = 0; at < NAMES.length; at++) {
    const [y, x, score] = [values[3 * at]!, values[3 * at + 1]!, values[3 * at + 2]!]
    const row = (y * side - place.top) / place.height
    const col = (x * side - place.left) / place.width
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
