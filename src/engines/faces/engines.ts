import { create } from '@bufbuild/protobuf'
import { type Concept, type Data, DataSchema, PointSchema } from '../../contract/index.ts'
import type { ImageHandle } from '../../media/image.ts'
import { type ConceptMaker, conceptMaker, type Label, plainLabel } from '../concepts.ts'
import type { Engine, EngineItem, EngineSetup, LoadedEngine, WeightFiles } from '../engine.ts'
import { boxRegion, eachItem, embeddingData, pictureOf, weightFile } from '../kit.ts'
import { floatTensor, type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { numberParam } from '../params.ts'
import { toGrey, toInterleaved } from '../pixels.ts'
import { shareModel } from '../shared-model.ts'
import { normalised } from '../vectors.ts'
import { faceCrop, faceSquare, fromSquare } from './crop.ts'
import { describeFace, FACERES_SPEC, type FaceDescription } from './faceres.ts'
import { BLAZEFACE_SPEC, FACE_SCORE_MIN, type Face, findFaces, findMainFace } from './find.ts'

/** The concept under which existing clients know faces. */
export const FACE_LABEL: Label = { id: 'ai_8jtPl3Xj', name: 'face' }

const MESH_SIDE_PX = 192
const MESH_CROP_SCALE = 1.5
/** Points of the face mesh. */
export const MESH_POINTS = 468
/** Certainty from which the mesh network's crop counts as a face. */
const MESH_FLAG_MIN = 0.5
const EMOTION_SIDE_PX = 64
const EMOTION_CROP_SCALE = 1.2

/** What the face mesh file must look like. */
export const FACEMESH_SPEC: ModelSpec = {
  title: 'face mesh',
  inputs: { input: { type: 'float32', shape: [1, MESH_SIDE_PX, MESH_SIDE_PX, 3] } },
  outputs: {
    landmarks: { type: 'float32', shape: [1, MESH_POINTS * 3] },
    face_flag: { type: 'float32', shape: [1, 1] },
  },
}

/** What the emotion file must look like. */
export const EMOTION_SPEC: ModelSpec = {
  title: 'facial expression',
  inputs: { input: { type: 'float32', shape: [1, EMOTION_SIDE_PX, EMOTION_SIDE_PX, 1] } },
  outputs: { probs: { type: 'float32', shape: [1, 7] } },
}

const loadShared = (files: WeightFiles, weight: string, spec: ModelSpec): Promise<Model> => {
  const path = weightFile(files, weight, 'model')
  return shareModel(path, () => OnnxModel.load(path, spec))
}

/** Loads models one after the other; when one fails, those before it are freed. */
async function loadAll(files: WeightFiles, wanted: readonly (readonly [string, ModelSpec])[]): Promise<Model[]> {
  const models: Model[] = []
  try {
    for (const [weight, spec] of wanted) models.push(await loadShared(files, weight, spec))
    return models
  } catch (error) {
    await Promise.all(models.map((model) => model.dispose()))
    throw error
  }
}

function loadedFrom(models: readonly Model[], infer: LoadedEngine['infer']): LoadedEngine {
  return {
    bytes: models.reduce((sum, model) => sum + model.bytes, 0),
    infer,
    dispose: async () => {
      await Promise.all(models.map((model) => model.dispose()))
    },
  }
}

/** Relative box of a face. */
function shareOf(handle: ImageHandle, face: Face) {
  return {
    top: face.top / handle.height,
    left: face.left / handle.width,
    bottom: face.bottom / handle.height,
    right: face.right / handle.width,
  }
}

const faceRegion = (handle: ImageHandle, face: Face, concept: ConceptMaker, data: Partial<Data> = {}) =>
  boxRegion(shareOf(handle, face), face.score, { concepts: [concept(FACE_LABEL, face.score)], ...data })

/** The faces of an item that reach the model version's detection_threshold, best first. */
async function wantedFaces(model: Model, item: EngineItem, setup: EngineSetup): Promise<readonly Face[]> {
  const scoreMin = numberParam(setup.params, 'detection_threshold', { otherwise: 0, min: 0, max: 1 })
  const faces = await findFaces(model, await pictureOf(item), item.scope)
  return faces.filter((face) => face.score >= Math.max(scoreMin, FACE_SCORE_MIN))
}

/** Finds faces: image -> regions with box and concept. */
export const faceDetector: Engine = {
  name: 'face-detector',
  weights: ['blazeface'],
  async load(files) {
    const models = await loadAll(files, [['blazeface', BLAZEFACE_SPEC]])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const faces = await wantedFaces(models[0]!, item, setup)
        return create(DataSchema, { regions: faces.map((face) => faceRegion(handle, face, concept)) })
      })
    })
  },
}

/** Finds faces and describes each by a vector: image -> regions with box, concept and embedding. */
export const faceDetectEmbed: Engine = {
  name: 'face-detect-embed',
  weights: ['blazeface', 'faceres'],
  async load(files) {
    const models = await loadAll(files, [
      ['blazeface', BLAZEFACE_SPEC],
      ['faceres', FACERES_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const regions = []
        for (const face of await wantedFaces(models[0]!, item, setup)) {
          item.scope.signal.throwIfAborted()
          const { embedding } = await describeFace(models[1]!, handle, face, item.scope)
          regions.push(faceRegion(handle, face, concept, embeddingData(normalised(embedding))))
        }
        return create(DataSchema, { regions })
      })
    })
  },
}

