import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, textOf } from '../kit.ts'
import { SENTIMENT_LABELS } from './labels.ts'

/** Characters looked at; the rules were made for short texts. */
const TEXT_CHARS_MAX = 16_384
/** Memory of the word list, in bytes. */
const WORDS_BYTES = 4 * 1024 * 1024
/** Strength up to which a text counts as neutral, as the authors of the rules say. */
const NEUTRAL_MAX = 0.05

/**
 * Values for negative, neutral and positive out of the rules' number from -1 to 1. They add up to 1, and the largest is
 * what the authors of the rules would call the text.
 */
export function sentimentValues(compound: number): [number, number, number] {
  const strength = Math.abs(compound)
  const sided =
    strength < NEUTRAL_MAX ? strength / (2 * NEUTRAL_MAX) : 0.5 + (strength - NEUTRAL_MAX) / (2 * (1 - NEUTRAL_MAX))
  return compound < 0 ? [sided, 1 - sided, 0] : [0, 1 - sided, sided]
}

/** Tells how an English text sounds by the words in it: text -> negative, neutral and positive. */
export const sentiment: Engine = {
  name: 'vader-sentiment',
  weights: [],
  async load(): Promise<LoadedEngine> {
    const { default: vader } = await import('vader-sentiment')
    return {
      bytes: WORDS_BYTES,
      dispose: async () => {},
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          const text = textOf(item).slice(0, TEXT_CHARS_MAX)
          const { compound } = vader.SentimentIntensityAnalyzer.polarity_scores(text)
          const values = sentimentValues(compound)
          const concepts = SENTIMENT_LABELS.map((label, at) => concept(label, values[at]!))
          return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}
