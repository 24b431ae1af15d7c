import type { Engine, LoadedEngine } from '../engine.ts'
import { embeddingData, textOf } from '../kit.ts'
import { batchesByLength } from '../minilm/embedder.ts'
import type { FloatOutput } from '../onnx.ts'
import { normalised } from '../vectors.ts'
import { OpenModel } from './open-model.ts'
import { TextTokenizer, takesBatches, textFeeds } from './tokenizer.ts'

/** How a network of sentences is used. */
export interface SentenceNet {
  readonly engine: string
  readonly weight: string
  /** Tokens looked at per text, as the model was trained. */
  readonly limit: number
  /** Whether the vector of a text is the mean of its tokens' or that of its first. */
  readonly pooling: 'mean' | 'first'
  /** What the model was trained to see before every text. */
  readonly prefix: string
  readonly padding: number
}

/** Describes a text by a vector of length 1: text -> embedding. */
export function sentenceEmbedder(net: SentenceNet): Engine {
  return {
    name: net.engine,
    weights: [net.weight],
    async load(files): Promise<LoadedEngine> {
      const tokenizer = await TextTokenizer.load(files, net.weight)
      const model = await OpenModel.load(files, net.weight, 'model')
      const output = model.outputNamed('last_hidden_state', 'token_embeddings')
      return {
        bytes: model.bytes + tokenizer.bytes,
        dispose: () => model.dispose(),
        async infer(items) {
          const texts = items.map((item) => tokenizer.encode(net.prefix + textOf(item), net.limit))
          const vectors = new Array<Float32Array>(texts.length)
          const batches = takesBatches(model) ? batchesByLength(texts) : texts.map((_, at) => [at])
          for (const batch of batches) {
            items[0]!.scope.signal.throwIfAborted()
            const ids = batch.map((at) => texts[at]!)
            const hidden = (await model.run(textFeeds(ids, net.padding), [output]))[output]!
            for (const [row, at] of batch.entries()) vectors[at] = pooled(hidden, row, ids[row]!.length, net.pooling)
          }
          return vectors.map(embeddingData)
        },
      }
    },
  }
}

function pooled({ data, dims }: FloatOutput, row: number, tokens: number, pooling: SentenceNet['pooling']) {
  const [, length, size] = dims as [number, number, number]
  const start = row * length * size
  if (pooling === 'first') return normalised(data.subarray(start, start + size))
  const mean = new Float32Array(size)
  for (let at = 0; at < tokens * size; at++) mean[at % size]! += data[start + at]!
  return normalised(mean)
}

/** Multilingual E5: made for questions and passages; texts are taken as questions, which suits comparing equals. */
export const e5Embed = sentenceEmbedder({
  engine: 'e5-embed',
  weight: 'multilingual-e5-small',
  limit: 512,
  pooling: 'mean',
  prefix: 'query: ',
  padding: 1,
})

/** BGE small (English). */
export const bgeEmbed = sentenceEmbedder({
  engine: 'bge-embed',
  weight: 'bge-small-en-v1-5',
  limit: 512,
  pooling: 'first',
  prefix: '',
  padding: 0,
})
