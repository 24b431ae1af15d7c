import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import { conceptMaker, type Label } from '../concepts.ts'
import type { Engine, EngineSetup, LoadedEngine } from '../engine.ts'
import { eachItem, pictureOf, textOf } from '../kit.ts'
import { floatTensor } from '../onnx.ts'
import { sigmoid, softmax } from '../vectors.ts'
import { configLabels } from './config-labels.ts'
import { OpenModel, unusable } from './open-model.ts'
import { type ChannelNorm, planar, SIGNED_PIXELS } from './picture-input.ts'
import { TextTokenizer, textFeeds } from './tokenizer.ts'

/** Tokens looked at per text. */
const TEXT_TOKENS_MAX = 512

function answer(logits: Float32Array, labels: readonly Label[], exclusive: boolean, setup: EngineSetup): Data {
  const concept = conceptMaker(setup)
  const values = exclusive ? softmax(logits) : Array.from(logits, sigmoid)
  const concepts = labels.map((label, at) => concept(label, values[at]!))
  return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
}

/** Logits of one input, which must be as many as there are labels. */
async function logitsOf(
  model: OpenModel,
  feeds: Parameters<OpenModel['run']>[0],
  labels: readonly Label[],
  weight: string,
): Promise<Float32Array> {
  const output = model.outputNamed('logits')
  const { data } = (await model.run(feeds, [output]))[output]!
  if (data.length === labels.length) return data
  throw unusable(weight, `answers ${data.length} classes although its configuration lists ${labels.length}`)
}

/** Says which classes a text is of: text -> concepts. `exclusive`: a text is of exactly one of them. */
export function textClassifier(engine: string, weight: string, exclusive: boolean, padding: number): Engine {
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const labels = await configLabels(files, weight)
      const tokenizer = await TextTokenizer.load(files, weight)
      const model = await OpenModel.load(files, weight, 'model')
      return {
        bytes: model.bytes + tokenizer.bytes,
        dispose: () => model.dispose(),
        infer: (items, setup) =>
          eachItem(items, async (item) => {
            const feeds = textFeeds([tokenizer.encode(textOf(item), TEXT_TOKENS_MAX)], padding)
            return answer(await logitsOf(model, feeds, labels, weight), labels, exclusive, setup)
          }),
      }
    },
  }
}

/** Says which class a picture is of: image -> concepts whose values add up to 1. */
export function imageClassifier(engine: string, weight: string, side: number, norm: ChannelNorm): Engine {
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const labels = await configLabels(files, weight)
      const model = await OpenModel.load(files, weight, 'model')
      return {
        bytes: model.bytes,
        dispose: () => model.dispose(),
        infer: (items, setup) =>
          eachItem(items, async (item) => {
            const rgb = await (await pictureOf(item)).rgb(side, side)
            const pixel_values = floatTensor(planar(rgb, norm), [1, 3, side, side])
            return answer(await logitsOf(model, { pixel_values }, labels, weight), labels, true, setup)
          }),
      }
    },
  }
}

export const toxicBert = textClassifier('toxic-bert', 'toxic-bert', false, 0)
export const distilbertSst2 = textClassifier('distilbert-sst2', 'distilbert-sst2', true, 0)
export const vitImageNet = imageClassifier('vit-imagenet', 'vit-base-patch16-224', 224, SIGNED_PIXELS)
