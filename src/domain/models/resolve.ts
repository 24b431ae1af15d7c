import { AppError } from '../../base/errors.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import type { Model, ModelVersion } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type VersionFiles, versionFiles } from '../../store/repos/version-files.ts'
import type { Row } from '../../store/schema/tables.ts'
import { reach } from '../access/standing.ts'
import { trainingKind } from '../training/kinds.ts'
import { defaultEmbedder } from './base-embedder.ts'
import { fullVersion } from './content.ts'
import { type Caller, findModel, findVersion, homeOf, newestVersion, type Place, placeOf } from './find.ts'
import { modelMessage } from './messages.ts'
import { openSecrets } from './secrets.ts'

/** A model as a request, a node or a version names it; what is left out means the caller's own place. */
export interface ModelRef {
  readonly userId?: string
  readonly appId?: string
  readonly modelId: string
  readonly versionId?: string
}

/** A model with one version, ready to be compiled into a plan. */
export interface FoundModel {
  readonly modelRow: Row<'models'>
  readonly versionRow: Row<'model_versions'>
  /** Ids by which the model is known where it lives; an old id that was asked for does not appear. */
  readonly modelId: string
  readonly userId: string
  readonly appId: string
  /** Whose model it is. */
  readonly ownerPk: number
  readonly modelTypeId: string
  readonly model: Model
  /** Stored contents of a model that a user brought. */
  readonly files: VersionFiles
  /** With all concepts in `outputInfo.data`, the weights of a head in `outputInfo.params` and its secrets readable. */
  readonly version: ModelVersion
  /** The model whose vectors a head works on, where one is named or the app's default workflow has exactly one. */
  readonly baseEmbedder?: FoundModel
}

/**
 * Finds a model and the version to run: the one named, else the newest trained one, else the newest.
 *
 * Sees what the caller may see: own and shared apps whole, elsewhere what is public. Public models are found from
 * every app, by their old ids as well. Throws AppError 21200 (no such model), 11101 (no such version), 21102 (a model
 * without any version), or Moved.
 */
export async function resolveModel(caller: Caller, ref: ModelRef): Promise<FoundModel> {
  const found = await findModel(caller, await placeOfRef(caller, ref), ref.modelId)
  const versionRow = ref.versionId
    ? await findVersion(caller, found, ref.versionId)
    : await newestVersion(caller, found, 'trained')
  const { row: modelRow, place } = found
  if (!versionRow) {
    throw new AppError(
      StatusCode.MODEL_UNTRAINED,
      `The model '${modelRow.id}' has no version yet; make one with POST /models/${modelRow.id}/versions.`,
    )
  }
  const home = homeOf(place)
  const { read } = caller.services.db
  const [version, files] = await Promise.all([fullVersion(read, versionRow, home), versionFiles(read, versionRow.pk)])
  return {
    ownerPk: place.user.pk,
    modelRow,
    versionRow,
    modelId: modelRow.id,
    userId: home.userId,
    appId: home.appId,
    modelTypeId: modelRow.model_type_id,
    model: modelMessage(modelRow, home),
    version: openSecrets(caller.services.vault, modelRow.model_type_id, version),
    files,
    baseEmbedder: await embedderOf(caller, place, modelRow, version),
  }
}

/** The place that a reference names; undefined where the caller may not look, so that only public models remain. */
export async function placeOfRef(
  caller: Caller,
  { userId = '', appId = '' }: Pick<ModelRef, 'userId' | 'appId'>,
): Promise<Place | undefined> {
  const { user, app } = caller.target
  const sameUser = userId === '' || userId === user?.id || (userId === 'me' && user?.pk === caller.principal.user?.pk)
  if (sameUser && (appId === '' || appId === app?.id)) return placeOf(caller.target)
  const wanted = appId || (userId === CATALOGUE_USER ? CATALOGUE_APP : (app?.id ?? ''))
  const target = await reach(caller, userId || (user?.id ?? ''), wanted)
  return target && placeOf(target)
}

async function embedderOf(
  caller: Caller,
  place: Place,
  row: Row<'models'>,
  version: ModelVersion,
): Promise<FoundModel | undefined> {
  const worksOnVectors = row.model_type_id === 'embedding-classifier' || row.model_type_id === 'clusterer'
  const named = version.inputInfo?.baseEmbedModel
  if (!worksOnVectors && !(named?.id && trainingKind(row.model_type_id))) return undefined
  const ref = named?.id
    ? { userId: named.userId, appId: named.appId, modelId: named.id, versionId: named.modelVersion?.id }
    : await defaultEmbedder(caller, place)
  if (!ref) return undefined
  // What a model works on is found with the rights of the place that the model is in, seen by this caller.
  const target = { user: place.user, app: place.app, rights: 'viewer', scopes: caller.principal.scopes } as const
  const within = place.minVisibility === 0 ? { ...target, rights: 'owner' as const } : target
  return resolveModel({ services: caller.services, principal: caller.principal, target: within }, ref)
}
