import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { conceptMaker, type Label } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { textOf } from '../kit.ts'
import { candidateLabels } from '../labels-param.ts'
import { dot, softmax } from '../vectors.ts'
import { MINILM_WEIGHT, TextEmbedder } from './embedder.ts'

/** Vectors of labels kept, because the same labels come with every call. */
const KEPT_LABELS_MAX = 2_000
/** How much a small difference between cosines counts; chosen so that a clear choice comes out above .8. */
const SHARPNESS = 20

/**
 * Says which of the labels given as parameter (or else of the model version's concepts) a text is nearest to in meaning:
 * text -> concepts whose values add up to 1, best first.
 */
export const minilmZeroShot: Engine = {
  name: 'minilm-zero-shot',
  weights: [MINILM_WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const embedder = await TextEmbedder.load(files)
    const kept = new Map<string, Float32Array>()
    const vectorsOf = async (labels: readonly Label[], signal: AbortSignal): Promise<Float32Array[]> => {
      const names = labels.map(({ name }) => name)
      const missing = names.filter((name) => !kept.has(name))
      const made = await embedder.embed(missing.map(asSentence), signal)
      const vectors = new Map(missing.map((name, at) => [name, made[at]!]))
      const found = names.map((name) => vectors.get(name) ?? kept.get(name)!)
      if (kept.size + missing.length > KEPT_LABELS_MAX) kept.clear()
      for (const [name, vector] of vectors) kept.set(name, vector)
      return found
    }
    return {
      bytes: embedder.bytes,
      dispose: () => embedder.dispose(),
      async infer(items, setup) {
        if (items.length === 0) return []
        const labels = candidateLabels(setup)
        const concept = conceptMaker(setup)
        const { signal } = items[0]!.scope
        const texts = await embedder.embed(items.map(textOf), signal)
        const meanings = await vectorsOf(labels, signal)
        return texts.map((text) => {
          const shares = softmax(meanings.map((meaning) => SHARPNESS * dot(text, meaning)))
          const concepts = labels.map((label, at) => concept(label, shares[at]!))
          return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}

const asSentence = (label: string): string => `This text is about ${label}.`
