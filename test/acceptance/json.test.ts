// The API as curl and browsers meet it: JSON over HTTP/1.1, and the routes for operators.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Answer, type HttpAnswer, type Named, send } from './kit/http.ts'
import { PHOTO_BASE64 } from './kit/photo.ts'
import { startLimpid, USER } from './kit/server.ts'

const MAIN = '/v2/users/clarifai/apps/main'
const HEX32 = /^[0-9a-f]{32}$/
const RFC3339_UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())
const post = (path: string, body: object | string, headers: Readonly<Record<string, string>> = {}) =>
  send(limpid.url, 'POST', path, { body, headers })
const keysOf = (value: object): string[] => Object.keys(value)

// Every key of an answer, so that one wrong casing anywhere shows.
function allKeys(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(allKeys)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...allKeys(inner)])
}

describe('PostWorkflowResults as the user documents it, on the short path with an app key', () => {
  let appKey = ''
  // The documented request, with values where the document has placeholders.
  const documented = {
    userAppId: { userId: 'me', appId: 'documented' },
    inputs: [
      {
        id: 'photo-1',
        data: {
          image: { base64: PHOTO_BASE64, allowDuplicateUrl: true, imageInfo: { width: 0, height: 0, format: 'JPEG' } },
          concepts: [
            { id: 'negative', name: 'negative', value: 0, visibility: { gettable: 'PRIVATE' } },
            { id: 'positive', keypointInfo: { keypointNames: ['nose'], skeleton: [{ k1: 0, k2: 0 }] } },
          ],
          metadata: { camera_model: { lensName: ['a', 1, true, null] } },
          geo: { geoPoint: { longitude: 0, latitude: 51.5 }, geoLimit: { type: 'withinMiles', value: 0 } },
        },
        createdAt: '2019-08-24T14:15:22Z',
        datasetIds: ['unused'],
      },
    ],
    outputConfig: { maxConcepts: 4, minValue: 0, language: 'en', hyperParams: {}, sampleMs: 0 },
    favorClarifaiWorkflows: false,
    workflowState: { id: 'init' },
  }

  before(async () => {
    const app = await post('/v2/users/me/apps', { apps: [{ id: 'documented', defaultWorkflow: { id: 'Empty' } }] })
    assert.equal(app.http, 200, app.text)
    const node = { id: 'tags', model: { id: 'general-image-recognition', userId: 'clarifai', appId: 'main' } }
    const workflow = await post('/v2/users/me/apps/documented/workflows', {
      workflows: [{ id: 'photos', nodes: [node] }],
    })
    assert.equal(workflow.http, 200, workflow.text)
    const { http, text, body } = await post('/v2/users/me/keys', {
      keys: [{ description: 'for the short path', scopes: ['All'], apps: [{ id: 'documented', userId: USER }] }],
    })
    assert.equal(http, 200, text)
    appKey = (body.keys as Named[])[0]!.id
    assert.match(appKey, HEX32)
  })

  const predict = (body: object, path = '/v2/workflows/photos/results') =>
    send(limpid.url, 'POST', path, { body, key: appKey })

  test('answers with the documented names in camelCase, numbers for enums, RFC 3339 times', async () => {
    const { http, body, text } = await predict(documented)
    assert.equal(http, 200, text)
    assert.deepEqual(keysOf(body), ['status', 'workflow', 'results', 'workflowState'])
    assert.equal(body.status.code, 10000)
    assert.equal(body.status.description, 'Ok')
    assert.match(body.status.reqId, HEX32)
    const workflow = body.workflow as Named
    assert.equal(workflow.id, 'photos')
    assert.equal(workflow.appId, 'documented')
    assert.equal(workflow.userId, USER)
    assert.deepEqual(workflow.visibility, { gettable: 10 })
    const [result] = body.results
    assert.match(result!.id, HEX32)
    const [output] = result!.outputs
    assert.match(output!.id, HEX32)
    assert.match((output as unknown as { createdAt: string }).createdAt, RFC3339_UTC)
    assert.equal(output!.model.modelVersion.id, 'aa7f35c01e0642fda5cf400f543e7c40')
    assert.equal(output!.data.concepts.length, 4)
    assert.deepEqual(keysOf(output!.data.concepts[0]!), ['id', 'name', 'value', 'language', 'appId', 'userId'])
    assert.match((body.workflowState as Named).id, HEX32)
    assert.deepEqual(
      allKeys({ ...body, results: [] }).filter((key) => key.includes('_')),
      [],
    )
  })

  test('gives the input back with its zeros, a placeholder for its bytes and untouched metadata', async () => {
    const { body } = await predict(documented)
    const { input } = body.results[0] as unknown as { input: { id: string; data: Record<string, unknown> } }
    assert.equal(input.id, 'photo-1')
    assert.equal(Buffer.from((input.data.image as { base64: string }).base64, 'base64').toString(), 'true')
    const concepts = input.data.concepts as { id: string; value: number }[]
    assert.deepEqual(
      concepts.map(({ id, value }) => [id, value]),
      [
        ['negative', 0],
        ['positive', 1],
      ],
    )
    assert.deepEqual(input.data.metadata, documented.inputs[0]!.data.metadata)
    const { geoPoint, geoLimit } = input.data.geo as { geoPoint: object; geoLimit: object }
    assert.deepEqual(geoPoint, { longitude: 0, latitude: 51.5 })
    assert.deepEqual(geoLimit, { type: 'withinMiles', value: 0 })
  })

  test('a workflow state lives on when its id comes back', async () => {
    const { id } = (await predict(documented)).body.workflowState as Named
    const { body } = await predict({ ...documented, workflowState: { id } })
    assert.equal(body.status.code, 10000)
    assert.equal((body.workflowState as Named).id, id)
  })

  test('the long path, an app key and user "me" reach the same workflow', async () => {
    const { userAppId: _, ...rest } = documented
    const long = await predict(rest, '/v2/users/me/apps/documented/workflows/photos/results')
    const short = await predict(rest)
    assert.equal(long.http, 200, long.text)
    assert.deepEqual(long.body.results[0]!.outputs[0]!.data, short.body.results[0]!.outputs[0]!.data)
  })

  test('the published path without an id runs the default workflow of the app', async () => {
    const { http, body, text } = await predict(documented, '/v2/workflows//results')
    assert.equal(http, 200, text)
    assert.equal((body.workflow as Named).id, 'Empty')
    assert.deepEqual(body.results[0]!.outputs ?? [], [])
    const main = await post(`${MAIN}/workflows//results`, { inputs: documented.inputs })
    assert.equal((main.body.workflow as Named).id, 'Universal')
    assert.equal(main.body.results[0]!.outputs[0]!.data.embeddings.length, 1)
  })

  test('a token on the short path is told what it lacks', async () => {
    const { userAppId: _, ...rest } = documented
    const { http, body } = await post('/v2/workflows/photos/results', rest)
    assert.equal(http, 401)
    assert.equal(body.status.code, 11008)
    assert.equal(body.status.details, 'Must provide app external ID in API authorizer')
  })
})

