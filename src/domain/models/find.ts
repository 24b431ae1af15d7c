import { AppError } from '../../base/errors.ts'
import { modelAlias } from '../../catalogue/aliases.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ConceptHome } from '../../store/repos/concepts.ts'
import { modelVersions, models as rows } from '../../store/repos/families.ts'
import { standingVersions } from '../../store/repos/model-versions.ts'
import { findRedirect } from '../../store/repos/redirects.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Moved } from '../access/moved.ts'
import type { AppRef, UserRef } from '../access/principal.ts'
import { reach, type Viewer } from '../access/standing.ts'
import { type Target, visibleFrom } from '../access/target.ts'
import { models } from './resource.ts'

/** A caller who looks something up, and the place that he works in. */
export interface Caller extends Viewer {
  readonly target: Target
}

/** An app in which models are looked up, with what the caller may see there. */
export interface Place {
  readonly user: UserRef
  readonly app: AppRef
  readonly minVisibility: number
}

/** A model row and where it was found, which need not be where it was looked for. */
export interface ModelAt {
  readonly row: Row<'models'>
  readonly place: Place
}

/** What messages repeat of a place. */
export const homeOf = ({ user, app }: Place): ConceptHome => ({
  userId: user.id,
  appId: app.id,
  language: app.defaultLanguage,
})

/** The app of a call as a place. */
export function placeOf(target: Target): Place | undefined {
  const { user, app } = target
  return user && app && { user, app, minVisibility: visibleFrom(target) }
}

/** The app with the public models, or undefined where there is none. */
export async function publicPlace(caller: Viewer): Promise<Place | undefined> {
  const target = await reach(caller, CATALOGUE_USER, CATALOGUE_APP)
  return target && placeOf(target)
}

const notThere = (id: string): AppError =>
  new AppError(StatusCode.MODEL_DOES_NOT_EXIST, `There is no model '${id}' here, or it is not visible to this key.`)

/**
 * The model with this id in a place, else the public one: their ids, today's and the old ones of 32 hex digits, are
 * known in every app. Throws AppError 21200, or Moved for an id that was renamed away.
 */
export async function findModel(caller: Viewer, place: Place | undefined, id: string): Promise<ModelAt> {
  const found = place && (await inPlace(caller, place, id))
  if (found) return found
  const open = await publicPlace(caller)
  const elsewhere = open && (await inPlace(caller, open, modelAlias(id) ?? id))
  if (elsewhere) return elsewhere
  throw notThere(id)
}

async function inPlace(caller: Viewer, place: Place, id: string): Promise<ModelAt | undefined> {
  const { read } = caller.services.db
  const row = await rows.get(read, place.app.pk, id)
  if (row) return row.visibility >= place.minVisibility ? { row, place } : undefined
  const pk = await findRedirect(read, models.kind, place.app.pk, id)
  const renamed = pk === undefined ? undefined : await rows.getByPk(read, pk)
  if (!renamed || renamed.visibility < place.minVisibility) return undefined
  const url = `/v2/users/${place.user.id}/apps/${place.app.id}/models/${renamed.id}`
  throw new Moved(models.kind, id, renamed.id, url)
}

/** The model of an app that a call changes; public models of others are not found here. Throws AppError 21200. */
export async function findOwnModel(caller: Caller, id: string): Promise<ModelAt> {
  const place = placeOf(caller.target)
  const found = place && (await inPlace(caller, place, id))
  if (found) return found
  throw notThere(id)
}

/** The version with this id of a model; throws AppError 11101 when there is none or it is hidden. */
export async function findVersion(caller: Viewer, { row, place }: ModelAt, id: string): Promise<Row<'model_versions'>> {
  const version = await modelVersions.get(caller.services.db.read, row.pk, id)
  if (version && version.visibility >= place.minVisibility) return version
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `The model '${row.id}' has no version '${id}', or it is not visible to this key.`,
  )
}

/** The newest version of a model that the caller sees, or the newest trained one if there is any; undefined without. */
export async function newestVersion(
  caller: Viewer,
  { row, place }: ModelAt,
  prefer: 'latest' | 'trained',
): Promise<Row<'model_versions'> | undefined> {
  const { read } = caller.services.db
  const { minVisibility } = place
  if (prefer === 'trained') {
    const trained = await standingVersions(read, [row], { minVisibility, status: StatusCode.MODEL_TRAINED })
    if (trained.size > 0) return trained.get(row.pk)
  }
  return (await standingVersions(read, [row], { minVisibility })).get(row.pk)
}
