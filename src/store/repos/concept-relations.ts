import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row, Schema } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import type { Condition } from './keyed.ts'

/** How a relation can be asked for: in the direction that it is kept in, or seen from its object. */
export type Predicate = 'hyponym' | 'hypernym' | 'synonym'

/** Which relations of an app a list gives. */
export interface RelationFilter {
  /** Only relations that this concept is an end of. */
  readonly conceptPk?: number
  readonly predicate?: Predicate
  /** Empty for the graph of the app as a whole; absent for all graphs. */
  readonly graphId?: string
}

/** The condition that a relation is asked for. */
export function relationFits({ conceptPk, predicate, graphId }: RelationFilter): Condition<'concept_relations'> {
  return (row) => {
    const all: Expression<SqlBool>[] = []
    if (graphId !== undefined) all.push(row('knowledge_graph_id', '=', graphId))
    if (predicate !== undefined) all.push(row('predicate', '=', predicate === 'synonym' ? 'synonym' : 'hyponym'))
    if (conceptPk !== undefined) all.push(touches(row, conceptPk, predicate))
    return row.and(all)
  }
}

function touches(
  row: ExpressionBuilder<Schema, 'concept_relations'>,
  pk: number,
  predicate: Predicate | undefined,
): Expression<SqlBool> {
  const [isSubject, isObject] = [row('subject_pk', '=', pk), row('object_pk', '=', pk)]
  if (predicate === 'hyponym') return isSubject
  return predicate === 'hypernym' ? isObject : row.or([isSubject, isObject])
}

/** A synonym that is already there the other way round. */
export function reversedSynonym(
  db: Reader,
  relation: Pick<Row<'concept_relations'>, 'app_pk' | 'knowledge_graph_id' | 'subject_pk' | 'object_pk'>,
): Promise<{ readonly id: string } | undefined> {
  return db
    .selectFrom('concept_relations')
    .select('id')
    .where('app_pk', '=', relation.app_pk)
    .where('knowledge_graph_id', '=', relation.knowledge_graph_id)
    .where('predicate', '=', 'synonym')
    .where('subject_pk', '=', relation.object_pk)
    .where('object_pk', '=', relation.subject_pk)
    .executeTakeFirst()
}

/** Pks of the concepts that some concepts are kinds of, one step up, in one graph of an app. */
export async function parentsOf(
  db: Reader,
  appPk: number,
  graphId: string,
  pks: readonly number[],
): Promise<Set<number>> {
  const parents = new Set<number>()
  for (const part of inParts(pks)) {
    const rows = await db
      .selectFrom('concept_relations')
      .select('object_pk')
      .distinct()
      .where('app_pk', '=', appPk)
      .where('knowledge_graph_id', '=', graphId)
      .where('predicate', '=', 'hyponym')
      .where('subject_pk', 'in', part)
      .execute()
    for (const { object_pk } of rows) parents.add(object_pk)
  }
  return parents
}

/** Whether a concept that is said to be a kind of another one would be a kind of itself then, over any number of steps. */
export async function closesCircle(
  db: Reader,
  relation: Pick<Row<'concept_relations'>, 'app_pk' | 'knowledge_graph_id' | 'subject_pk' | 'object_pk'>,
): Promise<boolean> {
  const { app_pk, knowledge_graph_id, subject_pk, object_pk } = relation
  const seen = new Set([object_pk])
  for (let level = [object_pk]; level.length > 0; ) {
    const above = await parentsOf(db, app_pk, knowledge_graph_id, level)
    if (above.has(subject_pk)) return true
    level = [...above].filter((pk) => !seen.has(pk))
    for (const pk of level) seen.add(pk)
  }
  return false
}

/** A concept as one end of a relation, with the place that it lives in. */
export interface RelatedConcept {
  readonly id: string
  readonly name: string
  readonly appPk: number
}

/** Relations of one graph of an app as pairs, each with the concept that they are seen from first; oldest first. */
export async function relatedPairs(
  db: Reader,
  graph: { readonly appPk: number; readonly graphId: string; readonly predicate: Predicate },
  limit: number,
): Promise<{ readonly from: RelatedConcept; readonly to: RelatedConcept }[]> {
  const rows = await db
    .selectFrom('concept_relations as relation')
    .innerJoin('concepts as subject', 'subject.pk', 'relation.subject_pk')
    .innerJoin('concepts as object', 'object.pk', 'relation.object_pk')
    .select(['subject.id as subjectId', 'subject.name as subjectName', 'subject.app_pk as subjectApp'])
    .select(['object.id as objectId', 'object.name as objectName', 'object.app_pk as objectApp'])
    .where('relation.app_pk', '=', graph.appPk)
    .where('relation.knowledge_graph_id', '=', graph.graphId)
    .where('relation.predicate', '=', graph.predicate === 'synonym' ? 'synonym' : 'hyponym')
    .orderBy('relation.pk')
    .limit(limit)
    .execute()
  return rows.flatMap((row) => {
    const subject = { id: row.subjectId, name: row.subjectName, appPk: row.subjectApp }
    const object = { id: row.objectId, name: row.objectName, appPk: row.objectApp }
    const [along, back] = [
      { from: subject, to: object },
      { from: object, to: subject },
    ]
    if (graph.predicate === 'synonym') return [along, back]
    return graph.predicate === 'hyponym' ? [along] : [back]
  })
}

/** Whether two concepts are synonyms in a graph of an app already, whichever way round. */
export async function areSynonyms(
  db: Reader,
  relation: Pick<Row<'concept_relations'>, 'app_pk' | 'knowledge_graph_id' | 'subject_pk' | 'object_pk'>,
): Promise<boolean> {
  const { subject_pk, object_pk } = relation
  const reversed = { ...relation, subject_pk: object_pk, object_pk: subject_pk }
  return (await reversedSynonym(db, relation)) !== undefined || (await reversedSynonym(db, reversed)) !== undefined
}

/** Names of the synonyms that concepts have in a graph of an app, by pk of the concept. */
export async function synonymNames(
  db: Reader,
  appPk: number,
  graphId: string,
  pks: readonly number[],
): Promise<Map<number, string[]>> {
  const names = new Map<number, string[]>()
  for (const [own, other] of [
    ['subject_pk', 'object_pk'],
    ['object_pk', 'subject_pk'],
  ] as const) {
    const rows = await db
      .selectFrom('concept_relations as relation')
      .innerJoin('concepts', 'concepts.pk', `relation.${other}`)
      .select([`relation.${own} as pk`, 'concepts.name'])
      .where('relation.app_pk', '=', appPk)
      .where('relation.knowledge_graph_id', '=', graphId)
      .where('relation.predicate', '=', 'synonym')
      .where(`relation.${own}`, 'in', pks)
      .orderBy('relation.pk')
      .execute()
    for (const { pk, name } of rows) names.set(pk, [...(names.get(pk) ?? []), name])
  }
  return names
}

/** Concepts of an app by their names in small letters; of several with one name the oldest. */
export async function conceptsByPlainName(
  db: Reader,
  appPk: number,
  names: readonly string[],
): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  const wanted = [...new Set(names.map((name) => name.toLowerCase()))]
  for (const part of inParts(wanted)) {
    const rows = await db
      .selectFrom('concepts')
      .select(['pk', 'name'])
      .where('app_pk', '=', appPk)
      .where(sql`lower(name)`, 'in', part)
      .orderBy('pk', 'desc')
      .execute()
    for (const { pk, name } of rows) found.set(name.toLowerCase(), pk)
  }
  return found
}
