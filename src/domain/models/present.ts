import type { Model, ModelVersion } from '../../contract/index.ts'
import { conceptCounts, standingVersions, type VersionChoice, versionCounts } from '../../store/repos/model-versions.ts'
import { modelStars, type PlacedModel } from '../../store/repos/models.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import type { Services } from '../services.ts'
import { type Caller, homeOf, type ModelAt } from './find.ts'
import { withSignatures } from './local-methods.ts'
import { modelMessage, versionMessage } from './messages.ts'
import { withoutSecrets } from './secrets.ts'
import { withLogLink } from './train-log.ts'

/** What an answer shows of models beyond themselves. */
export interface Shown {
  /** Names from `additional_fields`: `stars`, `presets`, `counts`, or `all`. */
  readonly additional?: readonly string[]
  /** Which version stands for each model; without it the latest that the caller sees. */
  readonly version?: Omit<VersionChoice, 'minVisibility'>
}

/** A found model as list rows are. */
export const placed = ({ row, place }: ModelAt): PlacedModel => ({
  ...row,
  app_id: place.app.id,
  user_id: place.user.id,
  user_pk: place.user.pk,
})

/** Lowest visibility that the caller sees inside a model: everything where it is his own or shared with him. */
export function visibilityFor({ principal, target }: Caller, row: PlacedModel): number {
  const shared = target.rights !== 'viewer' && row.app_pk === target.app?.pk
  const own = principal.app === undefined && row.user_pk === principal.user?.pk
  return shared || own ? 0 : Visible.PUBLIC
}

/** Models as messages with the versions that stand for them, in the same order; all look-ups once for all. */
export async function presentModels(caller: Caller, rows: readonly PlacedModel[], shown: Shown = {}): Promise<Model[]> {
  const versions = new Map<number, Row<'model_versions'>>()
  const counts = new Map<number, number>()
  const { read } = caller.services.db
  for (const minVisibility of [0, Visible.PUBLIC]) {
    const part = rows.filter((row) => visibilityFor(caller, row) === minVisibility)
    if (part.length === 0) continue
    const found = await standingVersions(read, part, { ...shown.version, minVisibility })
    for (const [modelPk, row] of found) versions.set(modelPk, row)
    if (!wants(shown, 'counts')) continue
    const pks = part.map(({ pk }) => pk)
    for (const [modelPk, count] of await versionCounts(read, pks, minVisibility)) counts.set(modelPk, count)
  }
  const models = await withVersions(caller, rows, versions, shown)
  for (const [at, model] of models.entries()) model.versionCount = counts.get(rows[at]!.pk) ?? 0
  return models
}

/** One model with the given version, or without any. */
export async function presentModel(
  caller: Caller,
  model: ModelAt,
  version: Row<'model_versions'> | undefined,
  additional: readonly string[] = [],
): Promise<Model> {
  const versions = new Map(version ? [[model.row.pk, version] as const] : [])
  const [message] = await withVersions(caller, [placed(model)], versions, { additional })
  return message!
}

/** The message of a version as every answer shows it: without secrets, with its methods, and its log as a link. */
export function answeredVersion(
  services: Services,
  typeId: string,
  message: ModelVersion,
  isInsider: boolean,
): ModelVersion {
  return withLogLink(services, withSignatures(typeId, withoutSecrets(typeId, message, isInsider)))
}

/** Versions of one model as messages. */
export async function presentVersions(
  caller: Caller,
  { row: model, place }: ModelAt,
  rows: readonly Row<'model_versions'>[],
): Promise<ModelVersion[]> {
  const counts = await conceptCounts(
    caller.services.db.read,
    rows.map(({ pk }) => pk),
  )
  return rows.map((row) => {
    const message = versionMessage(row, homeOf(place), counts.get(row.pk) ?? 0)
    return answeredVersion(caller.services, model.model_type_id, message, place.minVisibility === 0)
  })
}

/** Puts a version into its model, with the output info also where clients before 2023 look for it. */
export function attachVersion(model: Model, version: ModelVersion): Model {
  model.modelVersion = version
  if (version.outputInfo) model.outputInfo = { ...version.outputInfo, params: undefined }
  return model
}

async function withVersions(
  caller: Caller,
  rows: readonly PlacedModel[],
  versions: ReadonlyMap<number, Row<'model_versions'>>,
  shown: Shown,
): Promise<Model[]> {
  const { read } = caller.services.db
  const versionPks = [...versions.values()].map(({ pk }) => pk)
  const concepts = await conceptCounts(read, versionPks)
  const pks = rows.map(({ pk }) => pk)
  const stars = wants(shown, 'stars') ? await modelStars(read, pks, caller.principal.user?.pk) : undefined
  return rows.map((row) => {
    const owner = { userId: row.user_id, appId: row.app_id }
    const model = modelMessage(row, owner)
    if (!wants(shown, 'presets')) model.presets = undefined
    model.starCount = stars?.get(row.pk)?.count ?? 0
    model.isStarred = stars?.get(row.pk)?.own ?? false
    const version = versions.get(row.pk)
    if (!version) return model
    const message = versionMessage(version, owner, concepts.get(version.pk) ?? 0)
    const isInsider = visibilityFor(caller, row) === 0
    return attachVersion(model, answeredVersion(caller.services, row.model_type_id, message, isInsider))
  })
}

const wants = ({ additional = [] }: Shown, field: string): boolean =>
  additional.includes(field) || additional.includes('all')
