import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ANY_FIELD, splitFields } from '../fields.ts'
import { INSERTED_PREFIX } from '../plan.ts'
import { insertedDraft } from './draft.ts'
import type { Draft, ResolvedModel } from './types.ts'

/**
 * Puts the base embedder in front of each head (a model that works on vectors) whose inputs give it none, one for all
 * heads with the same embedder and inputs:
 *
 *     image -> head A                image -> ~embed1 -> head A
 *     image -> head B      becomes            ~embed1 -> head B
 *
 * Throws AppError 22107 when a head is fed with vectors of another embedder, on which it would answer nonsense.
 */
export function insertEmbedders(drafts: readonly Draft[]): Draft[] {
  const result: Draft[] = []
  /** New places of the drafts, by their old ones. */
  const places: number[] = []
  const inserted = new Map<string, number>()
  /** The place of an embedder behind inputs; one that was trained itself has its own base in front of it. */
  const insert = (base: ResolvedModel, inputs: readonly number[], neededBy: string): number => {
    const key = JSON.stringify([embedderKey(base), inputs])
    const known = inserted.get(key)
    if (known !== undefined) return known
    const own = base.baseEmbedder && base.inputFields?.includes('embeddings') ? base.baseEmbedder : undefined
    const fed = own ? [insert(own, inputs, neededBy)] : inputs
    const place = result.length
    inserted.set(key, place)
    result.push(insertedDraft(`${INSERTED_PREFIX}embed${inserted.size}`, base, fed, neededBy))
    return place
  }
  for (const draft of drafts) {
    const inputs = draft.inputs.map((place) => places[place]!)
    const base = draft.model.baseEmbedder
    let fed = inputs
    if (base && draft.inputFields.includes('embeddings') && !givesVectors(draft, base, inputs, result)) {
      fed = [insert(base, inputs, draft.id)]
    }
    places.push(result.length)
    result.push({ ...draft, inputs: fed })
  }
  return result
}

/** Two embedders give comparable vectors when the same engine runs on the same weights; trained ones differ by version. */
const embedderKey = ({ engine, weights, baseEmbedder, versionId }: ResolvedModel): string =>
  JSON.stringify([engine, weights, ...(baseEmbedder ? [versionId] : [])])

function givesVectors(head: Draft, base: ResolvedModel, inputs: readonly number[], drafts: readonly Draft[]): boolean {
  const givers = inputs.map((place) => drafts[place]!).filter((draft) => vectorSource(draft, drafts))
  for (const giver of givers) {
    const source = vectorSource(giver, drafts)!
    if (embedderKey(source.model) === embedderKey(base)) continue
    throw new AppError(
      StatusCode.WORKFLOW_INVALID_GRAPH,
      `The node "${head.id}" works on embeddings of the model "${base.modelId}", but "${giver.id}" gives those of "${source.model.modelId}"; connect the right embedder, or the image itself.`,
    )
  }
  return givers.length > 0
}

/** The node that made the vectors which a node gives, looking through operators that pass everything on. */
function vectorSource(draft: Draft, drafts: readonly Draft[]): Draft | undefined {
  const fields = splitFields(draft.outputFields)
  if (fields.some((field) => field === 'embeddings' || field.endsWith('data.embeddings'))) return draft
  if (!fields.includes(ANY_FIELD)) return undefined
  for (const place of draft.inputs) {
    const source = vectorSource(drafts[place]!, drafts)
    if (source) return source
  }
  return undefined
}
