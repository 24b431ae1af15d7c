import type { Engine, LoadedEngine } from '../engine.ts'
import { embeddingData, textOf } from '../kit.ts'
import { MINILM_WEIGHT, TextEmbedder } from './embedder.ts'

/** Describes a text by a vector of length 1 whose cosine to others says how alike they mean: text -> embedding. */
export const minilmEmbed: Engine = {
  name: 'minilm-embed',
  weights: [MINILM_WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const embedder = await TextEmbedder.load(files)
    return {
      bytes: embedder.bytes,
      dispose: () => embedder.dispose(),
      async infer(items) {
        if (items.length === 0) return []
        return (await embedder.embed(items.map(textOf), items[0]!.scope.signal)).map(embeddingData)
      },
    }
  },
}
