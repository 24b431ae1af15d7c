/**
 * The weights that the built-in models use: where they come from, what is made of them and which tensors result.
 *
 * Sound goes in as 16 kHz samples in -1..1, images as RGB. "Channels first" is [1,3,H,W], "channels last" [1,H,W,3]; both
 * are float32.
 */
import { bodyWeights } from './catalogue/bodies.ts'
import { faceWeights } from './catalogue/faces.ts'
import { imageWeights } from './catalogue/images.ts'
import { pictureWeights } from './catalogue/pictures.ts'
import { poseWeights } from './catalogue/poses.ts'
import { soundWeights } from './catalogue/sounds.ts'
import { speakingWeights } from './catalogue/speaking.ts'
import { speechWeights } from './catalogue/speech.ts'
import { talkingWeights } from './catalogue/talking.ts'
import { textWeights } from './catalogue/text.ts'
import type { Catalogue } from './manifest-types.ts'

/** Counts up whenever a converter changes what it writes, so that cached files are made anew. */
export const CONVERTER_VERSION = 1

/** The built-in weight sources by id. */
export const weightCatalogue = {
  ...imageWeights,
  ...pictureWeights,
  ...faceWeights,
  ...bodyWeights,
  ...poseWeights,
  ...textWeights,
  ...speechWeights,
  ...speakingWeights,
  ...talkingWeights,
  ...soundWeights,
} as const satisfies Catalogue

/** The type of the built-in catalogue, with its exact ids and output keys. */
export type DefaultCatalogue = typeof weightCatalogue

/** The id of a built-in weight source. */
export type WeightId = keyof DefaultCatalogue

/** All ids of the built-in catalogue, in catalogue order. */
export const weightIds = Object.keys(weightCatalogue) as WeightId[]

/** Whether a string names a built-in weight source. */
export function isWeightId(id: string): id is WeightId {
  return Object.hasOwn(weightCatalogue, id)
}
