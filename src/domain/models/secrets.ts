import { ModelTypeField_ModelTypeFieldType as Kind, type ModelVersion } from '../../contract/index.ts'
import { typeEntry } from '../../workflow/model-types/index.ts'
import { withoutKey } from './remote.ts'
import { withoutSignature } from './upload-request.ts'

const PREFIX = 'output_info.params.'

/** Takes the key of a remote server and parameters that the type calls secret out of a version about to be answered; they are never shown again. */
export function withoutSecrets(typeId: string, version: ModelVersion, isInsider: boolean): ModelVersion {
  withoutSignature(version)
  const params = version.outputInfo?.params
  if (!params) return version
  for (const { path, fieldType } of typeEntry(typeId)?.type.modelTypeFields ?? []) {
    if (fieldType === Kind.ENCRYPTED_STRING && path.startsWith(PREFIX)) delete params[path.slice(PREFIX.length)]
  }
  version.outputInfo!.params = withoutKey(params, isInsider)
  return version
}
