import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { ModelVersion } from '../../contract/index.ts'
import { parseUrl } from '../../fetch/url.ts'
import { OIP_TYPES, OPENAI_TYPES } from '../../remote/served-types.ts'
import type { RemoteSettings } from '../../workflow/remote.ts'
import { invalidModel } from './checks.ts'
import * as limits from './limits.ts'

/** Parameter of a version that holds its connection settings. */
const NAME = 'remote'
const PATH = `output_info.params.${NAME}`

const TYPES: Readonly<Record<RemoteSettings['runtime'], readonly string[]>> = { openai: OPENAI_TYPES, oip: OIP_TYPES }
const KNOWN = [
  'runtime',
  'base_url',
  'model',
  'model_version',
  'api_key',
  'timeout_ms',
  'max_retries',
  'max_concurrency',
  'body',
]

/** Whether parameters say that another server runs the model. */
export const isRemote = (params: JsonObject | undefined): boolean => params?.[NAME] !== undefined

/** Parameters without connection settings, as engines and callers may have them. */
export function withoutRemote(params: JsonObject): JsonObject {
  if (!isRemote(params)) return params
  const { [NAME]: _settings, ...rest } = params
  return rest
}

/** Takes the key out of connection settings that are about to be answered; strangers see only that there are some. */
export function withoutKey(params: JsonObject, isInsider: boolean): JsonObject {
  const settings = params[NAME]
  if (!isObject(settings)) return params
  const { api_key: _key, ...shown } = settings
  return { ...params, [NAME]: isInsider ? shown : { runtime: shown.runtime ?? '' } }
}

/** Parameters with the key of the remote server replaced by what `change` makes of it; the same ones without a key. */
export function changeKey(params: JsonObject, change: (key: string, origin: string) => string): JsonObject {
  const settings = params[NAME]
  const key = isObject(settings) ? settings.api_key : undefined
  if (!isObject(settings) || !isObject(key)) return params
  const { secret, origin } = key
  if (typeof secret !== 'string' || typeof origin !== 'string') return params
  return { ...params, [NAME]: { ...settings, api_key: { secret: change(secret, origin), origin } } }
}

/**
 * Parameters with their connection settings checked, completed and ready to be stored. The key is bound to the server
 * it was given for: who changes `base_url` afterwards must bring a key of his own. Throws AppError 21202.
 */
export function checkRemote(params: JsonObject, typeId: string): JsonObject {
  if (!isRemote(params)) return params
  const given = params[NAME]
  if (!isObject(given)) throw wrong('', 'an object such as {"runtime": "openai", "base_url": ..., "model": ...}')
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) throw invalidModel(`There is no ${PATH}.${unknown}; use ${KNOWN.join(', ')}.`)
  const { runtime } = given
  if (runtime !== 'openai' && runtime !== 'oip') throw wrong('runtime', "'openai' or 'oip'")
  if (!TYPES[runtime].includes(typeId)) {
    throw invalidModel(`${PATH}.runtime '${runtime}' serves the types ${TYPES[runtime].join(', ')}, not ${typeId}.`)
  }
  const baseUrl = baseUrlOf(given.base_url)
  const { body = {} } = given
  if (!isObject(body) || JSON.stringify(body).length > limits.REMOTE_BODY_MAX) {
    throw wrong('body', `an object of at most ${limits.REMOTE_BODY_MAX} characters`)
  }
  const checked: JsonObject = {
    runtime,
    base_url: baseUrl.href.replace(/\/+$/, ''),
    model: textOf(given, 'model', 1),
    model_version: textOf(given, 'model_version', 0),
    timeout_ms: countOf(given, 'timeout_ms', limits.REMOTE_TIMEOUT_MS),
    max_retries: countOf(given, 'max_retries', limits.REMOTE_RETRIES),
    max_concurrency: countOf(given, 'max_concurrency', limits.REMOTE_CONCURRENCY),
    body,
  }
  const key = keyOf(given.api_key, baseUrl.origin)
  return { ...params, [NAME]: key === undefined ? checked : { ...checked, api_key: key } }
}

/** The connection settings of a stored version, or undefined for a version that runs here. */
export function remoteSettings(typeId: string, version: ModelVersion): RemoteSettings | undefined {
  const stored = version.outputInfo?.params?.[NAME]
  if (!isObject(stored)) return undefined
  const key = stored.api_key
  return {
    runtime: stored.runtime === 'oip' ? 'oip' : 'openai',
    modelTypeId: typeId,
    versionId: version.id,
    baseUrl: String(stored.base_url),
    model: String(stored.model),
    modelVersion: String(stored.model_version),
    apiKey: isObject(key) ? String(key.secret) : '',
    timeoutMs: Number(stored.timeout_ms),
    maxRetries: Number(stored.max_retries),
    maxConcurrency: Number(stored.max_concurrency),
    body: isObject(stored.body) ? stored.body : {},
    inputFields: mapOf(version.inputInfo?.fieldsMap),
    outputFields: mapOf(version.outputInfo?.fieldsMap),
  }
}

function baseUrlOf(given: JsonValue | undefined): URL {
  if (typeof given !== 'string') throw wrong('base_url', 'a text such as https://llm.example.org/v1')
  let url: URL
  try {
    url = parseUrl(given)
  } catch (error) {
    if (error instanceof AppError) throw invalidModel(`${PATH}.base_url: ${error.details}`)
    throw error
  }
  // Queries are where keys are hidden, and this one would be shown.
  if (url.search !== '') throw wrong('base_url', 'a URL without a query; keys go into api_key')
  return url
}

/** A key comes as a text and is kept with the server it belongs to. */
function keyOf(given: JsonValue | undefined, origin: string): JsonObject | undefined {
  if (given === undefined || given === null || given === '') return undefined
  if (typeof given === 'string') {
    if (!/^[\x21-\x7e]+$/.test(given) || given.length > limits.REMOTE_KEY_MAX) {
      throw wrong('api_key', `a text of 1 to ${limits.REMOTE_KEY_MAX} letters, digits and signs without blanks`)
    }
    return { secret: given, origin }
  }
  const { secret, origin: bound } = isObject(given) ? given : {}
  if (typeof secret !== 'string') throw wrong('api_key', 'a text')
  if (bound === origin) return { secret, origin }
  throw invalidModel(`${PATH}.base_url names another server than the api_key was given for; give the api_key again.`)
}

function textOf(given: JsonObject, name: string, min: number): string {
  const text = given[name] ?? ''
  if (typeof text === 'string' && text.length >= min && text.length <= limits.REMOTE_NAME_MAX) return text
  throw wrong(name, `a text of ${min} to ${limits.REMOTE_NAME_MAX} characters`)
}

function countOf(given: JsonObject, name: string, { otherwise, min, max }: limits.Bounds): number {
  const value = given[name] ?? otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
  throw wrong(name, `a whole number from ${min} to ${max}`)
}

const mapOf = (map: JsonObject | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(map ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )

const wrong = (name: string, wanted: string): AppError =>
  invalidModel(`${PATH}${name === '' ? '' : `.${name}`} must be ${wanted}.`)

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