/** Finds the 468 points of the face mesh: image -> a region per face with box and keypoint_locations. */
export const faceLandmarks: Engine = {
  name: 'face-landmarks',
  weights: ['blazeface', 'facemesh'],
  async load(files) {
    const models = await loadAll(files, [
      ['blazeface', BLAZEFACE_SPEC],
      ['facemesh', FACEMESH_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        let faces = await wantedFaces(models[0]!, item, setup)
        if (faces.length === 0) {
          const main = await findMainFace(models[0]!, handle, item.scope)
          faces = main ? [main] : []
        }
        const regions = []
        for (const face of faces) {
          item.scope.signal.throwIfAborted()
          const points = await meshPoints(models[1]!, handle, face)
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
  const square = faceSquare(face, MESH_CROP_SCALE)
  const rgb = await handle.rotateCrop(square, MESH_SIDE_PX)
  const pixels = toInterleaved(rgb, { scale: 1 / 255, offset: 0 })
  const { landmarks, face_flag } = await model.run({
    input: floatTensor(pixels, [1, MESH_SIDE_PX, MESH_SIDE_PX, 3]),
  })
  if (face_flag!.data[0]! < MESH_FLAG_MIN) return undefined
  const values = landmarks!.data
  return Array.from({ length: MESH_POINTS }, (_, at) => {
    const [x, y, z] = [values[3 * at]!, values[3 * at + 1]!, values[3 * at + 2]!]
    return { ...fromSquare(square, MESH_SIDE_PX, { x, y }), z: (z / MESH_SIDE_PX) * square.side }
  })
}

/** An engine that says something about the main face of a picture, through FaceRes; no face, no answer. */
function aboutFace(name: string, say: (description: FaceDescription, concept: ConceptMaker) => Data): Engine {
  return {
    name,
    weights: ['blazeface', 'faceres'],
    async load(files) {
      const models = await loadAll(files, [
        ['blazeface', BLAZEFACE_SPEC],
        ['faceres', FACERES_SPEC],
      ])
      return loadedFrom(models, (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const face = await findMainFace(models[0]!, handle, item.scope)
          if (!face) return create(DataSchema)
          return say(await describeFace(models[1]!, handle, face, item.scope), concept)
        })
      })
    },
  }
}

const sorted = (concepts: Concept[]): Concept[] => concepts.sort((a, b) => b.value - a.value)

/** Describes the main face of a picture by a vector; the cosine of two of one person is above about 0.7. */
export const faceEmbed = aboutFace('face-embed', ({ embedding }) => embeddingData(normalised(embedding)))

const AGE_VOCABULARY = 'age_appearance'
/** First year of each range of apparent age. */
const AGE_RANGES = [
  [0, '0-2'],
  [3, '3-9'],
  [10, '10-19'],
  [20, '20-29'],
  [30, '30-39'],
  [40, '40-49'],
  [50, '50-59'],
  [60, '60-69'],
  [70, 'more than 70'],
] as const

/** Adds up probabilities per year of life to probabilities per range, in the order of the ranges. */
export function ageRanges(ages: ArrayLike<number>): { label: Label; value: number }[] {
  return AGE_RANGES.map(([start, name], at) => {
    const end = AGE_RANGES[at + 1]?.[0] ?? ages.length
    let value = 0
    for (let age = start; age < end; age++) value += ages[age] ?? 0
    return { label: { ...plainLabel(name), vocabId: AGE_VOCABULARY }, value: Math.min(1, value) }
  })
}

/** Estimates how old the main face of a picture looks: image -> a concept per range of years. */
export const faceAge = aboutFace('face-age', ({ ages }, concept) =>
  create(DataSchema, { concepts: sorted(ageRanges(ages).map(({ label, value }) => concept(label, value))) }),
)

const GENDER_VOCABULARY = 'gender_appearance'

/** Estimates whether the main face of a picture looks feminine or masculine: image -> two concepts. */
export const faceGender = aboutFace('face-gender', ({ masculine }, concept) =>
  create(DataSchema, {
    concepts: sorted([
      concept({ ...plainLabel('Masculine'), vocabId: GENDER_VOCABULARY }, masculine),
      concept({ ...plainLabel('Feminine'), vocabId: GENDER_VOCABULARY }, 1 - masculine),
    ]),
  }),
)

const EMOTIONS = ['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'].map(plainLabel)

/** Names the expression of the main face of a picture: image -> seven concepts. */
export const faceEmotion: Engine = {
  name: 'face-emotion',
  weights: ['blazeface', 'emotion'],
  async load(files) {
    const models = await loadAll(files, [
      ['blazeface', BLAZEFACE_SPEC],
      ['emotion', EMOTION_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const face = await findMainFace(models[0]!, handle, item.scope)
        if (!face) return create(DataSchema)
        const rgb = await faceCrop(handle, face, EMOTION_CROP_SCALE, EMOTION_SIDE_PX)
        const grey = toGrey(rgb, { scale: 1 / 127.5, offset: -1 })
        const { probs } = await models[1]!.run({
          input: floatTensor(grey, [1, EMOTION_SIDE_PX, EMOTION_SIDE_PX, 1]),
        })
        return create(DataSchema, { concepts: sorted(EMOTIONS.map((label, at) => concept(label, probs!.data[at]!))) })
      })
    })
  },
}
