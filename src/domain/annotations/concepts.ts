import type { Micros } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import type { Concept, Data } from '../../contract/index.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { addConcepts, conceptsById, conceptsByName, type NamedConcept } from '../../store/repos/concept-pks.ts'
import { type ConceptPk, isOwnConcept } from './derive.ts'
import { walk } from './walk.ts'

/** The app that is labelled, and what the caller may do there. */
export interface LabelPlace {
  readonly appPk: number
  readonly appId: string
  readonly userId: string
  /** The app whose concepts lend their names to new ones with the same id. */
  readonly publicAppPk?: number
  /** Throws where the caller may not add concepts. */
  mayAddConcepts(): void
}

/**
 * Finds the concepts that users name in data, by id or by name alone, and adds those that the app does not have.
 *
 * Afterwards each has its id and its name, and none names the app's own place. The data were checked before.
 */
export async function ensureConcepts(
  tx: Writer,
  place: LabelPlace,
  datas: readonly Data[],
  now: Micros,
): Promise<ConceptPk> {
  const given = datas.flatMap((data) => [...walk(data)].flatMap(({ data: part }) => part.concepts))
  if (given.length === 0) return () => undefined
  await findByName(tx, place, given, now)
  const ids = distinct(given.map(({ id }) => id))
  let known = await conceptsById(tx, place.appPk, ids)
  const missing = ids.filter((id) => !known.has(id))
  if (missing.length > 0) {
    await addMissing(tx, place, missing, given, now)
    known = await conceptsById(tx, place.appPk, ids)
  }
  for (const concept of given) {
    concept.name = known.get(concept.id)?.name ?? concept.id
    concept.appId = ''
    concept.userId = ''
  }
  return ({ id }) => known.get(id)?.pk
}

/** Gives concepts that have only a name the id of the app's concept of this name, or a new one. */
async function findByName(tx: Writer, place: LabelPlace, given: readonly Concept[], now: Micros): Promise<void> {
  const nameless = given.filter(({ id }) => id === '')
  const names = distinct(nameless.map(({ name }) => name))
  if (names.length === 0) return
  const known = await conceptsByName(tx, place.appPk, names)
  const added = names.filter((name) => !known.has(name)).map((name) => ({ id: newId(), name }))
  if (added.length > 0) {
    place.mayAddConcepts()
    await addConcepts(tx, place.appPk, added, now)
  }
  const ids = new Map([...known.values(), ...added].map(({ id, name }) => [name, id]))
  for (const concept of nameless) concept.id = ids.get(concept.name)!
}

async function addMissing(
  tx: Writer,
  place: LabelPlace,
  missing: readonly string[],
  given: readonly Concept[],
  now: Micros,
): Promise<void> {
  place.mayAddConcepts()
  const names = new Map(given.filter(({ name }) => name !== '').map(({ id, name }) => [id, name]))
  const unnamed = missing.filter((id) => !names.has(id))
  const lent: Map<string, NamedConcept> =
    place.publicAppPk === undefined ? new Map() : await conceptsById(tx, place.publicAppPk, unnamed)
  await addConcepts(
    tx,
    place.appPk,
    missing.map((id) => ({ id, name: names.get(id) ?? lent.get(id)?.name ?? id })),
    now,
  )
}

/**
 * The concepts that a model of the app `homePk` has answered, for derived rows: those without a row are left out. In
 * the model's own app the data lose the place of their concepts, so that renamed ones are shown by their new names.
 */
export async function knownConcepts(
  reader: Reader,
  homePk: number,
  appPk: number,
  datas: readonly Data[],
): Promise<ConceptPk> {
  const given = datas.flatMap((data) => [...walk(data)].flatMap(({ data: part }) => part.concepts))
  const known = await conceptsById(reader, homePk, distinct(given.map(({ id }) => id)))
  if (homePk === appPk) for (const concept of given) Object.assign(concept, { appId: '', userId: '' })
  return ({ id }) => known.get(id)?.pk
}

/** Writes names and place into the app's own concepts in data about to be answered. */
export async function showConcepts(
  reader: Reader,
  place: Pick<LabelPlace, 'appPk' | 'appId' | 'userId'>,
  datas: readonly Data[],
): Promise<void> {
  const own = datas.flatMap((data) => [...walk(data)].flatMap(({ data: part }) => part.concepts.filter(isOwnConcept)))
  if (own.length === 0) return
  const known = await conceptsById(reader, place.appPk, distinct(own.map(({ id }) => id)))
  for (const concept of own) {
    concept.name = known.get(concept.id)?.name ?? concept.id
    concept.appId = place.appId
    concept.userId = place.userId
  }
}

const distinct = (texts: readonly string[]): string[] => [...new Set(texts)]
