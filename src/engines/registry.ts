import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { typeEntry } from '../workflow/model-types/index.ts'
import type { Engine } from './engine.ts'
import { HUB_LISTINGS } from './hub/listings.ts'

/** An engine without its code: the weights it needs, and how to come by it. */
export interface Listing {
  readonly weights: readonly string[]
  readonly load: () => Promise<Engine>
  /** A language model: it answers talks, piece by piece. */
  readonly talks?: true
}

const faceDetectors = () => import('./faces/detectors.ts')
const faceAttributes = () => import('./faces/attributes.ts')

/** Where each engine is found; modules are imported when a plan first names them, so a worker holds what it uses. */
const LISTINGS: Readonly<Record<string, Listing>> = {
  ...HUB_LISTINGS,
  'coco-ssd': { weights: ['coco-ssd'], load: async () => (await import('./coco-ssd/engine.ts')).cocoSsd },
  'coco-tags': { weights: ['coco-ssd'], load: async () => (await import('./coco-ssd/engine.ts')).cocoTags },
  clusterer: { weights: [], load: async () => (await import('./clusterer.ts')).clusterer },
  colors: { weights: [], load: async () => (await import('./colors/engine.ts')).colors },
  'embedding-classifier': {
    weights: [],
    load: async () => (await import('./embedding-classifier.ts')).embeddingClassifier,
  },
  'entity-rules': { weights: [], load: async () => (await import('./entities/engine.ts')).entities },
  'esrgan-slim': {
    weights: ['esrgan-slim-2x'],
    load: async () => (await import('./enlarge/engine.ts')).esrganSlim,
  },
  'face-age': { weights: ['blazeface', 'faceres'], load: async () => (await faceAttributes()).faceAge },
  'face-detect-embed': { weights: ['blazeface', 'faceres'], load: async () => (await faceDetectors()).faceDetectEmbed },
  'face-detector': { weights: ['blazeface'], load: async () => (await faceDetectors()).faceDetector },
  'face-embed': { weights: ['blazeface', 'faceres'], load: async () => (await faceAttributes()).faceEmbed },
  'face-emotion': { weights: ['blazeface', 'emotion'], load: async () => (await faceAttributes()).faceEmotion },
  'face-gender': { weights: ['blazeface', 'faceres'], load: async () => (await faceAttributes()).faceGender },
  'face-landmarks': {
    weights: ['blazeface', 'facemesh'],
    load: async () => (await import('./faces/landmarks.ts')).faceLandmarks,
  },
  'hand-landmarks': {
    weights: ['hand-detector', 'hand-landmarks'],
    load: async () => (await import('./bodies/hands.ts')).handLandmarks,
  },
  kokoro: {
    weights: ['kokoro-82m', 'kokoro-voices', 'cmudict'],
    load: async () => (await import('./kokoro/engine.ts')).kokoro,
  },
  'language-id': { weights: [], load: async () => (await import('./language-id.ts')).languageIdentifier },
  'minilm-embed': { weights: ['all-minilm-l6-v2'], load: async () => (await import('./minilm/engine.ts')).minilmEmbed },
  'minilm-zero-shot': {
    weights: ['all-minilm-l6-v2'],
    load: async () => (await import('./minilm/zero-shot.ts')).minilmZeroShot,
  },
  'mobilenet-v3-embed': {
    weights: ['mobilenet-v3-small'],
    load: async () => (await import('./mobilenet-v3/engine.ts')).mobilenetV3Embed,
  },
  'movenet-multipose': {
    weights: ['movenet-multipose'],
    load: async () => (await import('./bodies/pose.ts')).movenetMultipose,
  },
  'movenet-pose': {
    weights: ['movenet-lightning'],
    load: async () => (await import('./bodies/pose.ts')).movenetPose,
  },
  'movenet-thunder': {
    weights: ['movenet-thunder'],
    load: async () => (await import('./bodies/pose.ts')).movenetThunder,
  },
  nanodet: { weights: ['nanodet'], load: async () => (await import('./nanodet/engine.ts')).nanodet },
  nsfw: { weights: ['nsfw-mobilenet-v2'], load: async () => (await import('./nsfw/engine.ts')).nsfw },
  'nsfw-moderation': {
    weights: ['nsfw-mobilenet-v2'],
    load: async () => (await import('./nsfw/engine.ts')).nsfwModeration,
  },
  'onnx-model': { weights: [], load: async () => (await import('./onnx-model/engine.ts')).onnxModel },
  'paddle-ocr': { weights: ['pp-ocrv4'], load: async () => (await import('./ocr/engine.ts')).paddleOcr },
  projection: { weights: [], load: async () => (await import('./projection.ts')).projection },
  'profanity-rules': { weights: [], load: async () => (await import('./profanity/engine.ts')).profanity },
  'selfie-segmentation': {
    weights: ['selfie-segmentation'],
    load: async () => (await import('./bodies/segmentation.ts')).selfieSegmentation,
  },
  'speech-embed': {
    weights: ['speech-embedding'],
    load: async () => (await import('./sound/speech-embed.ts')).speechEmbed,
  },
  'speech-share': {
    weights: ['silero-vad'],
    load: async () => (await import('./sound/speech-share.ts')).speechShare,
  },
  'tinyllama-1-1b': {
    weights: ['tinyllama-1-1b-chat'],
    load: async () => (await import('./language-model/engine.ts')).tinyLlamaChat,
    talks: true,
  },
  'vader-sentiment': { weights: [], load: async () => (await import('./sentiment/engine.ts')).sentiment },
  'window-detector': {
    weights: ['mobilenet-v3-small'],
    load: async () => (await import('./window-detector.ts')).windowDetector,
  },
  whisper: {
    weights: ['whisper-base-en', 'silero-vad'],
    load: async () => (await import('./whisper/engine.ts')).whisper,
  },
}

