// What goes wrong, and how every channel says so: statuses in the message, HTTP codes by kind, never a gRPC error.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { App, Model } from 'clarifai-nodejs'
import { call, imageInput, keyMetadata, service, staticClient, userApp } from './kit/grpc.ts'
import { type HttpAnswer, send } from './kit/http.ts'
import { type LegacyRejection, legacyClient } from './kit/legacy.ts'
import { startMediaHost } from './kit/media-host.ts'
import { PHOTO, PHOTO_BASE64 } from './kit/photo.ts'
import { PAT, startLimpid } from './kit/server.ts'

const MAIN = '/v2/users/clarifai/apps/main'
const MODEL = `${MAIN}/models/general-image-recognition/outputs`
const WORKFLOW = `${MAIN}/workflows/General/results`
const PUBLIC = { userId: 'clarifai', appId: 'main' }
const UNKNOWN_KEY = 'f'.repeat(32)
const KEY_INVALID = 'Invalid API key or Invalid API key/application pair'
const MIB = 1024 * 1024
// Of the privileged ports that nothing uses any more.
const DEAF = '127.0.0.1:1'

const media = await startMediaHost()
const limpid = await startLimpid({ env: { LIMPID_FETCH_ALLOW: `${media.authority},${DEAF}`, LIMPID_REQUEST_MB: '1' } })
const grpc = staticClient(limpid)
after(async () => {
  grpc.close()
  await limpid[Symbol.asyncDispose]()
  await media[Symbol.asyncDispose]()
})

const post = (path: string, body: object | string) => send(limpid.url, 'POST', path, { body })
const rejected = async (promise: Promise<unknown>): Promise<LegacyRejection['response']> => {
  const error = await promise.then(
    () => assert.fail('this should have been rejected'),
    (reason: LegacyRejection) => reason,
  )
  return error.response
}
const listModels = (key: string | null) => {
  const request = new service.ListModelsRequest().setUserAppId(userApp('main', 'clarifai'))
  return call(grpc, grpc.listModels, request, keyMetadata(key)).then((answer) => answer.toObject().status!)
}
describe('keys', () => {
  test('a malformed key is 11008 on both channels', async () => {
    const http = await send(limpid.url, 'GET', `${MAIN}/models`, { key: 'broken' })
    assert.equal(http.http, 401)
    const { code, description, details } = http.body.status
    assert.deepEqual([code, description, details], [11008, KEY_INVALID, 'Invalid format of key.'])
    assert.deepEqual(http.body.models, [])
    const status = await listModels('broken')
    assert.deepEqual([status.code, status.description, status.details], [11008, KEY_INVALID, 'Invalid format of key.'])
    const legacy = legacyClient(limpid, { apiKey: 'broken', ...PUBLIC })
    const response = await rejected(legacy.models.list())
    assert.deepEqual([response.status, response.data.status.description], [401, KEY_INVALID])
  })

  test('an unknown key is 11009 on both channels', async () => {
    const http = await send(limpid.url, 'GET', `${MAIN}/models`, { key: UNKNOWN_KEY })
    assert.equal(http.http, 401)
    assert.deepEqual([http.body.status.code, http.body.status.description], [11009, 'API key not found'])
    const status = await listModels(UNKNOWN_KEY)
    assert.deepEqual([status.code, status.description], [11009, 'API key not found'])
  })

  test('no key at all is 11102', async () => {
    const { http, body } = await send(limpid.url, 'GET', `${MAIN}/models`, { key: null })
    assert.equal(http, 400)
    assert.equal(body.status.code, 11102)
    assert.match(body.status.details!, /^Empty or malformed authorization header/)
    assert.equal((await listModels(null)).code, 11102)
  })

  test('the Node SDK throws with the description', async () => {
    const app = new App({ authConfig: { ...PUBLIC, pat: UNKNOWN_KEY, base: limpid.url } })
    await assert.rejects(app.model({ modelId: 'general-image-recognition' }), /API key not found/)
  })
})

