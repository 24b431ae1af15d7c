import { newId } from '../../base/ids.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import type { ConceptMappingJob } from '../../contract/index.ts'
import type { Writer } from '../../store/database.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import { areSynonyms, conceptsByPlainName, synonymNames } from '../../store/repos/concept-relations.ts'
import { namesIn } from '../../store/repos/concepts.ts'
import { knowledgeGraphs, conceptRelations as rows } from '../../store/repos/families.ts'
import { requireApp, Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { concepts, invalidConcept } from '../concepts/resource.ts'
import { defineJob } from '../jobs/define.ts'
import { missing } from '../resource/verbs.ts'
import { MAPPED_CONCEPTS_MAX, MAPPED_PER_PART_MAX } from './limits.ts'

interface Args {
  readonly graphId: string
  readonly conceptIds: readonly string[]
}

/** Public concepts are named in this language. */
const PUBLIC_LANGUAGE = 'en'

/**
 * Starts jobs that map concepts of the app to public ones, and answers their ids. All that a job is for must exist;
 * jobs start all or none.
 */
export async function startMapping(call: Call, wanted: readonly ConceptMappingJob[]): Promise<string[]> {
  const { pk: appPk } = requireApp(call.target)
  const { db, jobs } = call.services
  return db.transact(async (tx) => {
    const ids: string[] = []
    for (const { knowledgeGraphId: graphId, conceptIds } of wanted) {
      await check(tx, appPk, graphId, conceptIds)
      ids.push(await jobs.enqueue(tx, mapConceptsJob, { graphId, conceptIds }, { appPk, total: conceptIds.length }))
    }
    return ids
  })
}

async function check(tx: Writer, appPk: number, graphId: string, conceptIds: readonly string[]): Promise<void> {
  if (conceptIds.length === 0 || conceptIds.length > MAPPED_CONCEPTS_MAX) {
    throw invalidConcept(`A mapping job has ${conceptIds.length} concept_ids; use 1 to ${MAPPED_CONCEPTS_MAX}.`)
  }
  if (graphId !== '' && !(await knowledgeGraphs.get(tx, appPk, graphId))) {
    throw invalidConcept(`There is no knowledge graph '${graphId}'; make it first, or leave it out.`)
  }
  const known = await conceptsById(tx, appPk, conceptIds)
  const absent = conceptIds.find((id) => !known.has(id))
  if (absent !== undefined) throw missing(concepts, absent)
}

/**
 * Makes concepts synonyms of the public concept of the same name, whatever its letter case: by their own name, by that
 * in English, or by that of a synonym. Those without one stay as they are.
 */
export const mapConceptsJob = defineJob<Args, { readonly next: number }>({
  kind: 'map-concepts',
  async run({ args, appPk, state, services, signal, checkpoint }) {
    const user = await services.directory.user(CATALOGUE_USER)
    const open = user && (await services.directory.app(user.pk, CATALOGUE_APP))
    if (!open) return
    for (let next = state?.next ?? 0; next < args.conceptIds.length; next += MAPPED_PER_PART_MAX) {
      signal.throwIfAborted()
      const part = args.conceptIds.slice(next, next + MAPPED_PER_PART_MAX)
      await checkpoint(async (tx) => {
        await mapPart(tx, { appPk: appPk!, openPk: open.pk, graphId: args.graphId }, part, services.clock.now())
        return { state: { next: next + part.length }, done: next + part.length }
      })
      services.plans.clear()
    }
  },
})

async function mapPart(
  tx: Writer,
  { appPk, openPk, graphId }: { readonly appPk: number; readonly openPk: number; readonly graphId: string },
  conceptIds: readonly string[],
  now: number,
): Promise<void> {
  const own = [...(await conceptsById(tx, appPk, conceptIds)).values()]
  const pks = own.map(({ pk }) => pk)
  const [english, synonyms] = [
    await namesIn(tx, appPk, PUBLIC_LANGUAGE, conceptIds),
    await synonymNames(tx, appPk, graphId, pks),
  ]
  const namesOf = ({ pk, id, name }: (typeof own)[number]): string[] =>
    [name, english.get(id) ?? '', ...(synonyms.get(pk) ?? [])].filter((one) => one !== '')
  const found = await conceptsByPlainName(tx, openPk, own.flatMap(namesOf))
  for (const concept of own) {
    const name = namesOf(concept).find((one) => found.has(one.toLowerCase()))
    if (name === undefined) continue
    const ends = { subject_pk: concept.pk, object_pk: found.get(name.toLowerCase())! }
    const relation = { app_pk: appPk, knowledge_graph_id: graphId, ...ends }
    // A run that is begun again finds what it has made before.
    if (ends.subject_pk === ends.object_pk || (await areSynonyms(tx, relation))) continue
    await rows.insert(tx, {
      ...relation,
      id: newId(),
      predicate: 'synonym',
      visibility: Visible.PRIVATE,
      doc: '{}',
      created_at: now,
      modified_at: now,
    })
  }
}
