import { create } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, DataSchema } from '../../contract/index.ts'
import { textOf } from '../kit.ts'
import { booleanParam, numberParam } from '../params.ts'
import { LANGUAGE_SAMPLE_CHARS } from './limits.ts'
import { operator } from './operator.ts'

const MAX_LANGUAGES = 100
const names = new Intl.DisplayNames(['en'], { type: 'language' })

/**
 * Tells the language of a text: concept ids are two-letter language codes, values the detector's scores (0..1; they
 * do not add up to 1). The detector's tables, some 30 MB, are loaded with the first text.
 */
export const languageId = operator('language-id-operator', ({ params }) => {
  const topk = numberParam(params, 'topk', { otherwise: 1, min: 1, max: MAX_LANGUAGES })
  const threshold = numberParam(params, 'threshold', { otherwise: 0.1, min: 0, max: 1 })
  const lowercase = booleanParam(params, 'lowercase', true)
  return async (item) => {
    const { eld } = await import('eld/small')
    const sample = textOf(item).slice(0, LANGUAGE_SAMPLE_CHARS)
    const scores = Object.entries(eld.detect(lowercase ? sample.toLowerCase() : sample).getScores())
    const concepts = scores
      .filter(([, score]) => score > threshold)
      .sort(([, a], [, b]) => b - a)
      .slice(0, topk)
      .map(([code, score]) => languageConcept(code, score))
    return create(DataSchema, { concepts })
  }
})

const languageConcept = (code: string, value: number): Concept =>
  create(ConceptSchema, { id: code, name: names.of(code) ?? code, value })
