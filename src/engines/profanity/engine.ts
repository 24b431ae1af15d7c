import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { conceptMaker } from '../concepts.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, textOf } from '../kit.ts'
import { PROFANITY_LABELS } from './labels.ts'

/** Characters looked at; rules take time in step with the length. */
const TEXT_CHARS_MAX = 65_536
/** Memory of the word lists and rules, in bytes. */
const RULES_BYTES = 2 * 1024 * 1024

/** Tells whether an English text has swear words or slurs in it, however they are disguised: text -> profane and clean. */
export const profanity: Engine = {
  name: 'profanity-rules',
  weights: [],
  async load(): Promise<LoadedEngine> {
    const { englishDataset, englishRecommendedTransformers, RegExpMatcher } = await import('obscenity')
    const matcher = new RegExpMatcher({ ...englishDataset.build(), ...englishRecommendedTransformers })
    return {
      bytes: RULES_BYTES,
      dispose: async () => {},
      infer: (items, setup) => {
        const concept = conceptMaker(setup)
        return eachItem(items, async (item) => {
          // Rules are not more or less sure.
          const profane = matcher.hasMatch(textOf(item).slice(0, TEXT_CHARS_MAX)) ? 1 : 0
          const concepts = [concept(PROFANITY_LABELS.profane, profane), concept(PROFANITY_LABELS.clean, 1 - profane)]
          return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
        })
      },
    }
  },
}
