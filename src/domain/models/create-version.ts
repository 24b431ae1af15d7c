import { create, type JsonObject } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import {
  type Concept,
  type Model,
  ModelSchema,
  type ModelVersion,
  ModelVersionSchema,
  type OutputInfo,
} from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkSetup } from '../../engines/operators/check-setup.ts'
import type { Writer } from '../../store/database.ts'
import type { NamedBlob } from '../../store/repos/blob-rows.ts'
import { models as modelRows, modelVersions } from '../../store/repos/families.ts'
import { putTraining } from '../../store/repos/model-trainings.ts'
import { putHead, setVersionConcepts } from '../../store/repos/model-versions.ts'
import { addVersionFile } from '../../store/repos/version-files.ts'
import type { Row } from '../../store/schema/tables.ts'
import { checkOutputConfig, checkValues } from '../../workflow/compile/settings.ts'
import type { TypeEntry } from '../../workflow/model-types/define.ts'
import { checkParams, typeEntry } from '../../workflow/model-types/index.ts'
import type { Call } from '../call.ts'
import { withoutFields } from '../resource/fields.ts'
import { enqueueTraining } from '../training/job.ts'
import type { TrainingRecord } from '../training/record.ts'
import { embeds } from './base-embedder.ts'
import { checkTexts, invalidModel, visibilityOf } from './checks.ts'
import { findModel, findVersion, type ModelAt } from './find.ts'
import { bringsHead, type HeadParams, takeHead } from './head.ts'
import { enqueueImport } from './import-job.ts'
import { chatSignatures } from './methods.ts'
import { checkRemote, isRemote } from './remote.ts'
import { placeOfRef } from './resolve.ts'
import { sealSecrets } from './secrets.ts'
import { checkUpload } from './upload-request.ts'
import { checkVersionConcepts, linkConcepts } from './version-concepts.ts'

/** Fields of a version that callers do not set, and those that have a place of their own. */
const NOT_IN_DOCUMENT = [
  'id',
  'created_at',
  'modified_at',
  'completed_at',
  'status',
  'app_id',
  'user_id',
  'visibility',
  'active_concept_count',
  'total_input_count',
  'metrics',
  'import_info',
  'train_log',
  'build_info',
  'special_handling',
]

/** A model file that was sent already, with the id that its version was promised. */
export interface SentPackage {
  readonly versionId: string
  readonly blob: NamedBlob
}

/** A version that has been checked and only needs to be written. */
export interface CheckedVersion {
  readonly message: ModelVersion
  readonly concepts: readonly Concept[]
  readonly head?: HeadParams
  readonly status: StatusCode
  readonly visibility: number
}

/** Type of a stored model; a type that the program has dropped since is refused. */
export function typeOf(row: Row<'models'>): TypeEntry {
  const entry = typeEntry(row.model_type_id)
  if (!entry) throw invalidModel(`The model '${row.id}' has the type '${row.model_type_id}', which no longer exists.`)
  return entry
}

/** Whether models of a type become useful by training, so that a version without a head is untrained. */
export const needsTraining = ({ type, operator }: TypeEntry): boolean => type.trainable && !operator

/**
 * Checks a version that is to be made for a model: concepts, parameters of its type, head, base model. Throws
 * AppError 21202 with the path of what is wrong. With `sent` the model itself comes in the stream of the call.
 */
export async function checkVersion(
  call: Call,
  model: ModelAt,
  given: ModelVersion,
  sent = false,
): Promise<CheckedVersion> {
  const entry = typeOf(model.row)
  const runs = !sent && given.pretrainedModelConfig?.localDev === true
  const uploads = sent || (given.pretrainedModelConfig !== undefined && !runs)
  if (uploads) checkUpload(call, entry.type.id, given, sent ? 'stream' : 'url')
  checkTexts(given)
  const concepts = given.outputInfo?.data?.concepts ?? []
  checkVersionConcepts(concepts)
  checkValues(concepts)
  const { outputInfo, head } = checkOutput(given.outputInfo, entry, concepts)
  // Operators that are made without settings get them in the nodes that use them.
  if (entry.operator && Object.keys(given.outputInfo?.params ?? {}).length > 0) {
    await checkSetup(entry.type.id, { params: outputInfo!.params!, concepts })
  }
  // A copy of the whole would take a second for a million weights.
  const message = withoutFields(ModelVersionSchema, { ...given, outputInfo }, NOT_IN_DOCUMENT)
  if (message.trainInfo)
    message.trainInfo.params = checkParams(entry.type, message.trainInfo.params ?? {}, 'train_info.params')
  if (message.inputInfo?.baseEmbedModel) {
    message.inputInfo.baseEmbedModel = await checkBase(call, message.inputInfo.baseEmbedModel)
  }
  const remote = isRemote(outputInfo?.params)
  if (remote && message.methodSignatures.length === 0) message.methodSignatures = chatSignatures(entry.type.id)
  if (remote && concepts.length === 0 && entry.type.outputFields.includes('concepts')) {
    throw invalidModel(
      'List the concepts of the remote model in output_info.data.concepts, in the order of its values.',
    )
  }
  const trained = head !== undefined || remote || runs || !needsTraining(entry)
  return {
    message,
    concepts,
    head,
    status: uploads ? StatusCode.MODEL_UPLOADING : trained ? StatusCode.MODEL_TRAINED : StatusCode.MODEL_UNTRAINED,
    visibility: visibilityOf(given.visibility),
  }
}