/** Engines that serve no model by themselves: they do the part of remote ones that needs pixels. */
const HELPERS: Readonly<Record<string, () => Promise<Engine>>> = {
  'pixel-tensor': async () => (await import('./pixel-tensor.ts')).pixelTensor,
}

/** Names of the engines with weights or classical algorithms; operators are found through the registry as well. */
export const engineNames: readonly string[] = Object.keys(LISTINGS)

/** The ids of the weights that an engine needs, known without loading its code; none for operators. */
export function engineWeights(name: string): readonly string[] {
  return Object.hasOwn(LISTINGS, name) ? LISTINGS[name]!.weights : []
}

/** Whether an engine is a language model, which answers talks piece by piece. */
export const engineTalks = (name: string): boolean => Object.hasOwn(LISTINGS, name) && LISTINGS[name]!.talks === true

/** Finds engines by name. */
export interface EngineRegistry {
  /** Rejects with AppError 21353 for a name that nothing stands for, saying why where that is known. */
  find(name: string): Promise<Engine>
}

/** The registry of this program, with further engines (of tests, of plug-ins) that win over its own. */
export function createRegistry(extra: readonly Engine[] = []): EngineRegistry {
  const known = new Map<string, Promise<Engine>>(extra.map((engine) => [engine.name, Promise.resolve(engine)]))
  return {
    find(name) {
      let engine = known.get(name)
      if (!engine) {
        engine = importEngine(name)
        known.set(name, engine)
        engine.catch(() => known.delete(name))
      }
      return engine
    },
  }
}

async function importEngine(name: string): Promise<Engine> {
  if (Object.hasOwn(LISTINGS, name)) return LISTINGS[name]!.load()
  if (Object.hasOwn(HELPERS, name)) return HELPERS[name]!()
  const { operators } = await import('./operators/index.ts')
  const operator = operators.find((candidate) => candidate.name === name)
  if (operator) return operator
  const unavailable = typeEntry(name)?.unavailable
  if (unavailable !== undefined) {
    throw new AppError(
      StatusCode.MODEL_NOT_DEPLOYED,
      `Models of the type ${name} are stored but cannot run here: ${unavailable}`,
    )
  }
  throw new AppError(StatusCode.MODEL_NOT_DEPLOYED, `This server has no engine '${name}' to run the model with.`)
}
