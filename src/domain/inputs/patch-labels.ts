import { create } from '@bufbuild/protobuf'
import { type Concept, type Data, DataSchema } from '../../contract/index.ts'
import { type PatchAction, patchJson } from '../resource/patch.ts'

/**
 * What an input's labels are after a patch. Only the kinds that the patch has are looked at. A concept or a place in the
 * patch replaces that of the input whole, as a value of 0 would else look like none.
 */
export function patchLabels(current: Data, patch: Data, action: PatchAction): Data {
  const { concepts, metadata, geo } = patch
  return create(DataSchema, {
    concepts: concepts.length === 0 ? current.concepts : patchConcepts(current.concepts, concepts, action),
    metadata: metadata === undefined ? current.metadata : patchJson(current.metadata ?? {}, metadata, action),
    geo: geo === undefined ? current.geo : action === 'remove' ? undefined : geo,
  })
}

function patchConcepts(current: readonly Concept[], patch: readonly Concept[], action: PatchAction): Concept[] {
  if (action === 'overwrite') return [...patch]
  if (action === 'remove') {
    const gone = new Set(patch.map(({ id }) => id))
    const goneNames = new Set(patch.flatMap(({ id, name }) => (id === '' ? [name] : [])))
    return current.filter(({ id, name }) => !gone.has(id) && !goneNames.has(name))
  }
  const result = new Map(current.map((concept) => [concept.id, concept]))
  for (const concept of patch) result.set(concept.id, concept)
  return [...result.values()]
}