/** The output info without its concepts, which are rows of their own, and without the weights of a head. */
function checkOutput(
  info: OutputInfo | undefined,
  { type }: TypeEntry,
  concepts: readonly Concept[],
): { outputInfo: OutputInfo | undefined; head?: HeadParams } {
  if (!info) return { outputInfo: undefined }
  checkOutputConfig(info.outputConfig)
  const light = (params: JsonObject): OutputInfo => ({
    ...info,
    message: '',
    data: undefined,
    params: checkRemote(checkParams(type, params), type.id),
  })
  const params = info.params ?? {}
  if (!bringsHead(params)) return { outputInfo: light(params) }
  if (type.id !== 'embedding-classifier') {
    throw invalidModel(`Only the type embedding-classifier takes weights; this model is of the type ${type.id}.`)
  }
  const { head, rest } = takeHead(params, concepts)
  return { outputInfo: light(rest), head }
}

/** The full name of a base model, pinned to a version; refuses one that gives no vectors. */
async function checkBase(call: Call, base: Model): Promise<Model> {
  const versionId = base.modelVersion?.id ?? ''
  const ref = { userId: base.userId, appId: base.appId, modelId: base.id, versionId }
  const found = await findModel(call, await placeOfRef(call, ref), base.id)
  if (!embeds(found.row.model_type_id)) {
    throw invalidModel(
      `The base model '${base.id}' is of the type ${found.row.model_type_id}, which gives no embeddings.`,
    )
  }
  if (versionId !== '') await findVersion(call, found, versionId)
  return create(ModelSchema, {
    id: found.row.id,
    userId: found.place.user.id,
    appId: found.place.app.id,
    modelTypeId: found.row.model_type_id,
    modelVersion: versionId === '' ? undefined : { id: versionId },
  })
}

/**
 * Stores a checked version, adds the concepts that the app lacks, and makes it the latest of its model. The import of a
 * model file or the training begins with the commit.
 */
export async function storeVersion(
  call: Call,
  tx: Writer,
  model: Row<'models'>,
  version: CheckedVersion,
  { sent, training }: { readonly sent?: SentPackage | undefined; readonly training?: TrainingRecord | undefined } = {},
): Promise<{ version: Row<'model_versions'>; model: Row<'models'> }> {
  const now = call.services.clock.now()
  const links = await linkConcepts(call, tx, model.app_pk, version.concepts)
  const row = await modelVersions.insert(tx, {
    model_pk: model.pk,
    id: sent?.versionId ?? newId(),
    doc: encodeDoc(sealSecrets(call.services.vault, model.model_type_id, version.message)),
    status_code: version.status,
    description: version.message.description,
    visibility: version.visibility,
    completed_at: version.status === StatusCode.MODEL_TRAINED ? now : null,
    created_at: now,
    modified_at: now,
  })
  await setVersionConcepts(tx, row.pk, links)
  if (sent) await addVersionFile(tx, row.pk, 'package', sent.blob, now)
  if (row.status_code === StatusCode.MODEL_UPLOADING) await enqueueImport(call.services, tx, row.pk, model.app_pk)
  if (training) {
    await putTraining(tx, row.pk, JSON.stringify(training))
    await enqueueTraining(call.services, tx, row.pk, model.app_pk)
  }
  if (version.head) await putHead(tx, row.pk, JSON.stringify(version.head))
  const changed = await modelRows.update(tx, model, { latest_version_pk: row.pk }, now)
  return { version: row, model: changed }
}
