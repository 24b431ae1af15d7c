import { create } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { newId } from '../../../base/ids.ts'
import { type ModelVersionExport, ModelVersionExportSchema } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { getModelExport, modelExportFile, putModelExport } from '../../../store/repos/model-exports.ts'
import type { Row } from '../../../store/schema/tables.ts'
import type { AppRef } from '../../access/principal.ts'
import { type Target, visibleFrom } from '../../access/target.ts'
import type { Call } from '../../call.ts'
import { exportPath } from '../../datasets/exports/address.ts'
import { ZIP_CONTENT_TYPE } from '../../datasets/exports/job.ts'
import type { FoundMediaFile } from '../../media/find.ts'
import { itemStatus } from '../../predict/answer.ts'
import type { Services } from '../../services.ts'
import { findOwnModel, findVersion, type ModelAt } from '../find.ts'
import { resolveModel } from '../resolve.ts'
import { checkExportable } from './check.ts'
import { exportModelJob } from './job.ts'

/** The version of an own model that a path names; weights of others are not given away. */
async function exportedVersion(
  call: Call,
  modelId: string,
  versionId: string,
): Promise<{ readonly found: ModelAt; readonly row: Row<'model_versions'> }> {
  const found = await findOwnModel(call, modelId)
  if (call.target.rights === 'viewer') {
    throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, 'Only those who work on an app may export its models.')
  }
  return { found, row: await findVersion(call, found, versionId) }
}

/** How far the export of a version is; throws AppError 11101 when nobody has asked for one. */
export async function getExportOf(call: Call, modelId: string, versionId: string): Promise<ModelVersionExport> {
  const { found, row } = await exportedVersion(call, modelId, versionId)
  const known = await getModelExport(call.services.db.read, row.pk)
  if (known) return present(call, found, known)
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `The version '${versionId}' was not exported yet; ask for it with PUT on this address.`,
  )
}

/** Asks for the export of a version and says how far it is; asking again changes nothing, unless it has failed. */
export async function putExportOf(call: Call, modelId: string, versionId: string): Promise<ModelVersionExport> {
  const { found, row } = await exportedVersion(call, modelId, versionId)
  const { user, app } = found.place
  checkExportable(
    await resolveModel(call, { modelId: found.row.id, userId: user.id, appId: app.id, versionId: row.id }),
  )
  const { db, jobs, clock } = call.services
  const stored = await db.transact(async (tx) => {
    const known = await getModelExport(tx, row.pk)
    if (known && known.status_code !== StatusCode.MODEL_EXPORTING_FAILED) return known
    const now = clock.now()
    const mediaId = newId()
    const made = {
      version_pk: row.pk,
      status_code: StatusCode.MODEL_EXPORT_PENDING,
      status_details: '',
      media_id: mediaId,
      size: 0,
      job_id: await jobs.enqueue(tx, exportModelJob, { versionPk: row.pk, mediaId }, { appPk: found.row.app_pk }),
      created_at: now,
      modified_at: now,
    }
    await putModelExport(tx, made)
    return made
  })
  return present(call, found, stored)
}

function present({ services }: Call, { place }: ModelAt, row: Row<'model_version_exports'>): ModelVersionExport {
  const isDone = row.status_code === StatusCode.MODEL_EXPORTED
  const at = { userId: place.user.id, appId: place.app.id, id: row.media_id }
  return create(ModelVersionExportSchema, {
    status: itemStatus(row.status_code as StatusCode, row.status_details),
    url: isDone ? services.origin.url + exportPath(at) : '',
    size: BigInt(row.size),
  })
}

/** The file of a finished export of an app's model, for those who work on the app; undefined otherwise. */
export async function findModelExport(
  { db }: Pick<Services, 'db'>,
  target: Target,
  app: AppRef,
  id: string,
): Promise<FoundMediaFile | undefined> {
  if (visibleFrom(target) > 0) return undefined
  const found = await modelExportFile(db.read, app.pk, id)
  if (!found) return undefined
  return {
    sizeName: 'orig',
    hash: found.hash,
    start: 0,
    size: found.size,
    contentType: ZIP_CONTENT_TYPE,
    content: null,
  }
}
