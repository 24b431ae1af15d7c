import type { ModelVersion } from '../../contract/index.ts'
import { secretParams, typeEntry } from '../../workflow/model-types/index.ts'
import { withoutKey } from './remote.ts'
import { withoutSignature } from './upload-request.ts'

/** Takes the key of a remote server and parameters that the type calls secret out of a version about to be answered; they are never shown again. */
export function withoutSecrets(typeId: string, version: ModelVersion, isInsider: boolean): ModelVersion {
  withoutSignature(version)
  const params = version.outputInfo?.params
  if (!params) return version
  const entry = typeEntry(typeId)
  if (entry) for (const name of secretParams(entry.type)) delete params[name]
  version.outputInfo!.params = withoutKey(params, isInsider)
  return version
}
