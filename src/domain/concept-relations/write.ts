import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { Concept, ConceptRelation } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { DuplicateKey } from '../../store/errors.ts'
import { closesCircle, reversedSynonym } from '../../store/repos/concept-relations.ts'
import { concepts as conceptRows, knowledgeGraphs, conceptRelations as rows } from '../../store/repos/families.ts'
import type { NewRow, Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { concepts, invalidConcept } from '../concepts/resource.ts'
import { publicPlace } from '../models/find.ts'
import { placeOfRef } from '../models/resolve.ts'
import { visibilityOf } from '../resource/checks.ts'
import { missing } from '../resource/verbs.ts'
import { RELATIONS_DELETED_MAX } from './limits.ts'
import { presentRelations, readPredicate, type Seen } from './resource.ts'

type Ends = Pick<NewRow<'concept_relations'>, 'predicate' | 'subject_pk' | 'object_pk'>

/**
 * Adds relations of a concept, all or none, and answers them as they were given. What a relation says is kept once:
 * a hypernym as the hyponym that it is from the other side.
 */
export async function addRelations(
  call: Call,
  subject: Row<'concepts'>,
  given: readonly ConceptRelation[],
): Promise<ConceptRelation[]> {
  const objects = await Promise.all(given.map(({ objectConcept }) => findObject(call, objectConcept)))
  const seen = await call.services.db.transact(async (tx) => {
    const stored: Seen[] = []
    for (const [at, relation] of given.entries()) stored.push(await insert(call, tx, relation, subject, objects[at]!))
    return stored
  })
  // Plans carry the relations that their operators map by.
  call.services.plans.clear()
  return presentRelations(call, seen)
}

/** The concept that a relation leads to: of the app that it names, else a public one. Throws AppError 11101. */
async function findObject(call: Call, concept: Concept | undefined): Promise<Row<'concepts'>> {
  const { id, userId, appId } = concept ?? { id: '', userId: '', appId: '' }
  if (id === '') throw invalidConcept('A relation has no object_concept.id; say which concept it leads to.')
  const { read } = call.services.db
  for (const place of [await placeOfRef(call, { userId, appId }), await publicPlace(call)]) {
    const found = place && (await conceptRows.get(read, place.app.pk, id))
    if (found) return found
  }
  throw missing(concepts, id)
}

async function insert(
  call: Call,
  tx: Writer,
  relation: ConceptRelation,
  subject: Row<'concepts'>,
  object: Row<'concepts'>,
): Promise<Seen> {
  const { pk: app_pk } = requireApp(call.target)
  const { knowledgeGraphId: knowledge_graph_id, visibility } = relation
  const predicate = readPredicate(relation.predicate)
  if (subject.pk === object.pk) throw invalidConcept(`The concept '${subject.id}' cannot be related to itself.`)
  if (knowledge_graph_id !== '' && !(await knowledgeGraphs.get(tx, app_pk, knowledge_graph_id))) {
    throw invalidConcept(`There is no knowledge graph '${knowledge_graph_id}'; make it first, or leave it out.`)
  }
  const reversed = predicate === 'hypernym'
  const ends: Ends = reversed
    ? { predicate: 'hyponym', subject_pk: object.pk, object_pk: subject.pk }
    : { predicate, subject_pk: subject.pk, object_pk: object.pk }
  const now = call.services.clock.now()
  const row: NewRow<'concept_relations'> = {
    app_pk,
    id: newId(),
    knowledge_graph_id,
    ...ends,
    visibility: visibilityOf(visibility, StatusCode.CONCEPTS_INVALID_REQUEST),
    doc: '{}',
    created_at: now,
    modified_at: now,
  }
  const exists = () =>
    invalidConcept(`The relation '${subject.id}' ${predicate} '${object.id}' already exists (duplicate); leave it out.`)
  if (ends.predicate === 'synonym' && (await reversedSynonym(tx, row))) throw exists()
  if (ends.predicate === 'hyponym') await refuseCycle(tx, row, subject, object)
  try {
    return { row: await rows.insert(tx, row), reversed }
  } catch (error) {
    throw error instanceof DuplicateKey ? exists() : error
  }
}

/** A circle would send everything that climbs up round and round. */
async function refuseCycle(
  tx: Writer,
  relation: NewRow<'concept_relations'>,
  subject: Row<'concepts'>,
  object: Row<'concepts'>,
): Promise<void> {
  if (!(await closesCircle(tx, relation))) return
  throw invalidConcept(
    `The relation of '${subject.id}' and '${object.id}' would close a circle, as the reverse holds already.`,
  )
}

/** Deletes relations that a concept is either end of, all or none; every id must exist. */
export async function removeRelations(call: Call, concept: Row<'concepts'>, ids: readonly string[]): Promise<void> {
  const { pk: appPk } = requireApp(call.target)
  if (ids.length > RELATIONS_DELETED_MAX) {
    throw invalidConcept(`The request has ${ids.length} ids; send at most ${RELATIONS_DELETED_MAX} at a time.`)
  }
  await call.services.db.transact(async (tx) => {
    const found = await rows.getMany(tx, appPk, ids)
    const strange = ids.find((id) => {
      const row = found.get(id)
      return row?.subject_pk !== concept.pk && row?.object_pk !== concept.pk
    })
    if (strange !== undefined) {
      throw new AppError(
        StatusCode.CONN_DOES_NOT_EXIST,
        `There is no relation '${strange}' of the concept '${concept.id}'.`,
      )
    }
    await rows.deleteMany(tx, appPk, ids)
  })
  call.services.plans.clear()
}
