import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { create, toBinary } from '@bufbuild/protobuf'
import { fetch } from 'undici'
import { methodInfo, type RpcName } from '../../src/contract/methods.ts'
import { picture } from '../../src/media/test-images.ts'
import { type FuzzServer, startFuzzServer } from './fuzz-server.ts'
import { type Mutant, mutant, type Sample } from './mutate.ts'
import { FACTOR, keep, SEED } from './settings.ts'

const BODIES = 1_500 * FACTOR
const MESSAGES = 1_500 * FACTOR
const CONNECTIONS = 300 * FACTOR
/** Calls on their way at a time. */
const AT_ONCE = 16
/** Status of gRPC for a server that does not know what went wrong with it. */
const GRPC_UNKNOWN = 2

let server: FuzzServer
let base64 = ''
before(async () => {
  server = await startFuzzServer()
  base64 = (await picture(8, 8).png().toBuffer()).toString('base64')
})
after(() => server[Symbol.asyncDispose]())

/** Runs `work` for each number, a few at a time; fails with what the server complained about. */
async function forAll(count: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  assert.deepEqual(server.complaints().slice(0, 5), [])
}

const requests = (): Record<string, [RpcName, string, object]> => {
  const place = '/v2/users/admin/apps/wire'
  const image = { data: { image: { base64 } } }
  return {
    predict: [
      'PostModelOutputs',
      '/v2/users/clarifai/apps/main/models/color-recognition/outputs',
      {
        inputs: [image],
        model: { model_version: { output_info: { output_config: { max_concepts: 3, min_value: 0.5 } } } },
      },
    ],
    workflow: [
      'PostWorkflows',
      `${place}/workflows`,
      {
        workflows: [
          { id: 'w', nodes: [{ id: 'n', model: { id: 'color-recognition', user_id: 'clarifai', app_id: 'main' } }] },
        ],
      },
    ],
    concepts: ['PostConcepts', `${place}/concepts`, { concepts: [{ id: 'c', name: 'é"\\\u2028', value: 0.25 }] }],
    app: [
      'PostApps',
      '/v2/users/admin/apps',
      { apps: [{ id: 'other', metadata: { a: [1, { b: null }] }, notes: 'n' }] },
    ],
    models: [
      'PostModels',
      `${place}/models`,
      { models: [{ id: 'm', model_type_id: 'visual-classifier', toolkits: ['x'] }] },
    ],
    search: ['PostModelsSearches', `${place}/models/searches`, { search: 'a', pagination: { page: 1, per_page: 5 } }],
  }
}

