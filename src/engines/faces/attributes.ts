import { create } from '@bufbuild/protobuf'
import { type Concept, type Data, DataSchema } from '../../contract/index.ts'
import { type ConceptMaker, conceptMaker, type Label, plainLabel } from '../concepts.ts'
import type { Engine } from '../engine.ts'
import { eachItem, embeddingData, pictureOf } from '../kit.ts'
import { floatTensor, type ModelSpec } from '../onnx.ts'
import { toGrey } from '../pixels.ts'
import { normalised } from '../vectors.ts'
import { faceCrop } from './crop.ts'
import { describeFace, FACERES_SPEC, type FaceDescription } from './faceres.ts'
import { BLAZEFACE_SPEC, findMainFace } from './find.ts'
import { loadedFrom, loadModels } from './loading.ts'

const EMOTION_SIDE_PX = 64
const EMOTION_CROP_SCALE = 1.2

/** What the emotion file must look like. */
export const EMOTION_SPEC: ModelSpec = {
  title: 'facial expression',
  inputs: { input: { type: 'float32', shape: [1, EMOTION_SIDE_PX, EMOTION_SIDE_PX, 1] } },
  outputs: { probs: { type: 'float32', shape: [1, 7] } },
}

/** An engine that says something about the main face of a picture, through FaceRes; no face, no answer. */
function aboutFace(name: string, say: (description: FaceDescription, concept: ConceptMaker) => Data): Engine {
  return {
    name,
    weights: ['blazeface', 'faceres'],
    async load(files) {
      const models = await loadModels(files, [
        ['blazeface', BLAZEFACE_SPEC],
        ['faceres', FACERES_SPEC],
      ])
      return loadedFrom(models, (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const handle = await pictureOf(item)
          const face = await findMainFace(models[0], handle, item.scope)
          if (!face) return create(DataSchema)
          return say(await describeFace(models[1], handle, face, item.scope), concept)
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
    const models = await loadModels(files, [
      ['blazeface', BLAZEFACE_SPEC],
      ['emotion', EMOTION_SPEC],
    ])
    return loadedFrom(models, (items, setup) => {
      const concept = conceptMaker(setup)
      return eachItem(items, async (item) => {
        const handle = await pictureOf(item)
        const face = await findMainFace(models[0], handle, item.scope)
        if (!face) return create(DataSchema)
        const rgb = await faceCrop(handle, face, EMOTION_CROP_SCALE, EMOTION_SIDE_PX)
        const grey = toGrey(rgb, { scale: 1 / 127.5, offset: -1 })
        const { probs } = await models[1].run({
          input: floatTensor(grey, [1, EMOTION_SIDE_PX, EMOTION_SIDE_PX, 1]),
        })
        return create(DataSchema, { concepts: sorted(EMOTIONS.map((label, at) => concept(label, probs!.data[at]!))) })
      })
    })
  },
}
