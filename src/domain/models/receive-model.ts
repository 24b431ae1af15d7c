import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { translateWriteError } from '../../blobs/errors.ts'
import {
  ModelVersionSchema,
  type PostModelVersionsUploadConfig,
  type PostModelVersionsUploadRequest,
  type PostModelVersionsUploadResponseSchema,
  PretrainedModelConfigSchema,
  type UploadContentPart,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { PACKAGE_BYTES_MAX } from '../../model-packages/limits.ts'
import type { Call } from '../call.ts'
import { findRow } from '../resource/verbs.ts'
import { invalidModel } from './checks.ts'
import { type CheckedVersion, checkVersion, storeVersion } from './create-version.ts'
import { findOwnModel, type ModelAt } from './find.ts'
import { CONTENT_TYPE, IMPORTS_FOLDER } from './import-version.ts'
import { models } from './resource.ts'

type Answer = MessageInitShape<typeof PostModelVersionsUploadResponseSchema>

/** One model on its way in. */
interface Upload {
  readonly config: PostModelVersionsUploadConfig
  readonly model: ModelAt
  readonly version: CheckedVersion
  readonly versionId: string
  readonly totalBytes: number
  received: number
  parts: number
}

/**
 * Takes a model file in parts and makes a version of it, which is then imported like one that was fetched. Answers
 * every message with how much is missing. Nothing is kept of an upload that does not come to its end; only one part is
 * in memory at a time. Throws AppError 21202 for what could never become a version, 68006 for parts that do not follow
 * each other, 21105 when the stream ends too early.
 */
export async function* receiveModel(
  call: Call,
  requests: AsyncIterable<PostModelVersionsUploadRequest>,
): AsyncGenerator<Answer, void, undefined> {
  let upload: Upload | undefined
  let handle: FileHandle | undefined
  const folder = join(call.services.config.dataDir, IMPORTS_FOLDER)
  const file = join(folder, `${randomUUID()}.upload`)
  try {
    for await (const { uploadData } of requests) {
      if (!upload) {
        if (uploadData.case !== 'uploadConfig') throw invalidModel('The first message must be the upload_config.')
        upload = await begin(call, uploadData.value)
        await mkdir(folder, { recursive: true, mode: 0o700 })
        handle = await open(file, 'wx', 0o600)
      } else if (uploadData.case === 'uploadConfig') {
        checkSame(upload, uploadData.value)
      } else if (uploadData.case === 'contentPart') {
        checkPart(upload, uploadData.value)
        await handle!.writeFile(uploadData.value.data)
        upload.received += uploadData.value.data.length
        upload.parts++
      } else {
        throw invalidModel('The message is empty; send an upload_config or a content_part.')
      }
      if (upload.received === upload.totalBytes) break
      yield progress(upload, StatusCode.UPLOAD_IN_PROGRESS)
    }
    if (!upload) throw invalidModel('The first message must be the upload_config.')
    if (upload.received < upload.totalBytes) {
      throw new AppError(
        StatusCode.MODEL_UPLOADING_FAILED,
        `The upload ended after ${upload.received} of ${upload.totalBytes} bytes; begin again.`,
      )
    }
    await finish(call, upload, file)
    // Clients of the newer kind wait for the version to leave MODEL_BUILDING, older ones for the end of the upload.
    yield progress(upload, upload.config.isV3 ? StatusCode.MODEL_BUILDING : StatusCode.UPLOAD_DONE)
  } catch (error) {
    throw translateWriteError(error)
  } finally {
    await handle?.close()
    await rm(file, { force: true })
  }
}

async function begin(call: Call, config: PostModelVersionsUploadConfig): Promise<Upload> {
  const model = await findOwnModel(call, config.modelId)
  if (config.totalSize < 1n || config.totalSize > BigInt(PACKAGE_BYTES_MAX)) {
    throw invalidModel(`total_size is ${config.totalSize}; use 1 to ${PACKAGE_BYTES_MAX} bytes.`)
  }
  const given = config.modelVersion ?? create(ModelVersionSchema)
  if (given.id !== '') {
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      `There is no unfinished upload of a version '${given.id}'; begin again without model_version.id.`,
    )
  }
  const version = await checkVersion(call, model, given, true)
  // Its presence tells that the version is a model file; where it came from was this stream.
  version.message.pretrainedModelConfig ??= create(PretrainedModelConfigSchema)
  version.message.pretrainedModelConfig.modelZipUrl = ''
  return { config, model, version, versionId: newId(), totalBytes: Number(config.totalSize), received: 0, parts: 0 }
}

const conflict = (details: string): AppError => new AppError(StatusCode.UPLOAD_CONFLICT, details)

/** A client that lost count sends the config again and goes on with what the answer says is missing. */
function checkSame({ config, versionId }: Upload, again: PostModelVersionsUploadConfig): void {
  const id = again.modelVersion?.id ?? ''
  const same = again.modelId === config.modelId && again.totalSize === config.totalSize
  if (same && (id === '' || id === versionId)) return
  throw conflict('A stream takes one model; open another stream for another upload.')
}

function checkPart({ parts, received, totalBytes }: Upload, { data, partNumber, rangeStart }: UploadContentPart): void {
  if (partNumber !== BigInt(parts + 1)) {
    throw conflict(`The part has the number ${partNumber}; the next one is ${parts + 1}.`)
  }
  if (rangeStart !== BigInt(received)) {
    throw conflict(`Part ${partNumber} begins at ${rangeStart}, but ${received} bytes have been received.`)
  }
  if (data.length === 0) throw conflict(`Part ${partNumber} is empty.`)
  if (received + data.length > totalBytes) {
    throw conflict(`Part ${partNumber} ends behind the ${totalBytes} bytes that were announced.`)
  }
}

async function finish(call: Call, { model, version, versionId }: Upload, file: string): Promise<void> {
  const { blobs, db } = call.services
  const blob = { ...(await blobs.put(createReadStream(file))), contentType: CONTENT_TYPE }
  await db.transact(async (tx) => {
    const row = await findRow(models, tx, model.place.app, model.row.id)
    await storeVersion(call, tx, row, version, { sent: { versionId, blob } })
  })
  models.hooks.afterCommit?.(call)
}

function progress({ received, totalBytes, versionId }: Upload, code: StatusCode): Answer {
  return {
    status: { code, percentCompleted: Math.floor((received / totalBytes) * 100) },
    bytesRemaining: BigInt(totalBytes - received),
    modelVersionId: versionId,
  }
}
