import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { parseVaultKeys } from '../base/vault-key.ts'
import { type Bucket, readBucket } from './bucket.ts'
import { ConfigError } from './config-error.ts'
import { readSettings, SETTINGS, type SettingName } from './env.ts'
import { type NpmSettings, npmSettings } from './npm.ts'

export { ConfigError } from './config-error.ts'

/** All settings, checked and typed. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  readonly databaseUrl: string | undefined
  readonly tls: { readonly certFile: string; readonly keyFile: string } | undefined
  readonly publicUrl: string | undefined
  readonly firstUser: {
    readonly id: string
    readonly pat: string | undefined
    readonly email: string | undefined
    readonly password: string | undefined
  }
  readonly jsonNames: 'camel' | 'snake'
  readonly fetchAllow: readonly string[]
  readonly logLevel: string
  readonly workers: number
  readonly modelBytesMax: number
  readonly modelPull: boolean
  /** Whether the pool of workers is tuned to the models that it runs. */
  readonly tune: boolean
  readonly rateLimitPerSecond: number
  readonly requestBytesMax: number
  /** The bucket in which contents are kept; without one they are in the data folder. */
  readonly bucket: Bucket | undefined
  readonly blobCacheBytesMax: number
  /** How mails are sent; none are without. */
  readonly smtp: { readonly url: string; readonly from: string } | undefined
  /** Keys that seal stored secrets, the newest first; without them the data folder has its own. */
  readonly secretKeys: readonly Buffer[] | undefined
  /** Address of the hub for optional models, without a slash at the end. */
  readonly hub: string
  /** How model weights are fetched. */
  readonly npm: NpmSettings
}

/** Settings that no message repeats. */
const SECRETS: readonly SettingName[] = ['pat', 'password', 'smtpUrl', 'secretKey']
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const WORKERS_MAX = 64
const PAT = /^[\w.-]{8,128}$/
const MIB = 1024 * 1024

/** Reads the settings, refusing to go on with a sentence where one makes no sense. */
export function loadConfig(env: NodeJS.ProcessEnv, overrides: Partial<Record<SettingName, string>> = {}): Config {
  const text = readSettings(env, overrides)
  const fail = (name: SettingName, wanted: string): never => {
    const shown = SECRETS.includes(name) ? 'the value given' : `'${text[name]}'`
    throw new ConfigError(`${SETTINGS[name].env}: ${shown} is not usable; ${wanted}.`)
  }
  const integer = (name: SettingName, min: number, max: number): number => {
    const value = Number(text[name])
    return Number.isInteger(value) && value >= min && value <= max
      ? value
      : fail(name, `use a whole number from ${min} to ${max}`)
  }
  const choice = <T extends string>(name: SettingName, values: readonly T[]): T =>
    values.find((v) => v === text[name]) ?? fail(name, `use ${values.join(' or ')}`)

  if ((text.tlsCert === undefined) !== (text.tlsKey === undefined)) {
    throw new ConfigError('LIMPID_TLS_CERT and LIMPID_TLS_KEY go together; set both or neither.')
  }
  if (text.databaseUrl !== undefined && !/^postgres(ql)?:\/\//.test(text.databaseUrl))
    fail('databaseUrl', 'use a postgres:// URL')
  if (text.publicUrl !== undefined && !/^https?:\/\/[^/]+$/.test(text.publicUrl))
    fail('publicUrl', 'use an origin such as https://ai.example.org')
  if (!/^https?:\/\/[^/?#]+(\/[^?#]*)?$/.test(text.hub!)) fail('hub', 'use an address such as https://hub.example.org')
  if (text.pat !== undefined && !PAT.test(text.pat)) fail('pat', 'use 8 to 128 letters, digits, ".", "_" or "-"')
  if (text.blobs !== 'file' && !text.blobs!.startsWith('s3://')) fail('blobs', 'use file or s3://bucket/prefix')
  if ((text.smtpUrl === undefined) !== (text.smtpFrom === undefined)) {
    throw new ConfigError('LIMPID_SMTP_URL and LIMPID_SMTP_FROM go together; set both or neither.')
  }
  if (text.smtpUrl !== undefined && !/^smtps?:\/\/[^/]+\/?$/.test(text.smtpUrl))
    fail('smtpUrl', 'use smtp://user:password@host:port or smtps://user:password@host:port')
  const secretKeys = text.secretKey === undefined ? undefined : parseVaultKeys(text.secretKey)
  if (text.secretKey !== undefined && !secretKeys)
    fail('secretKey', 'use 64 hexadecimal digits, as openssl rand -hex 32 makes them')
  const workers = integer('workers', 0, WORKERS_MAX)
  return Object.freeze({
    port: integer('port', 0, 65535),
    host: text.host!,
    dataDir: resolve(text.dataDir!),
    databaseUrl: text.databaseUrl,
    tls: text.tlsCert === undefined ? undefined : { certFile: text.tlsCert, keyFile: text.tlsKey! },
    publicUrl: text.publicUrl,
    firstUser: { id: text.user!, pat: text.pat, email: text.email, password: text.password },
    jsonNames: choice('jsonNames', ['camel', 'snake'] as const),
    fetchAllow: (text.fetchAllow ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
    logLevel: choice('log', LOG_LEVELS),
    workers: workers || availableParallelism(),
    modelBytesMax: integer('modelMemoryMb', 16, 1_000_000) * MIB,
    tune: choice('tune', ['idle', 'off']) === 'idle',
    modelPull: choice('modelPull', ['on', 'off'] as const) === 'on',
    rateLimitPerSecond: integer('rateLimit', 0, 1_000_000),
    smtp: text.smtpUrl === undefined ? undefined : { url: text.smtpUrl, from: text.smtpFrom! },
    secretKeys,
    hub: text.hub!.replace(/\/+$/, ''),
    npm: npmSettings(env),
    bucket: text.blobs === 'file' ? undefined : readBucket(text.blobs!, text.s3Endpoint, env),
    blobCacheBytesMax: integer('blobCacheMb', 1, 10_000_000) * MIB,
    requestBytesMax: integer('requestMb', 1, 1024) * MIB,
  })
}
