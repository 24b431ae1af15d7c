import type { Vault } from '../../base/vault.ts'
import { readAddress, type SourceAddress, type SourceCredentials } from '../../buckets/address.ts'
import { readServiceAccount } from '../../buckets/gcs.ts'
import type { DataSourceURL } from '../../contract/index.ts'
import { invalidInput } from '../inputs/problem.ts'
import { GCP_CREDS_BYTES_MAX, SOURCE_URL_CHARS_MAX } from './limits.ts'

/** What secrets of sources are sealed for. */
const CONTEXT = 'inputs-data-source'

/** Reads a source as it was sent; throws AppError 30106 for an address, 30104 for credentials that cannot be used. */
export function readSource(given: DataSourceURL | undefined): {
  readonly address: SourceAddress
  readonly credentials: SourceCredentials
} {
  const url = given?.url.trim() ?? ''
  if (url === '') throw invalidInput('A data source has no url; name a bucket or an archive.')
  if (url.length > SOURCE_URL_CHARS_MAX) throw invalidInput(`The url has more than ${SOURCE_URL_CHARS_MAX} characters.`)
  const credentials = readCredentials(given)
  return { address: readAddress(url, credentials), credentials }
}

function readCredentials(given: DataSourceURL | undefined): SourceCredentials {
  const { case: kind, value } = given?.credentials?.credentials ?? { case: undefined, value: undefined }
  if (kind === undefined) return { kind: 'none' }
  if (kind === 's3Creds') {
    const { region, id, secret, token } = value
    if (id === '' || secret === '') throw invalidInput('The s3_creds need an id and a secret.')
    if (!/^[a-z0-9-]*$/.test(region)) throw invalidInput(`'${region.slice(0, 64)}' is not the name of a region.`)
    return { kind: 's3', region, id, secret, token }
  }
  if (kind === 'gcpCreds') {
    if (value.length > GCP_CREDS_BYTES_MAX) throw invalidInput('The gcp_creds are too large for a service account.')
    return { kind: 'gcs', account: readServiceAccount(value) }
  }
  const { accountName, accountKey } = value
  if (!/^[a-z0-9]{3,24}$/.test(accountName))
    throw invalidInput('The account_name of the azure_blob_creds is not valid.')
  if (!/^[A-Za-z0-9+/]+=*$/.test(accountKey))
    throw invalidInput('The account_key of the azure_blob_creds is not base64.')
  return { kind: 'azure', account: accountName, key: accountKey }
}

/** A source as it is stored. */
export const sealSource = (vault: Vault, source: ReturnType<typeof readSource>): string =>
  vault.seal(JSON.stringify(source), CONTEXT)

/** A stored source; throws AppError 21350 where the key is not here. */
export const openSource = (vault: Vault, sealed: string): ReturnType<typeof readSource> =>
  JSON.parse(vault.open(sealed, CONTEXT)) as ReturnType<typeof readSource>

/** What the keys of all objects that are meant begin with. */
export const prefixOf = (address: SourceAddress): string => (address.provider === 'web' ? '' : address.prefix)
