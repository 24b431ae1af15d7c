/** One setting: its environment variable, what it means, and its default as text. The `serve` flag is the kebab case. */
export interface Setting {
  readonly env: string
  readonly fallback?: string
  readonly help: string
}

/** Every setting of the program. Beside what npm hands over (npm.ts), nothing else of the environment counts. */
export const SETTINGS = {
  port: { env: 'PORT', fallback: '8080', help: 'one port for everything; 0 takes a free one' },
  host: { env: 'HOST', fallback: '127.0.0.1', help: 'address to listen on' },
  dataDir: { env: 'LIMPID_DATA_DIR', fallback: './data', help: 'embedded database, blobs and model cache' },
  databaseUrl: { env: 'DATABASE_URL', help: 'postgres://... switches to PostgreSQL' },
  blobs: {
    env: 'LIMPID_BLOBS',
    fallback: 'file',
    help: 'where contents are kept: file, or s3://bucket/prefix with the usual AWS variables',
  },
  s3Endpoint: { env: 'LIMPID_S3_ENDPOINT', help: 'address of an S3-compatible service other than that of AWS' },
  blobCacheMb: { env: 'LIMPID_BLOB_CACHE_MB', fallback: '4096', help: 'megabytes of local copies of contents in S3' },
  tlsCert: { env: 'LIMPID_TLS_CERT', help: 'PEM file; with the key, the port speaks TLS too' },
  tlsKey: { env: 'LIMPID_TLS_KEY', help: 'PEM file of the private key' },
  publicUrl: { env: 'LIMPID_PUBLIC_URL', help: 'origin used in hosted media URLs and redirects' },
  user: { env: 'LIMPID_USER', fallback: 'admin', help: 'id of the user that the first start creates' },
  pat: { env: 'LIMPID_PAT', help: 'personal access token that the first start creates; random by default' },
  email: { env: 'LIMPID_EMAIL', help: 'e-mail address with which that user logs in' },
  password: {
    env: 'LIMPID_PASSWORD',
    help: 'password with which that user logs in; without one POST /v2/login is refused',
  },
  secretKey: {
    env: 'LIMPID_SECRET_KEY',
    help: '64 hexadecimal digits that seal stored secrets, older keys after commas; by default secret.key in the data folder',
  },
  jsonNames: {
    env: 'LIMPID_JSON_NAMES',
    fallback: 'camel',
    help: 'casing of JSON answers without a hint: camel or snake',
  },
  fetchAllow: {
    env: 'LIMPID_FETCH_ALLOW',
    help: 'comma list of hosts, host:port or CIDR that URL fetching may reach although private',
  },
  log: { env: 'LIMPID_LOG', fallback: 'info', help: 'pino level' },
  workers: { env: 'LIMPID_WORKERS', fallback: '0', help: 'inference worker processes; 0 means one per core' },
  modelMemoryMb: {
    env: 'LIMPID_MODEL_MEMORY_MB',
    fallback: '1024',
    help: 'megabytes of loaded models that each worker keeps',
  },
  tune: {
    env: 'LIMPID_TUNE',
    fallback: 'idle',
    help: 'idle: finds out, when nothing is asked, how many threads, workers and inputs at once suit each model here; off: never',
  },
  modelPull: {
    env: 'LIMPID_MODEL_PULL',
    fallback: 'on',
    help: 'on: the first prediction fetches the weights it needs; off: answers which command fetches them',
  },
  smtpUrl: {
    env: 'LIMPID_SMTP_URL',
    help: 'smtp://user:password@host:port or smtps://...; sends what email nodes say',
  },
  smtpFrom: { env: 'LIMPID_SMTP_FROM', help: 'address that these mails come from' },
  hub: {
    env: 'LIMPID_HUB',
    fallback: 'https://huggingface.co',
    help: 'address of the hub, or of a mirror, that optional models are fetched from',
  },
  rateLimit: { env: 'LIMPID_RATE_LIMIT', fallback: '0', help: 'requests per second and key; 0 is no limit' },
  requestMb: { env: 'LIMPID_REQUEST_MB', fallback: '256', help: 'largest request in megabytes' },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SETTINGS

/** Values of all settings as text: a given override, else the environment, else the default. */
export function readSettings(
  env: NodeJS.ProcessEnv,
  overrides: Partial<Record<SettingName, string>> = {},
): Partial<Record<SettingName, string>> {
  const result: Partial<Record<SettingName, string>> = {}
  for (const [name, setting] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    const value = overrides[name] ?? (env[setting.env] || undefined) ?? setting.fallback
    if (value !== undefined) result[name] = value
  }
  return result
}
