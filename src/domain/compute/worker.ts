import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { ModelSchema, type Worker, WorkerSchema } from '../../contract/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { findModel, findVersion } from '../models/find.ts'
import { placeOfRef } from '../models/resolve.ts'

/** What a runner or a deployment is for. */
export interface Work {
  readonly modelPk: number
  /** 0 for every version. */
  readonly versionPk: number
}

/** Nothing in particular. */
export const NO_WORK: Work = { modelPk: 0, versionPk: 0 }

/**
 * Finds the model that a worker names and writes its full name into the message. Throws the given code for what cannot
 * be worked for, 21200 and 11101 for what is not there.
 */
export async function findWork(call: Call, holder: { worker?: Worker }, invalid: StatusCode): Promise<Work> {
  const { worker } = holder
  if (worker?.worker.case === undefined) return NO_WORK
  if (worker.worker.case !== 'model') {
    throw new AppError(invalid, 'A worker is a model with its id; workflows run in the server itself.')
  }
  const { id, userId, appId, modelVersion } = worker.worker.value
  const versionId = modelVersion?.id ?? ''
  const model = await findModel(call, await placeOfRef(call, { userId, appId }), id)
  const version = versionId === '' ? undefined : await findVersion(call, model, versionId)
  holder.worker = create(WorkerSchema, {
    worker: {
      case: 'model',
      value: create(ModelSchema, {
        id: model.row.id,
        userId: model.place.user.id,
        appId: model.place.app.id,
        modelTypeId: model.row.model_type_id,
        ...(version && { modelVersion: { id: version.id } }),
      }),
    },
  })
  return { modelPk: model.row.pk, versionPk: version?.pk ?? 0 }
}
