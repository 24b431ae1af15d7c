import { create } from '@bufbuild/protobuf'
import {
  DatasetVersionRequestOrigin,
  DatasetVersionSchema,
  InputInfoSchema,
  ModelSchema,
  TrainInfoSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../../store/schema/tables.ts'
import { TRAINING } from '../../workflow/model-types/field.ts'
import { checkParams, typeEntry } from '../../workflow/model-types/index.ts'
import type { Call } from '../call.ts'
import { datasets } from '../datasets/resource.ts'
import { datasetVersions } from '../datasets/versions/resource.ts'
import { createVersions } from '../datasets/versions/write.ts'
import { defaultEmbedder } from '../models/base-embedder.ts'
import { invalidModel } from '../models/checks.ts'
import type { CheckedVersion } from '../models/create-version.ts'
import type { ModelAt } from '../models/find.ts'
import { type FoundModel, type ModelRef, resolveModel } from '../models/resolve.ts'
import { findRow } from '../resource/verbs.ts'
import { type TrainingKind, trainingKind } from './kinds.ts'
import { PROGRAM } from './program.ts'
import type { TrainingRecord } from './record.ts'
import { readSettings } from './settings.ts'

/** A version that will be trained: as it is stored, and what is known of its training now. */
export interface PreparedTraining {
  readonly version: CheckedVersion
  readonly record: TrainingRecord
}

/**
 * Decides what a version will learn from before it is stored: embedder and data are pinned, so that what happens to the
 * app meanwhile changes nothing. Undefined for types whose training is not built. Throws AppError 21202 for settings
 * that can lead nowhere, 11101 for a dataset that is not there.
 */
export async function prepareTraining(
  call: Call,
  model: ModelAt,
  checked: CheckedVersion,
): Promise<PreparedTraining | undefined> {
  const kind = trainingKind(model.row.model_type_id)
  if (!kind) return undefined
  const { message } = checked
  message.trainInfo ??= create(TrainInfoSchema)
  const { type } = typeEntry(model.row.model_type_id)!
  message.trainInfo.params = checkParams(type, message.trainInfo.params ?? {}, TRAINING)
  const settings = readSettings(message)
  // Clients say it in different places; what is shown is what is done.
  if (message.trainInfo.params.concepts_mutually_exclusive !== undefined) {
    message.trainInfo.params.concepts_mutually_exclusive = settings.mutuallyExclusive
  }
  const named = message.inputInfo?.baseEmbedModel
  const base = await baseOf(call, model, kind, named?.id ? refOf(named) : undefined)
  const { modelId, userId, appId, modelTypeId } = base
  const pinned = { id: modelId, userId, appId, modelTypeId, modelVersion: { id: base.version.id } }
  message.inputInfo ??= create(InputInfoSchema)
  message.inputInfo.baseEmbedModel = create(ModelSchema, pinned)
  const dataset = await datasetOf(call, model, settings)
  if (dataset) {
    const names = { dataset_id: dataset.id, dataset_version_id: dataset.versionId }
    message.trainInfo.params = { ...message.trainInfo.params, ...names }
  }
  const record: TrainingRecord = {
    program: PROGRAM,
    base: { modelId, userId, appId, versionId: base.version.id, named: Boolean(named?.id) },
    ...(dataset && { dataset }),
  }
  return { version: { ...checked, message, status: StatusCode.MODEL_QUEUED_FOR_TRAINING }, record }
}

const refOf = ({
  id,
  userId,
  appId,
  modelVersion,
}: {
  id: string
  userId: string
  appId: string
  modelVersion?: { id: string }
}): ModelRef => ({
  modelId: id,
  userId,
  appId,
  versionId: modelVersion?.id ?? '',
})

async function baseOf(
  call: Call,
  { row, place }: ModelAt,
  kind: TrainingKind,
  named: ModelRef | undefined,
): Promise<FoundModel> {
  if (kind.isFixed) {
    if (named && named.modelId !== kind.backbone?.modelId) {
      throw invalidModel(
        `Models of the type ${row.model_type_id} are trained on '${kind.backbone?.modelId}' alone; leave input_info.base_embed_model out.`,
      )
    }
    return resolveModel(call, kind.backbone!)
  }
  const usual = named ? undefined : await defaultEmbedder(call, place)
  const fitting = usual && (await resolveModel(call, usual).catch(() => undefined))
  const ofWorkflow = fitting && takes(fitting, kind) ? fitting : undefined
  if (!named && ofWorkflow) return ofWorkflow
  const ref = named ?? kind.backbone
  if (!ref) {
    throw invalidModel(
      `A model of the type ${row.model_type_id} learns from vectors, but the default workflow of the app has no embedder, or several; name one in input_info.base_embed_model.`,
    )
  }
  const found = await resolveModel(call, ref)
  if (found.version.status?.code !== StatusCode.MODEL_TRAINED) {
    throw invalidModel(`The base model '${found.modelId}' is not trained; name a trained version of it.`)
  }
  if (!takes(found, kind)) {
    throw invalidModel(`The base model '${found.modelId}' does not take ${kind.medium}s; name one that does.`)
  }
  return found
}

function takes({ modelTypeId }: FoundModel, { medium }: TrainingKind): boolean {
  return medium === 'embeddings' || (typeEntry(modelTypeId)?.type.inputFields.includes(medium) ?? false)
}

async function datasetOf(
  call: Call,
  { place }: ModelAt,
  { datasetId, datasetVersionId }: { readonly datasetId: string; readonly datasetVersionId: string },
): Promise<TrainingRecord['dataset']> {
  if (datasetId === '') {
    if (datasetVersionId === '') return undefined
    throw invalidModel('train_info.params has a dataset_version_id without a dataset_id; name the dataset as well.')
  }
  const { read } = call.services.db
  const dataset = await findRow(datasets, read, place.app, datasetId, call)
  if (datasetVersionId !== '') {
    await findRow(datasetVersions, read, dataset, datasetVersionId, call)
    return { id: dataset.id, versionId: datasetVersionId, isMadeForIt: false }
  }
  const made = await snapshot(call, dataset)
  return { id: dataset.id, versionId: made.id, isMadeForIt: true }
}

/** A dataset is learned from as it is now: a version of it is made, as for every training on a dataset. */
async function snapshot(call: Call, dataset: Row<'datasets'>): Promise<Row<'dataset_versions'>> {
  const description = 'Made for the training of a model.'
  const wanted = create(DatasetVersionSchema, { description })
  const [version] = await createVersions(call, dataset, [wanted], DatasetVersionRequestOrigin.TRAINING)
  return version!
}
