import { create, fromJson, type JsonObject } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, DataSchema } from '../../contract/index.ts'
import { choiceParam, invalidParam, textParam } from '../params.ts'
import { MAX_LABEL_LENGTH } from './limits.ts'
import { operator } from './operator.ts'
import { valued } from './texts.ts'

/** The parameter in which the server writes the relations that it has looked up. */
export const RELATIONS = 'relations'

/** A concept and one that it is mapped to, both as JSON. */
export interface Mapping {
  readonly from: JsonObject
  readonly to: JsonObject
}

/**
 * Maps concepts to those that the relations of the app name, with their value. Where several lead to one, its value is
 * the largest of theirs. Concepts without relations are left out. Surest first.
 */
export const conceptSynonymMapper = operator('concept-synonym-mapper', ({ params }) => {
  textParam(params, 'knowledge_graph_id', { otherwise: '', max: MAX_LABEL_LENGTH })
  choiceParam(params, 'predicate', ['synonym', 'hyponym', 'hypernym'], 'synonym')
  const mappings = mappingsOf(params)
  return ({ data }) => {
    const found = new Map<Concept, number>()
    for (const concept of data.concepts) {
      for (const { from, to } of mappings.get(concept.id) ?? []) {
        if (isSame(concept, from)) found.set(to, Math.max(concept.value, found.get(to) ?? concept.value))
      }
    }
    const concepts = [...found].map(([concept, value]) => valued(concept, value))
    return create(DataSchema, { concepts: concepts.sort((a, b) => b.value - a.value) })
  }
})

interface Mapped {
  readonly from: Concept
  readonly to: Concept
}

function mappingsOf(params: JsonObject): Map<string, Mapped[]> {
  const given = params[RELATIONS] ?? []
  if (!Array.isArray(given)) throw invalidParam(`The parameter ${RELATIONS} is set by the server; leave it out.`)
  const known = new Map<string, Concept>()
  const mappings = new Map<string, Mapped[]>()
  for (const { from, to } of given as unknown as Mapping[]) {
    const target = fromJson(ConceptSchema, to)
    const key = JSON.stringify([target.userId, target.appId, target.id])
    const mapped = { from: fromJson(ConceptSchema, from), to: known.get(key) ?? target }
    known.set(key, mapped.to)
    const others = mappings.get(mapped.from.id)
    if (others) others.push(mapped)
    else mappings.set(mapped.from.id, [mapped])
  }
  return mappings
}

/** Ids mean the same within an app; a concept that does not say where it is from counts wherever it may be from. */
const isSame = (concept: Concept, { userId, appId }: Concept): boolean =>
  (concept.appId === '' || concept.appId === appId) && (concept.userId === '' || concept.userId === userId)
