import { create } from '@bufbuild/protobuf'
import { DurationSchema } from '@bufbuild/protobuf/wkt'
import { AppError } from '../../base/errors.ts'
import { type ModelVersion, StatusSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Visible } from '../../domain/access/target.ts'
import type { Call } from '../../domain/call.ts'
import { afterTraining, evaluateAfter } from '../../domain/evaluations/after-training.ts'
import { deleteVersion, patchVersions, publishVersions } from '../../domain/models/change-versions.ts'
import { invalidModel } from '../../domain/models/checks.ts'
import { findModel, findOwnModel, findVersion, newestVersion, placeOf } from '../../domain/models/find.ts'
import { listVersionsOf } from '../../domain/models/list-versions.ts'
import { createVersion } from '../../domain/models/post.ts'
import { presentModel, presentVersions } from '../../domain/models/present.ts'
import { models } from '../../domain/models/resource.ts'
import { estimateTrainings } from '../../domain/training/estimate.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'GetModelVersion'
  | 'ListModelVersions'
  | 'PostModelVersions'
  | 'PatchModelVersions'
  | 'DeleteModelVersion'
  | 'PostModelVersionsPublish'
  | 'PostModelVersionsUnPublish'
  | 'PostModelVersionsTrainingTimeEstimate'

const versionKind = { kind: 'model version', codes: models.codes }

/** Versions of a model: what it answers, with which parameters, and whether it can be run. */
export const modelVersionRpcs: Pick<Registry, Rpcs> = {
  GetModelVersion: async (request, call) => {
    const found = await findModel(call, placeOf(call.target), request.modelId)
    // Without an id the newest one is meant.
    const row = request.versionId
      ? await findVersion(call, found, request.versionId)
      : await newestVersion(call, found, 'latest')
    if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The model '${found.row.id}' has no version yet.`)
    const [modelVersion] = await presentVersions(call, found, [row])
    return { modelVersion }
  },

  ListModelVersions: async (request, call) => {
    const found = await findModel(call, placeOf(call.target), request.modelId)
    return { modelVersions: await presentVersions(call, found, await listVersionsOf(call, found, request)) }
  },

  PostModelVersions: async (request, call) => {
    const found = await findOwnModel(call, request.modelId)
    const evaluation = await afterTraining(call, found, request.evalInfo)
    const made = await createVersion(call, found, onlyVersion(request.modelVersions, request.description))
    if (made.version && !made.untrained) await evaluateAfter(call, made.model, made.version, evaluation)
    const model = await presentModel(call, made.model, made.version)
    if (!made.untrained) return { model }
    const details = `The version was stored, but training is not built for models of the type ${found.row.model_type_id}; upload a trained model file instead.`
    return { status: create(StatusSchema, { code: StatusCode.NOT_IMPLEMENTED, details }), model }
  },

  PostModelVersionsTrainingTimeEstimate: async (request, call) => {
    const found = await findModel(call, placeOf(call.target), request.modelId)
    const count = Number(request.estimatedInputCount)
    const seconds = await estimateTrainings(call, found, request.modelVersions, count)
    return { trainingTimeEstimates: seconds.map((each) => create(DurationSchema, { seconds: BigInt(each) })) }
  },

  PatchModelVersions: async (request, call) => {
    const found = await findOwnModel(call, request.modelId)
    const rows = await patchVersions(call, found, checkBatch(versionKind, request.modelVersions), request.action)
    return { modelVersions: await presentVersions(call, found, rows) }
  },

  DeleteModelVersion: async (request, call) => {
    await deleteVersion(call, await findOwnModel(call, request.modelId), request.versionId)
    return {}
  },

  PostModelVersionsPublish: (request, call) => publish(call, request, Visible.PUBLIC),
  PostModelVersionsUnPublish: (request, call) => publish(call, request, Visible.PRIVATE),
}

async function publish(
  call: Call,
  request: { readonly modelId: string; readonly publications: readonly { readonly versionId: string }[] },
  visibility: typeof Visible.PUBLIC | typeof Visible.PRIVATE,
): Promise<object> {
  const found = await findOwnModel(call, request.modelId)
  const ids = checkBatch(versionKind, request.publications).map(({ versionId }) => versionId)
  await publishVersions(call, found, ids, visibility)
  return {}
}

function onlyVersion(given: readonly ModelVersion[], description: string): ModelVersion | undefined {
  if (given.length > 1) throw invalidModel(`The request has ${given.length} model_versions; send one at a time.`)
  const [version] = given
  if (version) version.description ||= description
  return version
}
