import type { JsonObject } from '@bufbuild/protobuf'
import { isAppError } from '../../base/errors.ts'
import { type ModelVersion, PretrainedModelConfigSchema } from '../../contract/index.ts'
import { Scope } from '../../contract/methods.ts'
import { checkFieldMaps } from '../../engines/onnx-model/bind.ts'
import { isUploadType, MODEL_TYPES, namesClasses } from '../../engines/onnx-model/layers.ts'
import { readParamSpecs } from '../../engines/onnx-model/param-specs.ts'
import { readUploadSettings } from '../../engines/onnx-model/settings.ts'
import { parseUrl } from '../../fetch/url.ts'
import { demandScope } from '../access/demand.ts'
import type { Call } from '../call.ts'
import { withoutFields } from '../resource/fields.ts'
import { invalidModel } from './checks.ts'
import { bringsHead } from './head.ts'
import { isRemote } from './remote.ts'

/**
 * Checks what can be known at once of a version whose model the caller brings: `url` says that it is to be fetched from
 * `model_zip_url`. Throws AppError 21202, 10012 for a key that may not add the concepts that labels stand for.
 */
export function checkUpload(call: Call, typeId: string, given: ModelVersion, from: 'url' | 'stream'): void {
  if (!isUploadType(typeId)) {
    throw invalidModel(
      `Models of the type '${typeId}' cannot be brought along; these can, as ONNX: ${MODEL_TYPES.join(', ')}.`,
    )
  }
  const params = given.outputInfo?.params ?? {}
  if (bringsHead(params) || isRemote(params)) {
    throw invalidModel('A version is either a model file, or weights in its parameters, or a remote model; choose one.')
  }
  const config = given.pretrainedModelConfig
  if (from === 'url') {
    if (!config?.modelZipUrl)
      throw invalidModel('Give the URL of the package in pretrained_model_config.model_zip_url.')
    asInvalid('pretrained_model_config.model_zip_url: ', () => parseUrl(config.modelZipUrl))
  }
  const { inputMap, outputMap } = fieldMaps(given)
  asInvalid('pretrained_model_config: ', () => checkFieldMaps(typeId, inputMap, outputMap))
  readParamSpecs(given.outputInfo?.paramsSpecs ?? [])
  readUploadSettings(given.inputInfo?.params ?? {}, params)
  const listed = given.outputInfo?.data?.concepts ?? []
  if (namesClasses(typeId) && listed.length === 0) demandScope(call.target, Scope.Concepts_Add)
}

/** The field maps of an upload; clients write them into the config of the upload or into the info of in- and output. */
export function fieldMaps({ pretrainedModelConfig: config, inputInfo, outputInfo }: ModelVersion): {
  inputMap: JsonObject
  outputMap: JsonObject
} {
  return {
    inputMap: config?.inputFieldsMap ?? inputInfo?.fieldsMap ?? {},
    outputMap: config?.outputFieldsMap ?? outputInfo?.fieldsMap ?? {},
  }
}

function asInvalid(prefix: string, check: () => unknown): void {
  try {
    check()
  } catch (error) {
    if (isAppError(error)) throw invalidModel(`${prefix}${error.details}`)
    throw error
  }
}

/** The version without what its URL may hide: signed links are secrets, so only host and path are ever shown. */
export function withoutSignature(version: ModelVersion): ModelVersion {
  const config = version.pretrainedModelConfig
  if (!config?.modelZipUrl) return version
  const kept = withoutFields(PretrainedModelConfigSchema, config, ['model_zip_url'])
  kept.modelZipUrl = config.modelZipUrl.replace(/[?#].*$/s, '')
  version.pretrainedModelConfig = kept
  return version
}
