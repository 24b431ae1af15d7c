import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ImageHandle } from '../../media/image.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, EngineItem, LoadedEngine, WeightFiles } from '../engine.ts'
import { eachItem, embeddingData, pictureOf } from '../kit.ts'
import { candidateLabels } from '../labels-param.ts'
import { floatTensor } from '../onnx.ts'
import { memoOfImage } from '../scope.ts'
import { dot, normalised, softmax } from '../vectors.ts'
import { disposeAll, OpenModel } from './open-model.ts'
import { CLIP_PIXELS, planar } from './picture-input.ts'
import { TextTokenizer, textFeeds } from './tokenizer.ts'

const SIDE_PX = 224
/** Tokens of the longest text, as the networks were trained. */
const TEXT_TOKENS_MAX = 77
/** How much a difference of cosines counts, as the networks have learnt it. */
const SHARPNESS = 100
/** Vectors of labels kept, because the same labels come with every call. */
const KEPT_LABELS_MAX = 2_000

/** Both halves of a CLIP network and its tokenizer. */
export class Clip {
  readonly bytes: number
  readonly #weight: string
  readonly #vision: OpenModel
  readonly #text: OpenModel
  readonly #tokenizer: TextTokenizer

  private constructor(weight: string, vision: OpenModel, text: OpenModel, tokenizer: TextTokenizer) {
    this.#weight = weight
    this.#vision = vision
    this.#text = text
    this.#tokenizer = tokenizer
    this.bytes = vision.bytes + text.bytes + tokenizer.bytes
  }

  /** Loads a network; when one half fails, the other is freed. */
  static async load(files: WeightFiles, weight: string): Promise<Clip> {
    const tokenizer = await TextTokenizer.load(files, weight)
    const vision = await OpenModel.load(files, weight, 'vision')
    try {
      return new Clip(weight, vision, await OpenModel.load(files, weight, 'text'), tokenizer)
    } catch (error) {
      await vision.dispose()
      throw error
    }
  }

  /** The vector of a picture, of length 1; once per input. */
  picture(handle: ImageHandle, { scope }: EngineItem): Promise<Float32Array> {
    return memoOfImage(scope, handle, this.#weight, async () => {
      const output = this.#vision.outputNamed('image_embeds')
      const rgb = await handle.rgb(SIDE_PX, SIDE_PX, { fit: 'cover', kernel: 'cubic' })
      const pixel_values = floatTensor(planar(rgb, CLIP_PIXELS), [1, 3, SIDE_PX, SIDE_PX])
      return normalised((await this.#vision.run({ pixel_values }, [output]))[output]!.data)
    })
  }

  /** The vector of a text, of length 1. */
  async words(text: string): Promise<Float32Array> {
    const output = this.#text.outputNamed('text_embeds')
    // One text at a time: the network looks for the last token and needs no filling up.
    const feeds = textFeeds([this.#tokenizer.encode(text, TEXT_TOKENS_MAX)], 0)
    return normalised((await this.#text.run(feeds, [output]))[output]!.data)
  }

  dispose(): Promise<void> {
    return disposeAll([this.#vision, this.#text])
  }
}

/** Describes a picture or a text by a vector of one space: image or text -> embedding. */
function clipEmbedder(engine: string, weight: string): Engine {
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const clip = await Clip.load(files, weight)
      return {
        bytes: clip.bytes,
        dispose: () => clip.dispose(),
        infer: (items) =>
          eachItem(items, async (item) => {
            if (item.data.image) return embeddingData(await clip.picture(await pictureOf(item), item))
            if (item.data.text?.raw !== undefined) return embeddingData(await clip.words(item.data.text.raw))
            throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The input has neither image nor text; send one.')
          }),
      }
    },
  }
}

export const clipB32Embed = clipEmbedder('clip-b32-embed', 'clip-vit-base-patch32')
export const clipL14Embed = clipEmbedder('clip-l14-embed', 'clip-vit-large-patch14')

/** Says which of the labels given as parameter a picture shows: image -> concepts whose values add up to 1. */
export const clipZeroShot: Engine = {
  name: 'clip-zero-shot',
  weights: ['clip-vit-base-patch32'],
  async load(files): Promise<LoadedEngine> {
    const clip = await Clip.load(files, 'clip-vit-base-patch32')
    const kept = new Map<string, Promise<Float32Array>>()
    const vectorOf = (name: string): Promise<Float32Array> => {
      const known = kept.get(name)
      if (known) return known
      if (kept.size >= KEPT_LABELS_MAX) kept.clear()
      const made = clip.words(`a photo of ${name}`)
      kept.set(name, made)
      made.catch(() => kept.delete(name))
      return made
    }
    return {
      bytes: clip.bytes,
      dispose: () => clip.dispose(),
      infer: (items, setup) => {
        const labels = candidateLabels(setup)
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const seen = await clip.picture(await pictureOf(item), item)
          const meanings = await Promise.all(labels.map(({ name }) => vectorOf(name)))
          const values = softmax(meanings.map((meaning) => SHARPNESS * dot(seen, meaning)))
          const concepts = labels.map((label, at) => concept(label, values[at]!))
          return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}
