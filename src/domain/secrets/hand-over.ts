import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { secrets as rows } from '../../store/repos/families.ts'
import { SECRETS_PARAM } from '../../workflow/runner.ts'
import type { Call } from '../call.ts'
import type { FoundModel } from '../models/resolve.ts'
import { contextOf } from './resource.ts'

/** The secrets that a version names. */
export const secretsOf = ({ version }: FoundModel): JsonValue | undefined => version.outputInfo?.params?.[SECRETS_PARAM]

/**
 * Named secrets with their values, as the SDK's runner puts them into the environment of a call. Those that are gone or
 * have expired are handed over without a value.
 */
export async function withValues(call: Call, ownerPk: number, named: JsonValue | undefined): Promise<JsonValue[]> {
  if (!Array.isArray(named)) return []
  const ids = named.flatMap((entry) => (isObject(entry) && typeof entry.id === 'string' ? [entry.id] : []))
  const stored = await rows.getMany(call.services.db.read, ownerPk, ids)
  const now = call.services.clock.now()
  return named.map((entry) => {
    const row = isObject(entry) ? stored.get(String(entry.id)) : undefined
    if (!row || (row.expires_at !== null && row.expires_at <= now)) return entry
    const value = call.services.vault.open(row.sealed, contextOf(ownerPk, row.id))
    return { env_var: row.id, ...(entry as JsonObject), secret_type: 'req', value }
  })
}

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
