import { create } from '@bufbuild/protobuf'
import { DataSchema, PointSchema, type Region } from '../../contract/index.ts'
import { type ImageHandle, letterbox } from '../../media/image.ts'
import { overlap } from '../boxes.ts'
import { type ConceptMaker, conceptMaker, plainLabel } from '../concepts.ts'
import type { Engine } from '../engine.ts'
import { fromSquare } from '../faces/crop.ts'
import { loadedFrom, loadModels } from '../faces/loading.ts'
import { boxRegion, eachItem, pictureOf } from '../kit.ts'
import { floatTensor, type Model, type ModelSpec } from '../onnx.ts'
import { toInterleaved } from '../pixels.ts'
import { sigmoid } from '../vectors.ts'
import { keypointInfo } from './keypoints.ts'
import { decodePalms, handSquare, PALM_SIDE_PX, PALM_SPEC, type Palm } from './palms.ts'

const SIDE_PX = 224
/** Certainty from which the network's crop counts as a hand. */
const FLAG_MIN = 0.5
/** Two hands whose boxes overlap more than this are one. */
const OVERLAP_MAX = 0.5

const HAND = plainLabel('hand')
const FINGERS = ['thumb', 'index', 'middle', 'ring', 'little']
const JOINTS = ['1', '2', '3', 'tip']
const NAMES = ['wrist', ...FINGERS.flatMap((finger) => JOINTS.map((joint) => `${finger} ${joint}`))]
const SKELETON = keypointInfo(
  NAMES,
  FINGERS.flatMap((_, finger) =>
    JOINTS.map((_, joint) => {
      const point = 1 + finger * JOINTS.length + joint
      return `${joint === 0 ? 0 : point - 1}-${point}`
    }),
  ),
)

/** What the hand landmark file must look like. */
export const HAND_SPEC: ModelSpec = {
  title: 'hand landmarks',
  inputs: { input: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 3] } },
  outputs: {
    points: { type: 'float32', shape: [1, NAMES.length * 3] },
    hand_logit: { type: 'float32', shape: [1, 1] },
  },
}

/** Finds hands: image -> a region per hand with its 21 points as keypoint_locations, their box and the concept "hand". */
export const handLandmarks: Engine = {
  name: 'hand-landmarks',
  weights: ['hand-detector', 'hand-landmarks'],
  async load(files) {
    const models = await loadModels(files, [
      ['hand-detector', PALM_SPEC],
      ['hand-landmarks', HAND_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const regions: Region[] = []
        for (const palm of await findPalms(models[0], handle)) {
          item.scope.signal.throwIfAborted()
          const region = await handRegion(models[1], handle, palm, concept)
          // Palms that lie apart may lead to the same hand; the surer one comes first.
          if (region && !regions.some((other) => overlap(edges(other), edges(region)) > OVERLAP_MAX))
            regions.push(region)
        }
        return create(DataSchema, { regions })
      })
    })
  },
}

function edges({ regionInfo }: Region) {
  const { topRow, leftCol, bottomRow, rightCol } = regionInfo!.boundingBox!
  return { top: topRow, left: leftCol, bottom: bottomRow, right: rightCol }
}

/** Palms in pixels of the picture. */
async function findPalms(model: Model, handle: ImageHandle): Promise<Palm[]> {
  const rgb = await handle.rgb(PALM_SIDE_PX, PALM_SIDE_PX, { fit: 'contain' })
  const pixels = toInterleaved(rgb, { scale: 1 / 127.5, offset: -1 })
  const { palms } = await model.run({ input: floatTensor(pixels, [1, PALM_SIDE_PX, PALM_SIDE_PX, 3]) })
  const place = letterbox(handle.width, handle.height, PALM_SIDE_PX, PALM_SIDE_PX)
  const x = (value: number): number => ((value - place.left) / place.width) * handle.width
  const y = (value: number): number => ((value - place.top) / place.height) * handle.height
  return decodePalms(palms!.data).map(({ top, left, bottom, right, points, ...rest }) => ({
    ...rest,
    ...{ top: y(top), left: x(left), bottom: y(bottom), right: x(right) },
    points: points.map((point) => ({ x: x(point.x), y: y(point.y) })),
  }))
}

async function handRegion(
  model: Model,
  handle: ImageHandle,
  palm: Palm,
  concept: ConceptMaker,
): Promise<Region | undefined> {
  const square = handSquare(palm)
  const rgb = await handle.rotateCrop(square, SIDE_PX)
  const input = floatTensor(toInterleaved(rgb, { scale: 1 / 255, offset: 0 }), [1, SIDE_PX, SIDE_PX, 3])
  const { points, hand_logit } = await model.run({ input })
  if (sigmoid(hand_logit!.data[0]!) < FLAG_MIN) return undefined
  const values = points!.data
  const places = NAMES.map((_, at) => {
    const { x, y } = fromSquare(square, SIDE_PX, { x: values[3 * at]!, y: values[3 * at + 1]! })
    const z = (values[3 * at + 2]! / SIDE_PX) * square.side
    return { col: x / handle.width, row: y / handle.height, z: z / handle.width }
  })
  const [rows, columns] = [places.map(({ row }) => row), places.map(({ col }) => col)]
  const box = {
    top: Math.min(...rows),
    left: Math.min(...columns),
    bottom: Math.max(...rows),
    right: Math.max(...columns),
  }
  const concepts = [{ ...concept(HAND, palm.score), keypointInfo: SKELETON }]
  const region = boxRegion(box, palm.score, { concepts })
  region.regionInfo!.keypointLocations = places.map((place) => create(PointSchema, place))
  return region
}
