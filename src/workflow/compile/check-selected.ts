import { AppError } from '../../base/errors.ts'
import type { OutputConfig } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { splitFields } from '../fields.ts'
import type { ConceptLimits } from '../plan.ts'
import type { Draft } from './types.ts'

type Selected = ConceptLimits['selectConcepts']

/**
 * Checks selections of concepts against the models that are to answer them: a selection of a node against its model,
 * the call's against all models together, as it serves all nodes. Models whose concepts are not known may have any.
 * Marks nodes whose selection is only partly there; throws AppError 21202 when nothing of a selection is.
 */
export function checkSelected(drafts: readonly Draft[], call: OutputConfig | undefined): void {
  const answering = drafts.filter((draft) => !draft.entry.operator && answersConcepts(draft))
  for (const draft of answering.filter((draft) => draft.ownSelection)) check(draft.limits.selectConcepts, [draft])
  const following = answering.filter((draft) => !draft.ownSelection)
  if (call && call.selectConcepts.length > 0) check(call.selectConcepts, following)
}

const answersConcepts = (draft: Draft): boolean =>
  splitFields(draft.outputFields).some((field) => field === 'concepts' || field.endsWith('data.concepts'))

function check(selected: Selected, drafts: readonly Draft[]): void {
  if (selected.length === 0 || drafts.length === 0 || drafts.some((draft) => draft.concepts.length === 0)) return
  const known = drafts.flatMap((draft) => draft.concepts)
  const ids = new Set(known.map((concept) => concept.id))
  const names = new Set(known.map((concept) => concept.name || concept.id))
  const missing = selected
    .filter(({ id, name }) => !(id !== '' && ids.has(id)) && !(name !== '' && names.has(name)))
    .map(({ id, name }) => id || name)
  if (missing.length === 0) return
  if (missing.length < selected.length) {
    for (const draft of drafts) draft.missingConcepts = missing
    return
  }
  const models = drafts.map((draft) => `"${draft.model.modelId}"`).join(', ')
  const listed = missing.map((label) => `"${label}"`).join(', ')
  throw new AppError(
    StatusCode.MODEL_INVALID_ARGUMENT,
    `None of the concepts in select_concepts (${listed}) is known to ${models}; name concepts by exact id or name.`,
  )
}
