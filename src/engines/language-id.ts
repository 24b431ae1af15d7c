import { create } from '@bufbuild/protobuf'
import { ConceptSchema, DataSchema } from '../contract/index.ts'
import type { Engine, LoadedEngine } from './engine.ts'
import { eachItem, textOf } from './kit.ts'

/** Characters looked at: far more than the detector needs to be sure. */
const SAMPLE_CHARS = 4_096
/** Memory of the detector's tables, in bytes. */
const TABLE_BYTES = 64 * 1024 * 1024

const names = new Intl.DisplayNames(['en'], { type: 'language' })

/**
 * Tells the language of a text: text -> concepts, ids are language codes, best first. Values are the detector's scores
 * (0..1, not adding up to 1); `metadata.reliable` of the first says whether the detector trusts its choice.
 */
export const languageIdentifier: Engine = {
  name: 'language-id',
  weights: [],
  async load(): Promise<LoadedEngine> {
    const { eld } = await import('eld/small')
    return {
      bytes: TABLE_BYTES,
      dispose: async () => {},
      infer: (items) =>
        eachItem(items, async (item) => {
          const found = eld.detect(textOf(item).slice(0, SAMPLE_CHARS))
          const ranked = Object.entries(found.getScores()).sort(([, a], [, b]) => b - a)
          const concepts = ranked.map(([code, value], place) =>
            create(ConceptSchema, {
              id: code,
              name: names.of(code) ?? code,
              value: Math.min(1, value),
              ...(place === 0 && { metadata: { reliable: found.isReliable() } }),
            }),
          )
          return create(DataSchema, { concepts })
        }),
    }
  },
}
