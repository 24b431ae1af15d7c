import { setTimeout as wait } from 'node:timers/promises'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import {
  concepts as conceptRows,
  datasets,
  datasetVersions,
  models,
  modelVersions,
} from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { callInApp } from '../inputs/process/call.ts'
import { resolveModel } from '../models/resolve.ts'
import type { ExampleSource } from './examples.ts'
import { TRAINING_POLL_MS, VERSION_POLL_MS } from './limits.ts'
import { isInTraining, type Subject, subjectOf } from './subject.ts'

/** The model version of an evaluation and the call in its app, seen as the owner of its app sees it: rights were checked when it was asked for. */
export async function findSubject(
  call: Call,
  versionPk: number,
): Promise<{ readonly subject: Subject; readonly home: Call } | undefined> {
  const { services, signal, log, requestId } = call
  const version = await trainedVersion(services.db.read, versionPk, signal)
  const model = version && (await models.getByPk(services.db.read, version.model_pk))
  const home = model && (await callInApp(services, model.app_pk, { requestId, signal, log }))
  if (!home) return undefined
  const found = await resolveModel(home, { modelId: model.id, versionId: version.id })
  return { subject: await subjectOf(call, found), home }
}

/** A version once its training has ended, however; undefined when it is gone. */
async function trainedVersion(
  db: Reader,
  versionPk: number,
  signal: AbortSignal,
): Promise<Row<'model_versions'> | undefined> {
  for (;;) {
    const version = await modelVersions.getByPk(db, versionPk)
    if (!version || !isInTraining(version.status_code)) return version
    await wait(TRAINING_POLL_MS, undefined, { signal })
  }
}

/** Where the examples of an evaluation come from; waits until the dataset version is made. */
export async function sourceOf(
  call: Call,
  row: Row<'evaluations'>,
  subject: Subject,
  inputPks?: readonly number[],
): Promise<ExampleSource> {
  const { services, signal, log, requestId } = call
  const { read } = services.db
  if (inputPks) return { place: placeOf(call), inputPks }
  if (row.dataset_version_pk === null) {
    const ids = subject.concepts.map(({ id }) => id)
    const known = await conceptRows.getMany(read, row.app_pk, ids)
    return { place: placeOf(call), conceptPks: [...known.values()].map(({ pk }) => pk) }
  }
  const version = await readyVersion(read, row.dataset_version_pk, signal)
  const home = await callInApp(services, version.appPk, { requestId, signal, log })
  if (!home) throw datasetGone()
  return { place: placeOf(home), versionPk: version.pk }
}

const placeOf = ({ target, services }: Call): ExampleSource['place'] => ({
  appPk: target.app!.pk,
  appId: target.app!.id,
  userId: target.user!.id,
  origin: services.origin,
})

const datasetGone = (): AppError =>
  new AppError(StatusCode.MODEL_EVALUATION_FAILED, 'The dataset was deleted before the model was evaluated with it.')

/** Waits until a version is made, which another job does; throws AppError 21317 when that cannot be. */
export async function readyVersion(
  db: Reader,
  versionPk: number,
  signal: AbortSignal,
): Promise<{ readonly pk: number; readonly appPk: number }> {
  for (;;) {
    const version = await datasetVersions.getByPk(db, versionPk)
    const dataset = version && (await datasets.getByPk(db, version.dataset_pk))
    if (!version || !dataset) throw datasetGone()
    const { status_code, status_details } = version
    if (status_code === StatusCode.DATASET_VERSION_READY) return { pk: versionPk, appPk: dataset.app_pk }
    if (status_code !== StatusCode.DATASET_VERSION_PENDING && status_code !== StatusCode.DATASET_VERSION_IN_PROGRESS) {
      throw new AppError(StatusCode.MODEL_EVALUATION_FAILED, `The dataset version could not be made: ${status_details}`)
    }
    await wait(VERSION_POLL_MS, undefined, { signal })
  }
}
