import type { JsonObject } from '@bufbuild/protobuf'
import { type Label, plainLabel } from './concepts.ts'
import type { EngineSetup } from './engine.ts'
import { invalidParam } from './params.ts'

const LABELS_PARAM = 'candidate_labels'
/** Most labels to choose from. */
export const LABELS_MAX = 200
/** Longest label, in characters. */
export const LABEL_CHARS_MAX = 200

/** The labels to choose from, each once. Throws AppError 21202 when there are none, too many, or odd ones. */
export function candidateLabels({ params, concepts }: Pick<EngineSetup, 'params' | 'concepts'>): Label[] {
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
