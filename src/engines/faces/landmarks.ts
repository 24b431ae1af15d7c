import { create } from '@bufbuild/protobuf'
import { DataSchema, PointSchema, type Region } from '../../contract/index.ts'
import type { ImageHandle } from '../../media/image.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine } from '../engine.ts'
import { eachItem, pictureOf } from '../kit.ts'
import { floatTensor, type Model, type ModelSpec } from '../onnx.ts'
import { toInterleaved } from '../pixels.ts'
import { faceSquare, fromSquare } from './crop.ts'
import { faceRegion, wantedFaces } from './detectors.ts'
import { BLAZEFACE_SPEC, type Face, findMainFace } from './find.ts'
import { loadedFrom, loadModels } from './loading.ts'

const SIDE_PX = 192
const CROP_SCALE = 1.5
/** Points of the face mesh. */
export const MESH_POINTS = 468
/** Certainty from which the network's crop counts as a face. */
const FLAG_MIN = 0.5

/** What the face mesh file must look like. */
export const FACEMESH_SPEC: ModelSpec = {
  title: 'face mesh',
  inputs: { input: { type: 'float32', shape: [1, SIDE_PX, SIDE_PX, 3] } },
  outputs: {
    landmarks: { type: 'float32', shape: [1, MESH_POINTS * 3] },
    face_flag: { type: 'float32', shape: [1, 1] },
  },
}

/** Finds the 468 points of the face mesh: image -> a region per face with box and keypoint_locations. */
export const faceLandmarks: Engine = {
  name: 'face-landmarks',
  weights: ['blazeface', 'facemesh'],
  async load(files) {
    const models = await loadModels(files, [
      ['blazeface', BLAZEFACE_SPEC],
      ['facemesh', FACEMESH_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        let faces = await wantedFaces(models[0], item, setup)
        if (faces.length === 0) {
          const main = await findMainFace(models[0], handle, item.scope)
          faces = main ? [main] : []
        }
        const regions: Region[] = []
        for (const face of faces) {
          item.scope.signal.throwIfAborted()
          const points = await meshPoints(models[1], handle, face)
          if (!points) continue
          const region = faceRegion(handle, face, concept)
          region.regionInfo!.keypointLocations = points.map(({ x, y, z }) =>
            create(PointSchema, { col: x / handle.width, row: y / handle.height, z: z / handle.width }),
          )
          regions.push(region)
        }
        return create(DataSchema, { regions })
      })
    })
  },
}

/** Mesh points in pixels of the picture (z: towards the viewer is negative); undefined when there is no face. */
async function meshPoints(model: Model, handle: ImageHandle, face: Face) {
  const square = faceSquare(face, CROP_SCALE)
  const rgb = await handle.rotateCrop(square, SIDE_PX)
  const input = floatTensor(toInterleaved(rgb, { scale: 1 / 255, offset: 0 }), [1, SIDE_PX, SIDE_PX, 3])
  const { landmarks, face_flag } = await model.run({ input })
  if (face_flag!.data[0]! < FLAG_MIN) return undefined
  const values = landmarks!.data
  return Array.from({ length: MESH_POINTS }, (_, at) => {
    const [x, y, z] = [values[3 * at]!, values[3 * at + 1]!, values[3 * at + 2]!]
    return { ...fromSquare(square, SIDE_PX, { x, y }), z: (z / SIDE_PX) * square.side }
  })
}
