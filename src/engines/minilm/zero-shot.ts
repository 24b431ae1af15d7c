import { create, type JsonObject } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { conceptMaker, type Label, plainLabel } from '../concepts.ts'
import type { Engine, EngineSetup, LoadedEngine } from '../engine.ts'
import { textOf } from '../kit.ts'
import { invalidParam } from '../params.ts'
import { dot, softmax } from '../vectors.ts'
import { MINILM_WEIGHT, TextEmbedder } from './embedder.ts'

const LABELS_PARAM = 'candidate_labels'
/** Most labels to choose from. */
export const LABELS_MAX = 200
/** Longest label, in characters. */
export const LABEL_CHARS_MAX = 200
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
        const labels = labelsOf(setup)
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

/** The labels to choose from, each once. Throws AppError 21202 when there are none, too many, or odd ones. */
export function labelsOf({ params, concepts }: Pick<EngineSetup, 'params' | 'concepts'>): Label[] {
  const given = givenLabels(params)
  const labels = given.length > 0 ? given.map(plainLabel) : concepts.map(({ id, name }) => ({ id, name: name || id }))
  const distinct = [...new Map(labels.map((label) => [label.name, label])).values()]
  if (distinct.length === 0) {
    throw invalidParam(
      `The model needs labels to choose from; give them as the parameter ${LABELS_PARAM}, a list of words.`,
    )
  }
  if (distinct.length > LABELS_MAX) {
    throw invalidParam(`The parameter ${LABELS_PARAM} has ${distinct.length} labels; use at most ${LABELS_MAX}.`)
  }
  return distinct
}

function givenLabels(params: JsonObject): string[] {
  const given = params[LABELS_PARAM] ?? []
  const isLabel = (label: unknown): label is string =>
    typeof label === 'string' && label.trim() !== '' && label.length <= LABEL_CHARS_MAX
  if (Array.isArray(given) && given.every(isLabel)) return given.map((label) => label.trim())
  throw invalidParam(
    `The parameter ${LABELS_PARAM} must be a list of texts of 1 to ${LABEL_CHARS_MAX} characters, such as ["sport", "politics"].`,
  )
}