describe('damaged requests', () => {
  test('JSON bodies, plain and packed: answered with a status that says what is wrong', async (t) => {
    const kinds = Object.entries(requests())
    const whole: Sample[] = kinds.map(([name, [, , body]]) => ({
      name,
      bytes: Buffer.from(JSON.stringify(body)),
      numbers: [],
    }))
    const codes = new Map<number, number>()
    await forAll(BODIES, async (at) => {
      const damaged = mutant(whole, SEED, at)
      const path = requests()[damaged.sample]![1]
      const packed = at % 4 === 0
      // Some are damaged before they are packed, some after.
      const body =
        packed && at % 8 === 0
          ? mutant([{ name: 'gzip', bytes: gzipSync(damaged.bytes), numbers: [] }], SEED, at).bytes
          : packed
            ? gzipSync(damaged.bytes)
            : damaged.bytes
      const headers = {
        authorization: `Key ${server.pat}`,
        'content-type': 'application/json',
        ...(packed && { 'content-encoding': 'gzip' }),
      }
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', headers, body })
      const { status } = (await response.json()) as { status: { code: number; details?: string } }
      codes.set(status.code, (codes.get(status.code) ?? 0) + 1)
      const isFit = response.status < 500 && status.code < 90_000
      if (!isFit) throw new Error(`${response.status} ${status.code} ${status.details} for ${keep('json', damaged)}`)
    })
    t.diagnostic(
      `seed ${SEED}: ${BODIES} bodies, ${[...codes].map(([code, count]) => `${count} x ${code}`).join(', ')}`,
    )
    assert.ok(codes.size > 3)
  })

  test('gRPC messages and frames: every call ends with a status of its own', async (t) => {
    const kinds = requests()
    const whole: Sample[] = Object.entries(kinds).map(([name, [rpc, , body]]) => {
      const { input } = methodInfo(rpc)
      const bytes = toBinary(input, create(input, camel(body) as never))
      const frame = Buffer.alloc(5 + bytes.length)
      frame.writeUInt32BE(bytes.length, 1)
      frame.set(bytes, 5)
      return { name, bytes: frame, numbers: [bytes.length] }
    })
    const session = connect(`http://127.0.0.1:${server.port}`)
    const statuses = new Map<number, number>()
    await forAll(MESSAGES, async (at) => {
      const damaged = mutant(whole, SEED, at)
      if (at % 2 === 0 && damaged.bytes.length >= 5) damaged.bytes.writeUInt32BE(damaged.bytes.length - 5, 1)
      const status = await grpcStatus(session, kinds[damaged.sample]![0], damaged)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === GRPC_UNKNOWN) throw new Error(`status ${status} for ${keep('grpc', damaged)}`)
    })
    session.close()
    t.diagnostic(
      `seed ${SEED}: ${MESSAGES} messages, ${[...statuses].map(([code, count]) => `${count} x ${code}`).join(', ')}`,
    )
    assert.ok(statuses.size > 1)
  })

  test('connections that speak broken HTTP: the others are served', async () => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    const frame = (type: number, flags: number, stream: number, payload: Buffer): Buffer => {
      const head = Buffer.alloc(9)
      head.writeUIntBE(payload.length, 0, 3)
      head[3] = type
      head[4] = flags
      head.writeUInt32BE(stream, 5)
      return Buffer.concat([head, payload])
    }
    const open = Buffer.from([0x83, 0x84, 0x86, 0x41, 1, 97])
    const http2 = Buffer.concat([
      preface,
      frame(4, 0, 0, Buffer.from([0, 3, 0, 0, 0, 100])),
      frame(1, 4, 1, open),
      frame(0, 1, 1, Buffer.from('body')),
      frame(6, 0, 0, Buffer.alloc(8)),
      frame(8, 0, 0, Buffer.from([0, 0, 1, 0])),
      frame(9, 4, 1, open),
      frame(2, 0, 3, Buffer.from([0, 0, 0, 1, 5])),
      frame(7, 0, 0, Buffer.alloc(8)),
    ])
    const http1 = Buffer.from(
      'POST /v2/models/searches HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"a":\r\n2\r\n1}\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: a\r\n\r\n',
    )
    const whole: Sample[] = [
      { name: 'http2', bytes: http2, numbers: [] },
      { name: 'http1', bytes: http1, numbers: [] },
    ]
    await forAll(CONNECTIONS, async (at) => {
      const damaged = mutant(whole, SEED, at)
      const socket = connectTcp(server.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      socket.end(damaged.bytes)
      await once(socket, 'close')
    })
    const answer = await server.predict('color-recognition', [{ image: { base64 } }])
    assert.equal(answer.status.code, 10_000)
  })
})

/** Status of one call with this body; the status of the reset when the call has none. */
async function grpcStatus(session: ClientHttp2Session, rpc: RpcName, { bytes }: Mutant): Promise<number> {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/clarifai.api.V2/${rpc}`,
    'content-type': 'application/grpc',
    authorization: `Key ${server.pat}`,
    te: 'trailers',
  })
  let status: number | undefined
  const take = (headers: Record<string, unknown>): void => {
    if (headers['grpc-status'] !== undefined) status = Number(headers['grpc-status'])
  }
  stream.on('response', take)
  stream.on('trailers', take)
  stream.on('error', () => {})
  stream.resume()
  stream.end(bytes)
  await once(stream, 'close')
  return status ?? GRPC_UNKNOWN
}

/** Field names as the messages have them. */
function camel(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camel)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
      name === 'metadata' ? inner : name === 'base64' ? Buffer.from(inner as string, 'base64') : camel(inner),
    ]),
  )
}
