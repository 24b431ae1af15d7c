import type { JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { toResolved } from '../../predict/runnable.ts'
import type { FoundModel } from '../resolve.ts'

/** The parameters of the linear head that a version is; undefined for other versions. */
export function exportableHead(found: FoundModel): JsonObject | undefined {
  const params = found.version.outputInfo?.params
  const isHead = toResolved(found).engine === 'embedding-classifier' && params?.weights !== undefined
  return isHead ? params : undefined
}

/** Refuses a version that cannot be written as a file: not trained, built in, of another server, an operator. */
export function checkExportable(found: FoundModel): void {
  const { modelId, version, files } = found
  if (version.status?.code !== StatusCode.MODEL_TRAINED) {
    throw new AppError(
      StatusCode.MODEL_UNTRAINED,
      `The version '${version.id}' of the model '${modelId}' is not trained; wait until its status is 21100.`,
    )
  }
  if (exportableHead(found) || (files.model && files.layers)) return
  throw new AppError(
    StatusCode.MODEL_INVALID_REQUEST,
    `The model '${modelId}' has no weights of its own that could be exported; export one that was trained here or uploaded.`,
  )
}
