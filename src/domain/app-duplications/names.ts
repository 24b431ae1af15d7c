import { createHash } from 'node:crypto'
import type { Micros } from '../../base/clock.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { copyConcepts, type Renaming, versionsOfApp } from '../../store/repos/app-copies.ts'
import { conceptsById } from '../../store/repos/concept-pks.ts'
import { concepts } from '../../store/repos/families.ts'
import type { DuplicationArgs } from './args.ts'

/** The id that a copy of a model or workflow version has: the same however often the job begins again. */
export const copiedId = (duplicationId: string, id: string): string =>
  createHash('sha256').update(`${duplicationId} ${id}`).digest('hex').slice(0, 32)

/** Which versions of models have copies, by id and by pk; nothing where models are not copied. */
export interface CopiedVersions {
  readonly ids: ReadonlyMap<string, string>
  readonly pks: ReadonlyMap<number, number>
}

/** The versions that are copied, and the pks of those that are there already. */
export async function copiedVersions(db: Reader, args: DuplicationArgs, withModels: boolean): Promise<CopiedVersions> {
  if (!withModels) return { ids: new Map(), pks: new Map() }
  const sources = await versionsOfApp(db, args.source.appPk, StatusCode.MODEL_TRAINED)
  const copies = await versionsOfApp(db, args.destination.appPk, StatusCode.MODEL_TRAINED)
  const byId = new Map(copies.map(({ id, pk }) => [id, pk]))
  const ids = new Map(sources.map(({ id }) => [id, copiedId(args.id, id)]))
  return {
    ids,
    pks: new Map(sources.flatMap(({ pk, id }) => (byId.has(ids.get(id)!) ? [[pk, byId.get(ids.get(id)!)!]] : []))),
  }
}

/** How what rows name is called in the destination; concepts that it lacks are copied. */
export async function renaming(
  tx: Writer,
  args: DuplicationArgs,
  versions: CopiedVersions,
  conceptPks: readonly number[],
  now: Micros,
): Promise<Renaming> {
  const { source, destination } = args
  const found = [...(await concepts.getManyByPk(tx, conceptPks)).values()]
  const own = found.filter(({ app_pk }) => app_pk === source.appPk)
  const ids = own.map(({ id }) => id)
  const there = await conceptsById(tx, destination.appPk, ids)
  const absent = own.filter(({ id }) => !there.has(id))
  const made = await copyConcepts(tx, absent, destination.appPk, now)
  const pks = new Map(own.map(({ pk, id }) => [pk, there.get(id)?.pk ?? made.get(pk)!]))
  return {
    concept: (pk) => pks.get(pk) ?? pk,
    version: (pk) => versions.pks.get(pk) ?? pk,
    versionId: (id) => versions.ids.get(id) ?? id,
    doc: (doc) => renameIn(doc, versions.ids, destination),
  }
}

const SOME_ID = /"([0-9a-f]{32})"/g

/** A stored document in which copied versions go by the ids of their copies, and their models by the new place. */
export function renameIn(
  doc: string,
  ids: ReadonlyMap<string, string>,
  place: { readonly userId: string; readonly appId: string },
): string {
  if (ids.size === 0) return doc
  const named = [...doc.matchAll(SOME_ID)].some(([, id]) => ids.has(id!))
  if (!named) return doc
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string') return ids.get(value) ?? value
    if (Array.isArray(value)) return value.map(rename)
    if (typeof value !== 'object' || value === null) return value
    const result = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rename(item)]))
    const version = (value as { model_version?: { id?: string } }).model_version?.id
    if (version !== undefined && ids.has(version)) Object.assign(result, { user_id: place.userId, app_id: place.appId })
    return result
  }
  return JSON.stringify(rename(JSON.parse(doc)))
}
