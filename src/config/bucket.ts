import { ConfigError } from './config-error.ts'

/** A bucket of S3 or of a service that speaks like it, with what signs requests to it. */
export interface Bucket {
  readonly bucket: string
  /** Address of the bucket, without a slash at its end. */
  readonly url: string
  /** Begins every key; empty, or with a slash at its end. */
  readonly prefix: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

const LOCATION = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([\w./=-]*))?$/
const ENDPOINT = /^https?:\/\/[^/?#]+$/
const DEFAULT_REGION = 'us-east-1'

/** Reads `s3://bucket/prefix`, an endpoint other than that of AWS, and the usual AWS variables. */
export function readBucket(location: string, endpoint: string | undefined, env: NodeJS.ProcessEnv): Bucket {
  const [, bucket, path = ''] = LOCATION.exec(location) ?? []
  if (bucket === undefined) {
    throw new ConfigError(`LIMPID_BLOBS: '${location}' is not usable; use file or s3://bucket/prefix.`)
  }
  if (endpoint !== undefined && !ENDPOINT.test(endpoint)) {
    throw new ConfigError(
      `LIMPID_S3_ENDPOINT: '${endpoint}' is not usable; use an origin such as https://s3.example.org.`,
    )
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) {
    throw new ConfigError('LIMPID_BLOBS names a bucket; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for it.')
  }
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || DEFAULT_REGION
  const prefix = path.replace(/^\/+|\/+$/g, '')
  return {
    bucket,
    url: endpoint ? `${endpoint}/${bucket}` : addressAtAws(bucket, region),
    prefix: prefix === '' ? '' : `${prefix}/`,
    region,
    accessKeyId,
    secretAccessKey,
    sessionToken: env.AWS_SESSION_TOKEN || undefined,
  }
}

/** A bucket with a dot in its name has no valid certificate for a host name of its own. */
function addressAtAws(bucket: string, region: string): string {
  const host = `s3.${region}.amazonaws.com`
  return bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`
}
