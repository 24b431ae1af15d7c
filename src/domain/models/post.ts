import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { ConceptSchema, type Model, type ModelVersion, ModelVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { readHead, versionConcepts } from '../../store/repos/model-versions.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { findRow, insertOne } from '../resource/verbs.ts'
import { prepareTraining } from '../training/prepare.ts'
import { type TrainingRecord, trainingRecord } from '../training/record.ts'
import { readSettings } from '../training/settings.ts'
import { visibilityOf } from './checks.ts'
import { type CheckedVersion, checkVersion, needsTraining, storeVersion, typeOf } from './create-version.ts'
import { type ModelAt, newestVersion, placeOf } from './find.ts'
import type { HeadParams } from './head.ts'
import { isRemote } from './remote.ts'
import { checkType, DEFAULT_TYPE, indexTags, models } from './resource.ts'

/** A model with the version that was made beside it, if any. */
export interface Made {
  readonly model: ModelAt
  readonly version?: Row<'model_versions'>
}

/**
 * Stores a new model. It has no version yet, unless the caller describes the output in the place of clients before
 * 2023: for those a model without a version is of no use. Throws AppError 21202, 40010 for an id in use.
 */
export async function createModel(call: Call, given: Model): Promise<Made> {
  const place = placeOf({ ...call.target, app: requireApp(call.target) })!
  checkType(given)
  const row = { id: given.id, app_pk: place.app.pk, model_type_id: given.modelTypeId || DEFAULT_TYPE } as Row<'models'>
  const wished = given.outputInfo && versionOfOld(given)
  const version = wished && (await checkVersion(call, { row, place }, wished))
  const made = await call.services.db.transact(async (tx) => {
    const stored = await insertOne(models, call, place.app, given, tx)
    await indexTags(tx, stored, given)
    return version ? storeVersion(call, tx, stored, version) : { model: stored, version: undefined }
  })
  models.hooks.afterCommit?.(call)
  return { model: { row: made.model, place }, version: made.version }
}

/** The version that a model's own `output_info` asks for. */
function versionOfOld({ outputInfo, modelVersion }: Model): ModelVersion {
  return Object.assign(create(ModelVersionSchema), modelVersion, { outputInfo })
}

/**
 * Makes a version of a model: as described, or without a description with the settings of the latest one.
 *
 * A version that needs no training is ready at once, one that brings a model file as soon as that is imported, one that
 * must learn as soon as a job has trained it. Where training is not built it is stored untrained.
 */
export async function createVersion(
  call: Call,
  model: ModelAt,
  given: ModelVersion | undefined,
): Promise<Made & { untrained: boolean }> {
  const checked = given ? await checkVersion(call, model, given) : await lastSettings(call, model)
  const uploads = checked.status === StatusCode.MODEL_UPLOADING
  const mustLearn = needsTraining(typeOf(model.row)) && !isRemote(checked.message.outputInfo?.params)
  if (mustLearn && checked.concepts.length === 0 && !uploads && demandsConcepts(model.row) && !hasDataset(checked)) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      'There is nothing to train: list the concepts in output_info.data.concepts.',
    )
  }
  const isUntrained = checked.status === StatusCode.MODEL_UNTRAINED
  const prepared = isUntrained ? await prepareTraining(call, model, checked) : undefined
  const made = await call.services.db.transact(async (tx) => {
    const row = await findRow(models, tx, model.place.app, model.row.id)
    return storeVersion(call, tx, row, prepared?.version ?? checked, { training: prepared?.record })
  })
  if (prepared) call.services.trainer.warmUp()
  models.hooks.afterCommit?.(call)
  return {
    model: { ...model, row: made.model },
    version: made.version,
    untrained: made.version.status_code === StatusCode.MODEL_UNTRAINED,
  }
}

/** A version without concepts learns all that its dataset has. */
const hasDataset = ({ message }: CheckedVersion): boolean => readSettings(message).datasetId !== ''

const demandsConcepts = (row: Row<'models'>): boolean =>
  typeOf(row).type.modelTypeFields.some(({ path, required }) => path === 'output_info.data.concepts' && required)

/** The settings of a model's latest version, for a further version with the same. */
export async function lastSettings(call: Call, model: ModelAt): Promise<CheckedVersion> {
  const last = await newestVersion(call, model, 'latest')
  const empty = create(ModelVersionSchema)
  if (!last) return checkVersion(call, model, empty)
  const { read } = call.services.db
  const [rows, head, record] = await Promise.all([
    versionConcepts(read, last.pk),
    readHead(read, last.pk),
    trainingRecord(read, last.pk),
  ])
  const message = withoutPins(decodeDoc(ModelVersionSchema, last.doc), record)
  const brought = record ? undefined : head
  if (message.pretrainedModelConfig) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      'The latest version is a model file, so there is nothing to repeat; send a version with pretrained_model_config.',
    )
  }
  return {
    message: create(ModelVersionSchema, { ...message, status: undefined, totalInputCount: 0, trainLog: '' }),
    concepts: rows.map(({ id, link }) => create(ConceptSchema, { id, value: decodeDoc(ConceptSchema, link).value })),
    head: brought === undefined ? undefined : (JSON.parse(brought) as HeadParams),
    status:
      brought !== undefined || isRemote(message.outputInfo?.params) || !needsTraining(typeOf(model.row))
        ? StatusCode.MODEL_TRAINED
        : StatusCode.MODEL_UNTRAINED,
    visibility: visibilityOf(undefined),
  }
}

/** What the server had chosen for a training is chosen anew for the next: the embedder of the app, the data as they are. */
function withoutPins(message: ModelVersion, record: TrainingRecord | undefined): ModelVersion {
  if (!record) return message
  if (record.base?.named === false && message.inputInfo) message.inputInfo.baseEmbedModel = undefined
  if (record.dataset?.isMadeForIt && message.trainInfo?.params) {
    message.trainInfo.params = { ...message.trainInfo.params, dataset_version_id: '' }
  }
  return message
}
