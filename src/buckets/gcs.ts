import { createPrivateKey, sign as signBytes } from 'node:crypto'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { ServiceAccount, SourceAddress, SourceCredentials } from './address.ts'
import type { Bucket } from './bucket.ts'
import { getContent, getText, type Sign } from './http.ts'
import { LIST_PAGE_MAX, TOKEN_BYTES_MAX, TOKEN_MARGIN_SECONDS, TOKEN_SECONDS } from './limits.ts'
import { ServiceRefused } from './refused.ts'
import { unsigned } from './s3.ts'

const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_only'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

interface ListAnswer {
  readonly items?: readonly { readonly name: string; readonly size?: string }[]
  readonly nextPageToken?: string
}

/** Objects in Google Cloud Storage, by its JSON interface. */
export function gcsBucket(
  fetcher: Fetcher,
  { origin, bucket, prefix }: Extract<SourceAddress, { provider: 'gcs' }>,
  credentials: SourceCredentials,
): Bucket {
  const sign = credentials.kind === 'gcs' ? bearer(fetcher, credentials.account) : undefined
  const objects = `${origin}/storage/v1/b/${encodeURIComponent(bucket)}/o`
  return {
    async list(token, signal) {
      const query = new URLSearchParams({
        prefix,
        maxResults: String(LIST_PAGE_MAX),
        fields: 'items(name,size),nextPageToken',
      })
      if (token !== undefined) query.set('pageToken', token)
      const page = readJson<ListAnswer>(await getText(fetcher, `${objects}?${query}`, sign ?? unsigned, signal))
      const found = (page.items ?? []).map(({ name, size }) => ({ key: name, size: Number(size ?? 0) }))
      return { objects: found, ...(page.nextPageToken && { next: page.nextPageToken }) }
    },
    read: (key, options) => getContent(fetcher, `${objects}/${encodeURIComponent(key)}?alt=media`, sign, options),
  }
}

/** Reads the key of a service account; throws AppError 30104 where it is none. */
export function readServiceAccount(bytes: Uint8Array): ServiceAccount {
  try {
    const {
      client_email,
      private_key,
      private_key_id = '',
      token_uri,
    } = JSON.parse(Buffer.from(bytes).toString('utf8')) as ServiceAccount
    if ([client_email, private_key, private_key_id, token_uri].some((text) => typeof text !== 'string'))
      throw new Error()
    if (createPrivateKey(private_key).asymmetricKeyType !== 'rsa') throw new Error()
    return { client_email, private_key, private_key_id, token_uri }
  } catch {
    throw new AppError(
      StatusCode.INPUT_INVALID_ARGUMENT,
      'The gcp_creds are not the key of a service account; send the JSON file that Google gave you.',
    )
  }
}

/** Asks for a token with the key of a service account, once for all requests until it ends. */
function bearer(fetcher: Fetcher, account: ServiceAccount): Sign {
  let token: { readonly text: string; readonly until: number } | undefined
  return async () => {
    const now = Math.floor(Date.now() / 1000)
    if (!token || token.until - TOKEN_MARGIN_SECONDS <= now) {
      token = { text: await fetchToken(fetcher, account, now), until: now + TOKEN_SECONDS }
    }
    return { authorization: `Bearer ${token.text}` }
  }
}

async function fetchToken(fetcher: Fetcher, account: ServiceAccount, now: number): Promise<string> {
  const { client_email, private_key, private_key_id, token_uri } = account
  const head = { alg: 'RS256', typ: 'JWT', ...(private_key_id && { kid: private_key_id }) }
  const claims = { iss: client_email, scope: SCOPE, aud: token_uri, iat: now, exp: now + TOKEN_SECONDS }
  const text = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const assertion = `${text}.${signBytes('sha256', Buffer.from(text), private_key).toString('base64url')}`
  const answer = await fetcher.send(token_uri, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
    maxResponseBytes: TOKEN_BYTES_MAX,
  })
  const body = answer.body.toString('utf8')
  if (answer.status !== 200) throw new ServiceRefused('The service account', answer.status, body)
  const { access_token } = readJson<{ access_token?: unknown }>(body)
  if (typeof access_token !== 'string') throw new ServiceRefused('The service account', answer.status, '')
  return access_token
}

function readJson<T>(text: string): T {
  try {
    return JSON.parse(text) as T
  } catch {
    throw new ServiceRefused('The list', 200, '')
  }
}