describe('casing of answers', () => {
  const path = `${MAIN}/models/color-recognition/outputs`
  const camel = { inputs: [{ data: { image: { base64: PHOTO_BASE64, allowDuplicateUrl: true } } }] }
  const snake = { inputs: [{ data: { image: { base64: PHOTO_BASE64, allow_duplicate_url: true } } }] }
  const plain = { inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] }
  const isSnake = ({ body }: HttpAnswer): boolean => {
    const keys = allKeys(body)
    const snakes = keys.filter((key) => key.includes('_'))
    const camels = keys.filter((key) => /[a-z][A-Z]/.test(key))
    assert.ok(snakes.length === 0 || camels.length === 0, `mixed: ${snakes} ${camels}`)
    return snakes.length > 0
  }

  test('follows the request, else the official clients, else camelCase', async () => {
    assert.equal(isSnake(await post(path, camel)), false)
    assert.equal(isSnake(await post(path, snake)), true)
    assert.equal(isSnake(await post(path, plain)), false)
    assert.equal(isSnake(await post(path, plain, { 'x-clarifai-client': 'js:2.9.1' })), true)
    assert.equal(isSnake(await post(path, plain, { 'x-clarifai-grpc-client': 'python:12.5.1' })), true)
    assert.equal(isSnake(await send(limpid.url, 'GET', `${MAIN}/models?per_page=1`)), true)
    assert.equal(isSnake(await send(limpid.url, 'GET', `${MAIN}/models?perPage=1`)), false)
  })

  test('an explicit wish wins over the request', async () => {
    assert.equal(isSnake(await post(`${path}?json_names=camel`, snake)), false)
    assert.equal(isSnake(await post(path, camel, { 'x-json-names': 'snake' })), true)
  })

  test('snake_case and camelCase may be mixed in one request', async () => {
    const { http, body } = await post(path, {
      inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }],
      model: { modelVersion: { output_info: { outputConfig: { max_concepts: 1 } } } },
    })
    assert.equal(http, 200)
    assert.equal(body.status.code, 10000)
  })
})