describe('media that cannot be used', () => {
  const failing = (answer: HttpAnswer): number => {
    assert.equal(answer.http, 400, answer.text)
    assert.equal(answer.body.status.code, 10020)
    const [item] = answer.body.outputs ?? answer.body.results
    assert.ok(item!.status.details)
    return item!.status.code
  }
  const ask = async (image: object): Promise<[model: number, workflow: number]> => {
    const body = { inputs: [{ data: { image } }] }
    return [failing(await post(MODEL, body)), failing(await post(WORKFLOW, body))]
  }

  test('a host that does not answer, and one that hangs up', async () => {
    assert.deepEqual(await ask({ url: `http://${DEAF}/photo.jpg` }), [39996, 39996])
    assert.deepEqual(await ask({ url: `${media.url}/hang-up` }), [30002, 30002])
  })

  test('a page that is not there, with the words of the original', async () => {
    const url = `${media.url}/lost.jpg`
    assert.deepEqual(await ask({ url }), [30002, 30002])
    const { body } = await post(MODEL, { inputs: [{ data: { image: { url } } }] })
    const { description, details } = body.outputs[0]!.status
    assert.equal(description, 'Download failed; check URL')
    assert.equal(details, `404 Client Error: Not Found for url: ${url}`)
  })

  test('addresses that are not public', async () => {
    for (const host of ['10.1.2.3', '169.254.169.254', '[::1]', 'localhost']) {
      assert.deepEqual(await ask({ url: `http://${host}:${limpid.port}/healthz` }), [30106, 30106], host)
    }
  })

  test('URLs of other kinds', async () => {
    for (const url of ['file:///etc/hostname', 'ftp://127.0.0.1/x.jpg', 'no url at all', 'http://']) {
      assert.deepEqual(await ask({ url }), [30106, 30106], url)
    }
  })

  test('a page where a picture should be', async () => {
    assert.deepEqual(await ask({ url: `${media.url}/page.html` }), [30101, 30101])
  })

  test('bytes that are no picture, a picture cut off, no bytes', async () => {
    assert.deepEqual(await ask({ base64: Buffer.from('no picture').toString('base64') }), [30101, 30101])
    const half = Buffer.concat([PHOTO.subarray(0, 300), Buffer.alloc(300, 0x5a)])
    assert.deepEqual(await ask({ base64: half.toString('base64') }), [30300, 30300])
    assert.deepEqual(await ask({}), [30104, 30104])
  })

  test('text for a model that looks at pictures', async () => {
    const body = { inputs: [{ data: { text: { raw: 'a dog' } } }] }
    assert.equal(failing(await post(MODEL, body)), 30101)
  })

  test('base64 that is none breaks the request', async () => {
    const { http, body } = await post(MODEL, { inputs: [{ data: { image: { base64: 'not base64!' } } }] })
    assert.deepEqual([http, body.status.code], [400, 11100])
    assert.match(body.status.details!, /inputs\[0\]\.data\.image\.base64/)
  })

  test('one good and one bad input are 10010 with HTTP 207, each with its own status', async () => {
    const inputs = [
      { id: 'good', data: { image: { base64: PHOTO_BASE64 } } },
      { id: 'bad', data: { image: { url: `${media.url}/lost.jpg` } } },
    ]
    const { http, body } = await post(MODEL, { inputs })
    assert.deepEqual([http, body.status.code, body.status.description], [207, 10010, 'Mixed Success'])
    assert.deepEqual(
      body.outputs.map(({ input, status }) => [input.id, status.code]),
      [
        ['good', 10000],
        ['bad', 30002],
      ],
    )
    const workflow = await post(WORKFLOW, { inputs })
    assert.deepEqual([workflow.http, workflow.body.status.code], [207, 10010])
    assert.deepEqual(
      workflow.body.results.map(({ status }) => status.code),
      [10000, 30002],
    )
  })

  test('gRPC says it in the message and stays OK', async () => {
    const request = new service.PostModelOutputsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setModelId('general-image-recognition')
      .setInputsList([imageInput(Buffer.from('no picture'))])
    const { status, outputsList } = (await call(grpc, grpc.postModelOutputs, request)).toObject()
    assert.equal(status!.code, 10020)
    assert.equal(outputsList[0]!.status!.code, 30101)
  })

  test('the legacy client rejects with HTTP 400 and the outputs', async () => {
    const { models } = legacyClient(limpid, { apiKey: PAT, ...PUBLIC })
    const response = await rejected(models.predict('general-image-recognition', `${media.url}/lost.jpg`))
    assert.equal(response.status, 400)
    assert.equal(response.data.status.description, 'Failure')
    assert.equal(response.data.outputs[0]!.status.code, 30002)
  })

  test('the Node SDK throws', async () => {
    const model = new Model({
      modelId: 'general-image-recognition',
      authConfig: { ...PUBLIC, pat: PAT, base: limpid.url },
    })
    await assert.rejects(
      model.predictByUrl({ url: `${media.url}/lost.jpg`, inputType: 'image' }),
      /Model Predict failed/,
    )
  })
})

