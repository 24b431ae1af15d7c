import type { ConceptRelation, ListConceptRelationsRequest } from '../../contract/index.ts'
import { relationFits } from '../../store/repos/concept-relations.ts'
import { conceptRelations as rows } from '../../store/repos/families.ts'
import { requireApp, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { findConcept } from '../concepts/find.ts'
import { readPage } from '../resource/paging.ts'
import { presentRelations, readPredicate } from './resource.ts'

/**
 * One page of relations. Those of a concept are all shown from its side, the inverse ones too; those of the whole app
 * once each, in the direction that they are kept in or, asked for as hypernyms, in the other.
 */
export async function listRelations(call: Call, request: ListConceptRelationsRequest): Promise<ConceptRelation[]> {
  const { conceptId, knowledgeGraphId } = request
  const predicate = request.predicate === '' ? undefined : readPredicate(request.predicate)
  const concept = conceptId === '' ? undefined : await findConcept(call, conceptId)
  const fits = relationFits({ conceptPk: concept?.pk, predicate, graphId: knowledgeGraphId || undefined })
  const found = await rows.list(call.services.db.read, {
    parent: requireApp(call.target).pk,
    where: (row) => row.and([fits(row), row('visibility', '>=', visibleFrom(call.target))]),
    orderBy: { column: 'pk', direction: 'asc' },
    ...readPage(request),
  })
  const reversed = (subject_pk: number): boolean =>
    concept === undefined ? predicate === 'hypernym' : subject_pk !== concept.pk
  return presentRelations(
    call,
    found.map((row) => ({ row, reversed: reversed(row.subject_pk) })),
  )
}
