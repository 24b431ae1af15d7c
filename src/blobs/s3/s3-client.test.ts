import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { it } from 'node:test'
import { isAppError } from '../../base/errors.ts'
import { S3Client, type S3Settings } from './s3-client.ts'

/** Calls against a service that answers as the test says, with the requests that came. */
async function against(
  answer: (req: IncomingMessage, res: ServerResponse, nth: number) => void,
  test: (client: S3Client, asked: IncomingMessage[]) => Promise<void>,
  more: Partial<S3Settings> = {},
): Promise<void> {
  const asked: IncomingMessage[] = []
  const server = createServer((req, res) => answer(req, res, asked.push(req)))
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/media`
  const keys = { region: 'eu-central-1', accessKeyId: 'id', secretAccessKey: 'secret' }
  try {
    await test(new S3Client({ bucket: 'media', url, prefix: 'p/', ...keys, ...more }), asked)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const page = (keys: readonly string[], next = ''): string =>
  `<?xml version="1.0"?><ListBucketResult>${keys
    .map(
      (key) =>
        `<Contents><Key>p/${key}</Key><Size>7</Size><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>`,
    )
    .join(
      '',
    )}<IsTruncated>${next !== ''}</IsTruncated><NextContinuationToken>${next}</NextContinuationToken></ListBucketResult>`

it('lists page by page, by requests that are signed', () =>
  against(
    (req, res) => void res.end(req.url!.includes('continuation-token') ? page(['c']) : page(['a', '12'], 'to+ken=')),
    async (client, asked) => {
      const pages = await Array.fromAsync(client.list(2))
      assert.deepEqual(
        pages.map((objects) => objects.map(({ key }) => key)),
        [['a', '12'], ['c']],
      )
      assert.deepEqual(pages[1], [{ key: 'c', size: 7, modifiedAt: Date.UTC(2026, 0, 2, 3, 4, 5) }])
      const query = new URL(asked[1]!.url!, 'http://s3').searchParams
      assert.deepEqual(
        [query.get('continuation-token'), query.get('prefix'), query.get('max-keys')],
        ['to+ken=', 'p/', '2'],
      )
      assert.match(
        asked[0]!.headers.authorization!,
        /^AWS4-HMAC-SHA256 Credential=id\/\d+\/eu-central-1\/s3\/aws4_request/,
      )
      assert.equal(asked[0]!.headers['x-amz-security-token'], 'token')
    },
    { sessionToken: 'token' },
  ))

it('takes an empty list', () =>
  against(
    (_req, res) => void res.end(page([])),
    async (client) => assert.deepEqual(await Array.fromAsync(client.list()), [[]]),
  ))

it('asks again where the service is overloaded, and says what it refuses', () =>
  against(
    (_req, res, nth) => {
      if (nth === 1) res.writeHead(503).end()
      else res.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>')
    },
    async (client, asked) => {
      await assert.rejects(client.get('a'), (error) => isAppError(error) && error.details.includes('403 AccessDenied'))
      assert.equal(asked.length, 2)
    },
  ))

it('survives a service that closes the connection behind an object that nobody reads yet', () =>
  against(
    (_, res) => {
      // As much as fetch takes in before it waits for a reader, so that the end of the connection meets it waiting.
      res.writeHead(200, { connection: 'close', 'content-length': 65_536 }).flushHeaders()
      res.end(Buffer.alloc(65_536))
    },
    async (client) => {
      const answer = await client.get('a')
      // Each of these comes over a connection of its own; by then the first one is closed.
      for (let other = 0; other < 5; other++) await ((await client.get('b')) as Response).arrayBuffer()
      assert.equal((await (answer as Response).arrayBuffer()).byteLength, 65_536)
    },
  ))
