import { createHmac, createVerify, generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A service with files that a test may make fail. */
export interface BucketServer extends AsyncDisposable {
  readonly url: string
  readonly files: Map<string, Uint8Array>
  readonly asked: string[]
  /** Answers instead of the service where it returns an HTTP status. */
  fail: (path: string) => number | undefined
}

/** Objects of a page, so few that lists have several. */
const PAGE = 2

async function listen(
  answer: (req: IncomingMessage, url: URL, res: ServerResponse, server: BucketServer) => Promise<void> | void,
): Promise<BucketServer> {
  const server: Server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', made.url)
    made.asked.push(url.pathname + url.search)
    const status = made.fail(url.pathname + url.search)
    if (status !== undefined) {
      res.writeHead(status).end('<Error><Message>The test wants it so.</Message></Error>')
      return
    }
    void Promise.resolve(answer(req, url, res, made)).catch((error: unknown) => res.writeHead(500).end(String(error)))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const made: BucketServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: new Map(),
    asked: [],
    fail: () => undefined,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
  return made
}

function page(
  files: BucketServer['files'],
  prefix: string,
  token: string,
  size = PAGE,
): { names: string[]; next: string } {
  const all = [...files.keys()].filter((name) => name.startsWith(prefix)).sort()
  const start = token === '' ? 0 : Number(token)
  return {
    names: all.slice(start, start + size),
    next: start + size < all.length ? String(start + size) : '',
  }
}

const EMAIL = 'reader@test.iam.gserviceaccount.com'

/** Speaks the JSON interface of Google Cloud Storage, and gives tokens for the key of its one account. */
export async function startGcs(bucket: string): Promise<BucketServer & { readonly creds: Buffer }> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const token = 'a-token-of-this-server'
  const server = await listen(async (req, url, res, { files }) => {
    if (url.pathname === '/token') {
      const form = new URLSearchParams((await buffer(req)).toString())
      const [head = '', claims = '', signature = ''] = form.get('assertion')?.split('.') ?? []
      const { iss, scope, aud, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
      const good =
        form.get('grant_type') === 'urn:ietf:params:oauth:grant-type:jwt-bearer' &&
        createVerify('sha256').update(`${head}.${claims}`).verify(publicKey, signature, 'base64url') &&
        iss === EMAIL &&
        aud === `${server.url}/token` &&
        scope.endsWith('devstorage.read_only') &&
        exp > Date.now() / 1000
      res.writeHead(good ? 200 : 401).end(JSON.stringify(good ? { access_token: token, expires_in: 3600 } : {}))
      return
    }
    if (req.headers.authorization !== `Bearer ${token}`)
      return void res.writeHead(401).end('{"error":{"message": "who?"}}')
    const root = `/storage/v1/b/${bucket}/o`
    if (url.pathname === root) {
      const { names, next } = page(files, url.searchParams.get('prefix') ?? '', url.searchParams.get('pageToken') ?? '')
      const items = names.map((name) => ({ name, size: String(files.get(name)!.length) }))
      res.end(JSON.stringify({ ...(items.length > 0 && { items }), ...(next && { nextPageToken: next }) }))
      return
    }
    const name = decodeURIComponent(url.pathname.slice(root.length + 1))
    const file = url.searchParams.get('alt') === 'media' ? files.get(name) : undefined
    res.writeHead(file ? 200 : 404).end(file)
  })
  const key = {
    type: 'service_account',
    client_email: EMAIL,
    private_key_id: 'k1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${server.url}/token`,
  }
  return Object.assign(server, { creds: Buffer.from(JSON.stringify(key)) })
}

/**
 * Speaks the lists of S3 with pages and tokens that mean nothing to others, which s3rver cannot under the OpenSSL of Node;
 * signatures are for s3rver to check.
 */
export function startS3Lists(bucket: string): Promise<BucketServer> {
  return listen((req, url, res, { files }) => {
    if (!req.headers.authorization?.startsWith('AWS4-HMAC-SHA256 ')) return void res.writeHead(403).end()
    if (url.pathname !== `/${bucket}`) {
      const file = files.get(decodeURIComponent(url.pathname.slice(bucket.length + 2)))
      return void res.writeHead(file ? 200 : 404).end(file)
    }
    const { searchParams: query } = url
    const token = query.get('continuation-token') ?? ''
    const size = Math.min(1_000, Number(query.get('max-keys') ?? 1_000))
    const from = token === '' ? '' : Buffer.from(token, 'base64').toString().slice('from='.length)
    const { names, next } = page(files, query.get('prefix') ?? '', from, size)
    const contents = names.map((name) => {
      const key = query.get('encoding-type') === 'url' ? encodeURIComponent(name) : escapeXml(name)
      return `<Contents><Key>${key}</Key><Size>${files.get(name)!.length}</Size></Contents>`
    })
    const more = Buffer.from(`from=${next}`).toString('base64')
    const rest =
      next === '' ? 'false</IsTruncated>' : `true</IsTruncated><NextContinuationToken>${more}</NextContinuationToken>`
    const encoding = query.get('encoding-type') ? '<EncodingType>url</EncodingType>' : ''
    res.end(
      `<?xml version="1.0"?><ListBucketResult>${encoding}${contents.join('')}<IsTruncated>${rest}</ListBucketResult>`,
    )
  })
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** Speaks the REST interface of Azure Blob Storage, with the account in the path, and checks signatures by account key. */
export async function startAzure(
  account: string,
  container: string,
): Promise<BucketServer & { readonly accountKey: string; readonly signature: string }> {
  const accountKey = Buffer.from('an account key of a test').toString('base64')
  const signature = 'sv=2021-08-06&sp=rl&sig=abc%2Bdef'
  const root = `/${account}/${container}`
  const server = await listen((req, url, res, { files }) => {
    const shared = url.search.endsWith(signature)
    if (!shared && req.headers.authorization !== expected(req, url)) {
      return void res.writeHead(403).end('<Error><Message>Server failed to authenticate the request.</Message></Error>')
    }
    if (
      url.pathname === root &&
      url.searchParams.get('comp') === 'list' &&
      url.searchParams.get('restype') === 'container'
    ) {
      const { names, next } = page(files, url.searchParams.get('prefix') ?? '', url.searchParams.get('marker') ?? '')
      const blobs = names.map(
        (name) =>
          `<Blob><Name>${escapeXml(name)}</Name><Properties><Content-Length>${files.get(name)!.length}</Content-Length></Properties></Blob>`,
      )
      res.end(
        `<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>${blobs.join('')}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`,
      )
      return
    }
    const file = files.get(decodeURIComponent(url.pathname.slice(root.length + 1)))
    res.writeHead(file ? 200 : 404).end(file)
  })
  // Written from the rules for Shared Key of the service, for a GET without a body.
  function expected(req: IncomingMessage, url: URL): string {
    const query = [...new Set(url.searchParams.keys())].sort().map((name) => `\n${name}:${url.searchParams.get(name)}`)
    const text =
      `GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:${req.headers['x-ms-date']}\nx-ms-version:${req.headers['x-ms-version']}\n` +
      `/${account}${url.pathname}${query.join('')}`
    const mac = createHmac('sha256', Buffer.from(accountKey, 'base64')).update(text).digest('base64')
    return `SharedKey ${account}:${mac}`
  }
  return Object.assign(server, { accountKey, signature })
}
