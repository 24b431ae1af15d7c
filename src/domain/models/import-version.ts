import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { isAppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import type { BlobInfo } from '../../blobs/blob-store.ts'
import { ConceptSchema, type ModelVersion, ModelVersionSchema, StatusSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Layers, UploadType } from '../../engines/onnx-model/layers.ts'
import { readParamSpecs } from '../../engines/onnx-model/param-specs.ts'
import { uploadProblem } from '../../engines/onnx-model/problem.ts'
import { readUploadSettings } from '../../engines/onnx-model/settings.ts'
import type { CheckOrder } from '../../model-packages/check.ts'
import { checkInProcess } from '../../model-packages/check-process.ts'
import { PACKAGE_BYTES_MAX } from '../../model-packages/limits.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { apps, models, modelVersions, users } from '../../store/repos/families.ts'
import { setVersionConcepts, versionConcepts } from '../../store/repos/model-versions.ts'
import { addVersionFile, dropVersionFile, versionFiles } from '../../store/repos/version-files.ts'
import type { Row } from '../../store/schema/tables.ts'
import { internalPrincipal } from '../access/principal.ts'
import { ALL_SCOPES } from '../access/scopes.ts'
import type { Call } from '../call.ts'
import type { Services } from '../services.ts'
import { PACKAGE_FETCH_MS } from './limits.ts'
import { fieldMaps, withoutSignature } from './upload-request.ts'
import { linkConcepts } from './version-concepts.ts'

/** Where packages lie while they are checked, under the data folder; what a killed server left there is of no use. */
export const IMPORTS_FOLDER = 'imports'

/** Content type of stored packages and models, which says nothing. */
export const CONTENT_TYPE = 'application/octet-stream'

/**
 * Brings one version from MODEL_UPLOADING to MODEL_TRAINED or MODEL_UPLOADING_FAILED: fetches the package, checks it,
 * stores model and labels. May be begun again after any interruption. Throws only the reason of `signal`.
 */
export async function importVersion(services: Services, versionPk: number, signal: AbortSignal): Promise<void> {
  const folder = join(services.config.dataDir, IMPORTS_FOLDER, randomUUID())
  try {
    const row = await waiting(services.db.read, versionPk)
    if (!row) return
    const version = decodeDoc(ModelVersionSchema, row.doc)
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const packed = await packageOf(services, row, version, signal)
    const order = await orderOf(services, row, version, packed.hash, folder)
    const { model, layers } = await checkInProcess(order, packed.size, signal)
    const modelBlob = await services.blobs.put(createReadStream(model))
    const layersBlob = await services.blobs.put(Buffer.from(JSON.stringify(layers)))
    await succeed(services, versionPk, modelBlob, layersBlob, layers)
  } catch (error) {
    signal.throwIfAborted()
    await fail(services, versionPk, error)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function waiting(db: Reader, versionPk: number): Promise<Row<'model_versions'> | undefined> {
  const row = await modelVersions.getByPk(db, versionPk)
  return row?.status_code === StatusCode.MODEL_UPLOADING ? row : undefined
}

/** The package of a version: the one that is stored, else fetched and stored now, so that it is fetched once only. */
async function packageOf(
  services: Services,
  { pk }: Row<'model_versions'>,
  version: ModelVersion,
  signal: AbortSignal,
): Promise<BlobInfo> {
  const { blobs, clock, db, fetcher } = services
  const { package: hash } = await versionFiles(db.read, pk)
  const stored = hash === undefined ? undefined : await blobs.stat(hash)
  if (stored) return stored
  const url = version.pretrainedModelConfig?.modelZipUrl
  if (!url) throw uploadProblem('The package that was uploaded is no longer there; upload it again.')
  const options = { maxBytes: PACKAGE_BYTES_MAX, totalMs: PACKAGE_FETCH_MS, signal }
  const info = await fetcher.download(url, options, (pieces) => blobs.put(pieces, { bytesMax: PACKAGE_BYTES_MAX }))
  await db.transact(async (tx) => {
    if (!(await waiting(tx, pk))) return
    await dropVersionFile(tx, pk, 'package', clock.now())
    await addVersionFile(tx, pk, 'package', { ...info, contentType: CONTENT_TYPE }, clock.now())
  })
  return info
}

async function orderOf(
  { blobs, db }: Services,
  row: Row<'model_versions'>,
  version: ModelVersion,
  hash: string,
  folder: string,
): Promise<CheckOrder> {
  const model = (await models.getByPk(db.read, row.model_pk))!
  const concepts = await versionConcepts(db.read, row.pk)
  return {
    package: await blobs.file(hash),
    folder,
    type: model.model_type_id as UploadType,
    ...fieldMaps(version),
    params: readParamSpecs(version.outputInfo?.paramsSpecs ?? []),
    settings: readUploadSettings(version.inputInfo?.params ?? {}, version.outputInfo?.params ?? {}),
    labels: concepts.map(({ id, name }) => ({ id, name })),
  }
}

async function succeed(
  services: Services,
  pk: number,
  model: BlobInfo,
  layersBlob: BlobInfo,
  layers: Layers,
): Promise<void> {
  const { clock, db } = services
  await db.transact(async (tx) => {
    const row = await waiting(tx, pk)
    if (!row) return
    const now = clock.now()
    await addVersionFile(tx, pk, 'model', { ...model, contentType: CONTENT_TYPE }, now)
    await addVersionFile(tx, pk, 'layers', { ...layersBlob, contentType: 'application/json' }, now)
    const known = await versionConcepts(tx, pk, { limit: 1 })
    if (known.length === 0 && layers.labels.length > 0) await addLabels(services, tx, row, layers)
    await settle(tx, row, StatusCode.MODEL_TRAINED, '', now)
  })
  services.plans.clear()
}

/** Makes the labels the concepts of a version, adding those to the app that it lacks. */
async function addLabels(services: Services, tx: Writer, row: Row<'model_versions'>, layers: Layers): Promise<void> {
  const model = (await models.getByPk(tx, row.model_pk))!
  const app = (await apps.getByPk(tx, model.app_pk))!
  const user = (await users.getByPk(tx, app.user_pk))!
  const call: Call = {
    // As if the one who sent the model had listed them; that he may was checked then.
    method: methodInfo('PostModelVersions'),
    requestId: newId(),
    startedAt: services.clock.now(),
    principal: internalPrincipal(user),
    target: { user, rights: 'owner', scopes: ALL_SCOPES },
    services,
    signal: new AbortController().signal,
    log: services.log,
  }
  const concepts = layers.labels.map(({ id, name }) => create(ConceptSchema, { id, name, value: 1 }))
  await setVersionConcepts(tx, row.pk, await linkConcepts(call, tx, app.pk, concepts))
}

async function fail(services: Services, pk: number, error: unknown): Promise<void> {
  const { db, log } = services
  const known = isAppError(error)
  if (!known) log.error({ err: error, versionPk: pk }, 'importing a model failed')
  const details = known
    ? error.details
    : 'The server could not check the model; try again, and look into its log if it fails again.'
  await db.transact((tx) => failImport(services, tx, pk, details))
}

/** Makes a version that is being imported MODEL_UPLOADING_FAILED. */
export async function failImport({ clock }: Services, tx: Writer, pk: number, details: string): Promise<void> {
  const row = await waiting(tx, pk)
  if (!row) return
  const { pretrainedModelConfig } = decodeDoc(ModelVersionSchema, row.doc)
  const shown = withoutQuery(details, pretrainedModelConfig?.modelZipUrl ?? '')
  await settle(tx, row, StatusCode.MODEL_UPLOADING_FAILED, shown, clock.now())
}

/** A message without the part of a URL that may be a secret. */
function withoutQuery(details: string, url: string): string {
  const query = URL.parse(url)?.search
  return query ? details.replaceAll(query, '') : details
}

async function settle(
  tx: Writer,
  row: Row<'model_versions'>,
  code: StatusCode,
  details: string,
  now: number,
): Promise<void> {
  await dropVersionFile(tx, row.pk, 'package', now)
  const message = withoutSignature(decodeDoc(ModelVersionSchema, row.doc))
  message.status = details === '' ? undefined : create(StatusSchema, { details })
  const completed = code === StatusCode.MODEL_TRAINED ? now : null
  await modelVersions.update(tx, row, { doc: encodeDoc(message), status_code: code, completed_at: completed }, now)
}
