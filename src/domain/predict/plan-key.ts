import { createHash } from 'node:crypto'
import type { OutputConfig } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import type { Call } from '../call.ts'

/** Longest key that is kept as it is, in characters; callers decide how long their settings are. */
const KEY_LENGTH_MAX = 512

/**
 * Name of a plan among all plans: what is to be run, under which settings, for whom and from where, since what a
 * caller may see decides which models and versions he gets.
 */
export function planKey(
  { principal, target }: Pick<Call, 'principal' | 'target'>,
  kind: 'model' | 'workflow',
  named: readonly (string | boolean)[],
  outputConfig: OutputConfig | undefined,
  params?: object,
): string {
  const caller = [principal.user?.pk, principal.app?.pk]
  const place = [target.user?.pk, target.app?.pk, target.rights]
  const settings = [outputConfig === undefined ? '' : encodeDoc(outputConfig), params ?? {}]
  const key = JSON.stringify([kind, caller, place, named, settings])
  return key.length > KEY_LENGTH_MAX ? createHash('sha256').update(key).digest('base64') : key
}