describe('bodies', () => {
  const path = `${MAIN}/models/general-image-recognition/outputs`
  const request = JSON.stringify({ inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] })

  test('gzip in', async () => {
    const plain = await post(path, request)
    const packed = await post(path, gzipSync(request), { 'content-encoding': 'gzip' })
    assert.equal(packed.http, 200, packed.text)
    assert.deepEqual(packed.body.outputs[0]!.data, plain.body.outputs[0]!.data)
  })

  test('gzip out, for whoever takes it', async () => {
    const list = (accept: string) =>
      send(limpid.url, 'GET', `${MAIN}/models?per_page=20`, { headers: { 'accept-encoding': accept } })
    const plain = await list('identity')
    const packed = await list('gzip')
    assert.equal(plain.headers.get('content-encoding'), null)
    assert.equal(packed.headers.get('content-encoding'), 'gzip')
    assert.deepEqual(packed.body.models, plain.body.models)
  })

  test('base64 of the URL alphabet is taken as well', async () => {
    const base64 = PHOTO_BASE64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
    const { body } = await post(path, { inputs: [{ data: { image: { base64 } } }] })
    assert.equal(body.status.code, 10000)
  })

  test('unknown fields and nulls do no harm', async () => {
    const { http } = await post(path, {
      inputs: [{ id: null, data: { url: 'x', image: { base64: PHOTO_BASE64, crop: [0, 0, 1, 1] }, video: null } }],
      nobody_knows: { this: 1 },
    })
    assert.equal(http, 200)
  })

  test('a request id prefix of the client comes back', async () => {
    const { body } = await post(path, request, { 'x-clarifai-request-id-prefix': 'sdk-python-12.5.0' })
    const { reqId } = body.status
    assert.match(reqId, /^sdk-python-12\.5\.0-?[0-9a-f]{32}$/)
  })
})

describe('a browser on another origin', () => {
  const origin = { origin: 'https://shop.example' }

  test('may ask beforehand', async () => {
    const answer = await send(limpid.url, 'OPTIONS', `${MAIN}/workflows/General/results`, {
      key: null,
      headers: {
        ...origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-clarifai-session-token',
      },
    })
    assert.equal(answer.http, 204)
    assert.ok(['*', origin.origin].includes(answer.headers.get('access-control-allow-origin')!))
    assert.match(answer.headers.get('access-control-allow-methods')!, /\bPOST\b/)
    const allowed = answer.headers.get('access-control-allow-headers')!.toLowerCase()
    for (const name of ['authorization', 'content-type', 'x-clarifai-session-token']) assert.ok(allowed.includes(name))
  })

  test('may read answers and errors', async () => {
    const good = await send(limpid.url, 'GET', `${MAIN}/models`, { headers: origin })
    const bad = await send(limpid.url, 'GET', `${MAIN}/models`, { headers: origin, key: null })
    const lost = await send(limpid.url, 'GET', '/v2/nowhere', { headers: origin })
    for (const { headers } of [good, bad, lost]) {
      assert.ok(['*', origin.origin].includes(headers.get('access-control-allow-origin')!))
    }
  })
})

describe('operators', () => {
  test('ask for life and readiness without a key', async () => {
    for (const path of ['/healthz', '/readyz']) {
      assert.equal((await send(limpid.url, 'GET', path, { key: null })).http, 200)
    }
  })

  test('read figures that count the calls', async () => {
    const counted = async (): Promise<number> => {
      const { text } = await send(limpid.url, 'GET', '/metrics', { key: null })
      const line = /^limpid_calls_total\{rpc="GetWorkflow",code="SUCCESS",transport="http"\} (\d+)$/m.exec(text)
      return Number(line?.[1] ?? 0)
    }
    const start = await counted()
    const { body } = await send(limpid.url, 'GET', `${MAIN}/workflows/General`)
    assert.equal((body as Answer & { workflow: Named }).workflow.id, 'General')
    assert.equal(await counted(), start + 1)
  })
})
