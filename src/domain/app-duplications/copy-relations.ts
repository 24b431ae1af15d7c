import type { Writer } from '../../store/database.ts'
import { areSynonyms, closesCircle } from '../../store/repos/concept-relations.ts'
import { apps, conceptRelations, concepts } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import { ROWS_PER_PART } from './limits.ts'
import { renaming } from './names.ts'
import type { CopyScope, Stage } from './stages.ts'

/**
 * Relations between concepts, and to concepts of public apps or of the destination's owner. What the destination says
 * already, or what would contradict it, is left out.
 */
export const relationStage: Stage<Row<'concept_relations'>> = {
  wanted: ({ copyConcepts }) => copyConcepts,
  next: (db, { args: { source } }, after) =>
    conceptRelations.list(db, {
      parent: source.appPk,
      where: (row) => row('visibility', '>=', source.minVisibility),
      orderBy: { column: 'created_at', direction: 'asc' },
      limit: ROWS_PER_PART.others,
      after,
    }),
  async copy(tx, scope, rows) {
    const { args, versions, now, services } = scope
    const { appPk } = args.destination
    const ends = [...new Set(rows.flatMap(({ subject_pk, object_pk }) => [subject_pk, object_pk]))]
    const names = await renaming(tx, args, versions, ends, now)
    const usable = await usableConcepts(tx, scope, ends)
    const taken = await conceptRelations.getMany(
      tx,
      appPk,
      rows.map(({ id }) => id),
    )
    let copied = 0
    for (const { pk: _, revision: __, ...row } of rows) {
      if (taken.has(row.id) || !usable.has(row.subject_pk) || !usable.has(row.object_pk)) continue
      const copy = {
        ...row,
        app_pk: appPk,
        subject_pk: names.concept(row.subject_pk),
        object_pk: names.concept(row.object_pk),
        visibility: Visible.PRIVATE,
        created_at: now,
        modified_at: now,
      }
      if (copy.subject_pk === copy.object_pk) continue
      const isKnown = row.predicate === 'synonym' ? await areSynonyms(tx, copy) : await closesCircle(tx, copy)
      if (isKnown || (await isThere(tx, copy))) continue
      await conceptRelations.insert(tx, copy)
      copied++
    }
    tx.afterCommit(() => services.plans.clear())
    return copied
  },
}

async function isThere(
  tx: Writer,
  relation: Pick<Row<'concept_relations'>, 'app_pk' | 'subject_pk' | 'object_pk' | 'predicate' | 'knowledge_graph_id'>,
): Promise<boolean> {
  const where = { subject_pk: relation.subject_pk, object_pk: relation.object_pk, predicate: relation.predicate }
  const rows = await conceptRelations.count(tx, {
    parent: relation.app_pk,
    where: (row) => row.and({ ...where, knowledge_graph_id: relation.knowledge_graph_id }),
  })
  return rows > 0
}

/** Of the concepts, those of the source, of apps that everybody sees, and of the destination's owner. */
async function usableConcepts(tx: Writer, { args }: CopyScope, pks: readonly number[]): Promise<Set<number>> {
  const found = await concepts.getManyByPk(tx, pks)
  const homes = await apps.getManyByPk(tx, [...new Set([...found.values()].map(({ app_pk }) => app_pk))])
  const isUsable = (appPk: number): boolean => {
    const home = homes.get(appPk)
    if (appPk === args.source.appPk) return true
    return home !== undefined && (home.visibility >= Visible.PUBLIC || home.user_pk === args.destination.userPk)
  }
  return new Set([...found.values()].filter(({ app_pk }) => isUsable(app_pk)).map(({ pk }) => pk))
}