describe('things that are not there', () => {
  test('model, model version, workflow, app, user, concept', async () => {
    const body = { inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] }
    const missing = [
      [`${MAIN}/models/nope/outputs`, 21200, 'Model does not exist'],
      [`${MAIN}/models/general-image-recognition/versions/${'0'.repeat(32)}/outputs`, 11101, 'Resource does not exist'],
      [`${MAIN}/workflows/nope/results`, 22102, 'Workflow does not exist'],
      ['/v2/users/me/apps/nope/workflows/General/results', 11101, 'Resource does not exist'],
      ['/v2/users/nobody/apps/main/workflows/General/results', 11101, 'Resource does not exist'],
    ] as const
    for (const [path, code, description] of missing) {
      const answer = await post(path, body)
      assert.deepEqual(
        [answer.http, answer.body.status.code, answer.body.status.description],
        [404, code, description],
        path,
      )
    }
    const concept = await send(limpid.url, 'GET', `${MAIN}/concepts/nope`)
    assert.deepEqual([concept.http, concept.body.status.code], [404, 11101])
  })

  test('a model without weights says what is the matter', async () => {
    const { http, body } = await post(`${MAIN}/models/ethnicity-demographics-recognition/outputs`, {
      inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }],
    })
    assert.deepEqual([http, body.status.code], [400, 21353])
    assert.match(body.status.details!, /cannot run here/)
  })

  test('the Node SDK sees the description that it looks for', async () => {
    const app = new App({ authConfig: { ...PUBLIC, pat: PAT, base: limpid.url } })
    await assert.rejects(app.model({ modelId: 'nope' }), /Model does not exist/)
  })

  test('paths and verbs', async () => {
    const lost = await send(limpid.url, 'GET', '/v2/nowhere')
    assert.deepEqual([lost.http, lost.body.status.code], [404, 11101])
    const wrong = await send(limpid.url, 'PUT', `${MAIN}/workflows/General/results`)
    const { code, description, details } = wrong.body.status
    assert.deepEqual([wrong.http, code, description, details], [405, 11103, 'Method not allowed', 'Method Not Allowed'])
  })
})

describe('requests that make no sense', () => {
  test('broken JSON and wrong types', async () => {
    for (const text of ['{"inputs":', '[1]', '"text"', '{"inputs":{}}', '{"inputs":[{"data":"x"}]}', '\u0000']) {
      const { http, body } = await post(MODEL, text)
      assert.deepEqual([http, body.status.code, body.outputs], [400, 11100, []], text)
    }
  })

  test('no inputs, and more than the API takes', async () => {
    const many = (count: number) => ({
      inputs: Array.from({ length: count }, () => ({ data: { text: { raw: 'x' } } })),
    })
    for (const [path, count] of [
      [MODEL, 0],
      [MODEL, 129],
      [WORKFLOW, 0],
      [WORKFLOW, 33],
    ] as const) {
      const { http, body } = await post(path, many(count))
      assert.deepEqual([http, body.status.code], [400, 40001], `${count} inputs for ${path}`)
    }
  })

  test('more bytes than the operator allows, on both channels', async () => {
    const { http, body } = await post(MODEL, {
      inputs: [{ data: { image: { base64: Buffer.alloc(MIB).toString('base64') } } }],
    })
    assert.deepEqual([http, body.status.code], [413, 40033])
    const request = new service.PostModelOutputsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setModelId('general-image-recognition')
      .setInputsList([imageInput(Buffer.alloc(2 * MIB))])
    await assert.rejects(call(grpc, grpc.postModelOutputs, request), { code: 8 })
    const { status } = (await call(grpc, grpc.postModelOutputs, request.setInputsList([]))).toObject()
    assert.equal(status!.code, 40001)
  })
})

describe('RPCs that are not built', () => {
  test('say so with 10040: HTTP 501, gRPC OK', async () => {
    assert.equal((await post('/v2/users/me/apps', { apps: [{ id: 'mine' }] })).http, 200)
    const { http, body } = await post('/v2/users/me/apps/mine/pipelines', { pipelines: [{}] })
    assert.deepEqual([http, body.status.code, body.pipelines], [501, 10040, []])
    assert.match(body.status.details!, /PostPipelines/)
    const request = new service.PostPipelinesRequest().setUserAppId(userApp('mine'))
    const { status } = (await call(grpc, grpc.postPipelines, request)).toObject()
    assert.equal(status!.code, 10040)
    assert.match(status!.details, /PostPipelines/)
  })
})
