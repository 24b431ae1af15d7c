import type { JsonObject } from '@bufbuild/protobuf'
import type { Vault } from '../../base/vault.ts'
import type { ModelVersion } from '../../contract/index.ts'
import { secretParams, typeEntry } from '../../workflow/model-types/index.ts'
import { changeKey, withoutKey } from './remote.ts'
import { withoutSignature } from './upload-request.ts'

const PREFIX = 'output_info.params.'

/** Takes the key of a remote server and parameters that the type calls secret out of a version about to be answered; they are never shown again. */
export function withoutSecrets(typeId: string, version: ModelVersion, isInsider: boolean): ModelVersion {
  withoutSignature(version)
  const params = version.outputInfo?.params
  if (!params) return version
  for (const name of secretsOf(typeId)) delete params[name]
  version.outputInfo!.params = withoutKey(params, isInsider)
  return version
}

/** The version with its secrets sealed, as it is stored; those that are sealed already come under the newest key. */
export const sealSecrets = (vault: Vault, typeId: string, version: ModelVersion): ModelVersion =>
  changeSecrets(typeId, version, (text, context) => vault.reseal(text, context))

/** The version with its secrets readable, for what runs it. Throws AppError 21350 when they cannot be opened here. */
export const openSecrets = (vault: Vault, typeId: string, version: ModelVersion): ModelVersion =>
  changeSecrets(typeId, version, (text, context) => vault.open(text, context))

/** Names of the parameters of a type that are secret. */
export function secretsOf(typeId: string): string[] {
  const entry = typeEntry(typeId)
  return entry ? secretParams(entry.type) : []
}

/** A copy of the version with each secret changed; the same version when it has none. */
function changeSecrets(
  typeId: string,
  version: ModelVersion,
  change: (text: string, context: string) => string,
): ModelVersion {
  const info = version.outputInfo
  if (!info?.params) return version
  let params: JsonObject = changeKey(info.params, (key, origin) => change(key, `${PREFIX}remote ${origin}`))
  for (const name of secretsOf(typeId)) {
    const text = params[name]
    if (typeof text === 'string' && text !== '') params = { ...params, [name]: change(text, PREFIX + name) }
  }
  return params === info.params ? version : { ...version, outputInfo: { ...info, params } }
}
