import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { parseUrl } from '../fetch/url.ts'

/** What opens a source. */
export type SourceCredentials =
  | { readonly kind: 'none' }
  | {
      readonly kind: 's3'
      readonly region: string
      readonly id: string
      readonly secret: string
      readonly token: string
    }
  | { readonly kind: 'gcs'; readonly account: ServiceAccount }
  | { readonly kind: 'azure'; readonly account: string; readonly key: string }

/** The parts of a Google service account's key that matter. */
export interface ServiceAccount {
  readonly client_email: string
  readonly private_key: string
  readonly private_key_id: string
  readonly token_uri: string
}

/** What an address means: the objects of a bucket whose keys begin so, or one file anywhere. */
export type SourceAddress =
  | {
      readonly provider: 's3'
      /** Address of the bucket, without a slash at its end. */
      readonly bucketUrl: string
      readonly prefix: string
      readonly region: string
    }
  | { readonly provider: 'gcs'; readonly origin: string; readonly bucket: string; readonly prefix: string }
  | {
      readonly provider: 'azure'
      readonly containerUrl: string
      readonly prefix: string
      /** A shared access signature, as the part of the address behind `?`; or empty. */
      readonly signature: string
    }
  | { readonly provider: 'web'; readonly url: string }

const S3_REGION_DEFAULT = 'us-east-1'
const GOOGLE = 'https://storage.googleapis.com'
const BUCKET_NAME = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/i

const badAddress = (details: string): AppError => new AppError(StatusCode.INPUT_INVALID_URL, details)

/**
 * Reads the address of a source as people write it: `s3://bucket/prefix`, `gs://bucket/prefix`, the https addresses of the
 * three providers, with credentials any server that speaks like one of them (`https://host/bucket/prefix`, for Azure
 * `https://host/account/container/prefix`), or the address of one file. Throws AppError 30106.
 */
export function readAddress(text: string, credentials: SourceCredentials): SourceAddress {
  const trimmed = text.trim()
  const [, scheme, rest] = /^(s3|gs):\/{1,3}(.*)$/is.exec(trimmed) ?? []
  if (scheme !== undefined) {
    const { bucket, prefix } = splitPath(rest!)
    if (scheme.toLowerCase() === 'gs') return { provider: 'gcs', origin: GOOGLE, bucket, prefix }
    const region = regionOf(credentials)
    return { provider: 's3', bucketUrl: addressAtAws(bucket, region), prefix, region }
  }
  const url = parseUrl(trimmed)
  return byHost(url, credentials) ?? byCredentials(url, credentials) ?? { provider: 'web', url: url.href }
}

const regionOf = (credentials: SourceCredentials): string =>
  (credentials.kind === 's3' && credentials.region) || S3_REGION_DEFAULT

/** A bucket with a dot in its name has no valid certificate for a host name of its own. */
function addressAtAws(bucket: string, region: string): string {
  const host = `s3.${region}.amazonaws.com`
  return bucket.includes('.') ? `https://${host}/${bucket}` : `https://${bucket}.${host}`
}

/** Addresses that tell their provider by themselves. One with a signature of its own is that of a file. */
function byHost(url: URL, credentials: SourceCredentials): SourceAddress | undefined {
  const { hostname, pathname, search } = url
  if (/(^|\.)s3[.-]([a-z0-9-]+\.)?amazonaws\.com$/.test(hostname) && search === '') return atAws(url, credentials)
  if (hostname === 'storage.googleapis.com' || hostname === 'storage.cloud.google.com') {
    return search === '' ? { provider: 'gcs', origin: GOOGLE, ...splitPath(decode(pathname)) } : undefined
  }
  if (hostname.endsWith('.storage.googleapis.com') && search === '') {
    const bucket = hostname.slice(0, -'.storage.googleapis.com'.length)
    return { provider: 'gcs', origin: GOOGLE, bucket, prefix: decode(pathname.slice(1)) }
  }
  if (/\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)$/.test(hostname)) {
    const { bucket, prefix } = splitPath(decode(pathname))
    return { provider: 'azure', containerUrl: `${url.origin}/${bucket}`, prefix, signature: search.slice(1) }
  }
  return undefined
}

function atAws(url: URL, credentials: SourceCredentials): SourceAddress {
  const [, name, , given] = /^(?:(.+)\.)?s3([.-]([a-z0-9-]+))?\.amazonaws\.com$/.exec(url.hostname) ?? []
  const region = given ?? regionOf(credentials)
  if (name !== undefined) {
    return { provider: 's3', bucketUrl: url.origin, prefix: decode(url.pathname.slice(1)), region }
  }
  const { bucket, prefix } = splitPath(decode(url.pathname))
  return { provider: 's3', bucketUrl: `${url.origin}/${bucket}`, prefix, region }
}

/** With credentials an address belongs to whatever they are for. */
function byCredentials(url: URL, credentials: SourceCredentials): SourceAddress | undefined {
  if (credentials.kind === 'none') return undefined
  const { bucket, prefix } = splitPath(decode(url.pathname))
  if (credentials.kind === 's3') {
    return { provider: 's3', bucketUrl: `${url.origin}/${bucket}`, prefix, region: regionOf(credentials) }
  }
  if (credentials.kind === 'gcs') return { provider: 'gcs', origin: url.origin, bucket, prefix }
  const named = bucket === credentials.account
  const within = named ? splitPath(prefix) : { bucket, prefix }
  const containerUrl = `${url.origin}/${named ? `${bucket}/` : ''}${within.bucket}`
  return { provider: 'azure', containerUrl, prefix: within.prefix, signature: '' }
}

function splitPath(path: string): { bucket: string; prefix: string } {
  const [bucket = '', ...rest] = path.replace(/^\/+/, '').split('/')
  if (!BUCKET_NAME.test(bucket)) {
    throw badAddress(`'${bucket.slice(0, 64)}' is not the name of a bucket; use s3://bucket/prefix or the like.`)
  }
  return { bucket, prefix: rest.join('/') }
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    throw badAddress('The path of the URL is not valid; escape what stands behind a percent sign.')
  }
}

/** What an address may be shown as: without what stands behind `?`, which may be a signature. */
export const shownAddress = (text: string): string => text.trim().replace(/[?#].*$/s, '')
