import { create } from '@bufbuild/protobuf'
import { type Concept, type ConceptRelation, ConceptRelationSchema, VisibilitySchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import type { Predicate } from '../../store/repos/concept-relations.ts'
import { concepts as conceptRows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { concepts, invalidConcept } from '../concepts/resource.ts'
import { present } from '../resource/verbs.ts'

/** A relation as it is shown: as it is kept, or seen from its object. */
export interface Seen {
  readonly row: Row<'concept_relations'>
  readonly reversed: boolean
}

/** What a refusal of too many or no relations says. */
export const relationBatch = {
  kind: 'concept relation',
  codes: { invalid: StatusCode.CONCEPTS_INVALID_REQUEST },
} as const

/** The same for mapping jobs. */
export const mappingBatch = { ...relationBatch, kind: 'concept mapping job' } as const

const PREDICATES: readonly Predicate[] = ['hyponym', 'hypernym', 'synonym']

/** A text as a predicate; throws AppError 40003 for any other. */
export function readPredicate(text: string): Predicate {
  const predicate = PREDICATES.find((one) => one === text)
  if (predicate) return predicate
  throw invalidConcept(`There is no predicate '${text}'; use one of ${PREDICATES.join(', ')}.`)
}

const INVERSE = { hyponym: 'hypernym', synonym: 'synonym' } as const

/** Relations as messages, in the same order, with both their concepts as they are now. */
export async function presentRelations(call: Call, seen: readonly Seen[]): Promise<ConceptRelation[]> {
  const pks = seen.flatMap(({ row }) => [row.subject_pk, row.object_pk])
  const byPk = await conceptsByPk(call, call.services.db.read, pks)
  return seen.map(({ row, reversed }) => {
    const [subject, object] = reversed ? [row.object_pk, row.subject_pk] : [row.subject_pk, row.object_pk]
    return create(ConceptRelationSchema, {
      id: row.id,
      subjectConcept: byPk.get(subject),
      objectConcept: byPk.get(object),
      predicate: reversed ? INVERSE[row.predicate] : row.predicate,
      knowledgeGraphId: row.knowledge_graph_id,
      visibility: create(VisibilitySchema, { gettable: row.visibility }),
    })
  })
}

async function conceptsByPk(call: Call, reader: Reader, pks: readonly number[]): Promise<Map<number, Concept>> {
  const found = [...(await conceptRows.getManyByPk(reader, pks)).values()]
  const messages = await present(concepts, call, found)
  return new Map(found.map(({ pk }, at) => [pk, messages[at]!]))
}
