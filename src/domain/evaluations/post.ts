import { create, type JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import {
  type Dataset,
  DatasetSchema,
  DatasetVersionRequestOrigin,
  DatasetVersionSchema,
  type EvalMetrics,
  EvalMetricsSchema,
} from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { newestVersions } from '../../store/repos/dataset-lists.ts'
import { dropEvaluation, type EvaluationRow, evaluationsByPk } from '../../store/repos/evaluations.ts'
import { evaluations } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { reach } from '../access/standing.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { findDataset } from '../datasets/list.ts'
import { findVersion } from '../datasets/versions/list.ts'
import { createVersions } from '../datasets/versions/write.ts'
import { type FoundModel, type ModelRef, resolveModel } from '../models/resolve.ts'
import { evaluateJob } from './job.ts'
import { checkSubject } from './subject.ts'

/** An evaluation that is asked for: of which model version, and what else was said. */
export interface EvaluationOrder {
  readonly model: ModelRef
  readonly wanted: EvalMetrics
  /** The version may be in training: it is evaluated when that has ended. */
  readonly afterTraining?: boolean
  /** The inputs to evaluate with, in the order of their pks, where a search has chosen them. */
  readonly inputPks?: readonly number[]
}

const INVALID = StatusCode.MODEL_INVALID_ARGUMENT

/** Starts evaluations, all or none; one whose id is taken takes the place of the one before. */
export async function startEvaluations(call: Call, orders: readonly EvaluationOrder[]): Promise<EvaluationRow[]> {
  const app = requireApp(call.target)
  const checked: Checked[] = []
  for (const order of orders) checked.push(await check(call, order))
  const ids = new Set(checked.map(({ id }) => id))
  if (ids.size < checked.length) throw new AppError(INVALID, 'Two evaluations have the same id; give each its own.')
  for (const one of checked) await nameVersion(call, one)
  const { db, jobs, clock } = call.services
  const dropped: string[] = []
  const pks = await db.transact(async (tx) => {
    const made: number[] = []
    dropped.length = 0
    for (const { id, found, doc, dataset, version, inputPks, predictions } of checked) {
      const before = await dropEvaluation(tx, app.pk, id)
      if (before) dropped.push(before)
      const now = clock.now()
      const row = await evaluations.insert(tx, {
        app_pk: app.pk,
        id,
        doc,
        model_version_pk: found.versionRow.pk,
        dataset_pk: dataset?.row.pk ?? null,
        dataset_version_pk: version?.pk ?? null,
        eval_dataset_id: dataset?.row.id ?? '',
        train_dataset_id: trainedWith(found),
        status_code: StatusCode.MODEL_QUEUED_FOR_EVALUATION,
        status_details: '',
        job_id: '',
        roc_auc: null,
        f1: null,
        macro_precision: null,
        macro_recall: null,
        mean_average_precision: null,
        created_at: now,
        modified_at: now,
      })
      const args = {
        evaluationPk: row.pk,
        ...(inputPks && { inputPks }),
        ...(predictions && { predictionsPk: predictions.pk }),
      }
      const job = await jobs.enqueue(tx, evaluateJob, args, { appPk: app.pk })
      await evaluations.update(tx, row, { job_id: job }, now)
      made.push(row.pk)
    }
    return made
  })
  for (const job of dropped) await jobs.cancel(job)
  const rows = new Map((await evaluationsByPk(db.read, pks)).map((row) => [row.pk, row]))
  return pks.flatMap((pk) => rows.get(pk) ?? [])
}

interface Checked {
  readonly id: string
  readonly found: FoundModel
  readonly doc: string
  readonly dataset?: { readonly row: Row<'datasets'>; readonly call: Call }
  version?: Row<'dataset_versions'>
  readonly versionId: string
  readonly inputPks?: readonly number[]
  readonly predictions?: Row<'dataset_versions'>
}

async function check(call: Call, order: EvaluationOrder): Promise<Checked> {
  const { model, wanted, afterTraining, inputPks } = order
  if (model.modelId === '') throw new AppError(INVALID, 'An evaluation names no model; set model.id.')
  if (wanted.id !== '') checkId(wanted.id, 'evaluation', INVALID)
  const found = await resolveModel(call, model)
  checkSubject(found, afterTraining)
  const params = wanted.evalInfo?.params ?? {}
  const named = wanted.groundTruthDataset
  const text = (name: string): string => (typeof params[name] === 'string' ? params[name] : '')
  const datasetId = named?.id || text('dataset_id')
  const versionId = named?.version?.id || (named?.id ? '' : text('dataset_version_id'))
  const dataset =
    datasetId === '' ? undefined : await datasetOf(call, datasetId, named?.userId ?? '', named?.appId ?? '')
  const predictions = wanted.predictionsDataset?.id ? await predictionsOf(call, wanted, dataset) : undefined
  const { evalInfo, extendedMetrics } = wanted
  const shown = predictions && { predictionsDataset: predictions.message }
  return {
    id: wanted.id || newId(),
    found,
    doc: encodeDoc(create(EvalMetricsSchema, { evalInfo, extendedMetrics, ...shown })),
    versionId,
    ...(inputPks && { inputPks }),
    ...(dataset && { dataset }),
    ...(predictions && { predictions: predictions.version }),
  }
}

/**
 * The dataset version with the predictions: the one named, else the newest. It is of the app of the evaluation or of the
 * examples, as whoever sees the evaluation sees what it says. Throws AppError 11101 or 21202.
 */
async function predictionsOf(
  call: Call,
  { predictionsDataset: named, evalInfo }: EvalMetrics,
  truths: Checked['dataset'],
): Promise<{ readonly version: Row<'dataset_versions'>; readonly message: Dataset }> {
  const { id, userId, appId, version: ofDataset } = named!
  if (evalInfo?.params?.use_kfold === true) {
    throw new AppError(INVALID, 'Predictions that are there already cannot be made anew in folds; leave use_kfold out.')
  }
  const found = (await datasetOf(call, id, userId, appId))!
  if (found.row.app_pk !== requireApp(call.target).pk && found.row.app_pk !== truths?.row.app_pk) {
    throw new AppError(
      INVALID,
      `The dataset '${id}' with the predictions must be of this app or that of the ground truth.`,
    )
  }
  const version = ofDataset?.id
    ? await findVersion(found.call, found.row, ofDataset.id)
    : (await newestVersions(call.services.db.read, [found.row.pk])).get(found.row.pk)
  if (!version) {
    throw new AppError(INVALID, `The dataset '${id}' has no version yet; make one that holds the predictions.`)
  }
  const place = { userId: found.call.target.user?.id ?? '', appId: found.call.target.app?.id ?? '' }
  const message = create(DatasetSchema, {
    id: found.row.id,
    ...place,
    version: create(DatasetVersionSchema, { id: version.id, datasetId: found.row.id, ...place }),
  })
  return { version, message }
}

/** Refuses parameters of an evaluation that name a dataset which is not there. Throws AppError 11101. */
export async function checkGroundTruth(call: Call, params: JsonObject): Promise<void> {
  const { dataset_id: id, dataset_version_id: versionId } = params
  if (typeof id !== 'string' || id === '') return
  const dataset = await datasetOf(call, id, '', '')
  if (dataset && typeof versionId === 'string' && versionId !== '') {
    await findVersion(dataset.call, dataset.row, versionId)
  }
}

/** The dataset, which may be one of another app that the caller sees. Throws AppError 11101. */
async function datasetOf(call: Call, id: string, userId: string, appId: string): Promise<Checked['dataset']> {
  const { app, user } = call.target
  const here = (userId === '' || userId === user?.id) && (appId === '' || appId === app?.id)
  const target = here ? call.target : await reach(call, userId || (user?.id ?? ''), appId || (app?.id ?? ''))
  if (!target?.app) {
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      `There is no dataset '${id}' in '${userId}/${appId}', or it is not visible to this key.`,
    )
  }
  const there = { ...call, target }
  return { row: await findDataset(there, id), call: there }
}

/** Finds the version of the dataset: the one named, else the newest, else one that is made now. */
async function nameVersion(call: Call, checked: Checked): Promise<void> {
  const { dataset, versionId } = checked
  if (!dataset) return
  if (versionId !== '') {
    checked.version = await findVersion(dataset.call, dataset.row, versionId)
    return
  }
  checked.version =
    (await newestVersions(call.services.db.read, [dataset.row.pk])).get(dataset.row.pk) ??
    (
      await createVersions(
        dataset.call,
        dataset.row,
        [create(DatasetVersionSchema)],
        DatasetVersionRequestOrigin.EVAL_GROUND_TRUTH,
      )
    )[0]
}

/** Id of the dataset that a version was trained with; empty when that is not known. */
function trainedWith({ version }: FoundModel): string {
  const { dataset_id } = version.trainInfo?.params ?? {}
  return version.trainInfo?.dataset?.id || (typeof dataset_id === 'string' ? dataset_id : '')
}
