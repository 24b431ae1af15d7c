// Models that another server runs, through the real pipeline: made, shown without their key, predicted, streamed.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import { silentLog } from '../../src/base/log.ts'
import type { DataSchema, ModelVersionSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { createFetcher } from '../../src/fetch/guarded-fetcher.ts'
import { Links } from '../../src/remote/links.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import {
  event,
  failing,
  type Got,
  json,
  PIXEL,
  type RemoteServer,
  startOip,
  startOpenAi,
  vectorOf,
} from '../kit/remote-servers.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

let server: TestServer
let app: TestApp
let openAi: RemoteServer
let oip: RemoteServer
const stack = new AsyncDisposableStack()

before(async () => {
  openAi = stack.use(await startOpenAi())
  oip = stack.use(await startOip({ binary: true }))
  const fetcher = createFetcher({ allow: ['127.0.0.1/32'], log: silentLog })
  stack.defer(() => fetcher.close())
  // Waits as short as can be; a server that was left alone is tried again at once.
  const links = new Links(fetcher, { retryFirstMs: 1, breakerOpenMs: 0 })
  server = stack.use(await startTestServer({ models: true, overrides: { fetcher, links } }))
  app = await makeApp(server, 'remote')
})
after(() => stack.disposeAsync())
beforeEach(() => {
  openAi.got.length = 0
  oip.got.length = 0
  assert.equal(openAi.next.length, 0, 'a behaviour of the test before was not used up')
})

const settings = (more: JsonObject = {}): JsonObject => ({
  runtime: 'openai',
  base_url: `${openAi.url}/v1/`,
  model: 'tiny',
  api_key: 'sk-test',
  ...more,
})

const postVersion = (modelId: string, version: MessageInitShape<typeof ModelVersionSchema>) =>
  server.call('PostModelVersions', { userAppId: app.userAppId, modelId, modelVersions: [version] })

const made = new Set<string>()
async function makeModel(id: string, modelTypeId: string, remote: JsonObject, more: object = {}, params = {}) {
  if (!made.has(id)) {
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id, modelTypeId }] }))
    made.add(id)
  }
  const outputInfo = { params: { remote, ...params }, ...more }
  return succeeded(await postVersion(id, { outputInfo })).model!.modelVersion!
}

type GivenData = MessageInitShape<typeof DataSchema>
const predict = (modelId: string, ...data: GivenData[]) =>
  server.call('PostModelOutputs', { userAppId: app.userAppId, modelId, inputs: data.map((each) => ({ data: each })) })
const text = (raw: string): GivenData => ({ text: { raw } })

describe('connection settings', () => {
  test('are completed and shown without the key, everywhere a version is shown', async () => {
    const version = await makeModel('shown', 'text-to-text', settings({ timeout_ms: 5_000 }))
    const expected = {
      runtime: 'openai',
      base_url: `${openAi.url}/v1`,
      model: 'tiny',
      model_version: '',
      timeout_ms: 5_000,
      max_retries: 2,
      max_concurrency: 8,
      body: {},
    }
    assert.deepEqual(version.outputInfo?.params?.remote, expected)
    assert.equal(version.status?.code, StatusCode.MODEL_TRAINED)
    const { userAppId } = app
    const named = { userAppId, modelId: 'shown', versionId: version.id }
    const answers = [
      await server.call('GetModelVersion', named),
      await server.call('GetModel', named),
      await server.call('GetModelOutputInfo', named),
      await server.call('ListModelVersions', { userAppId, modelId: 'shown' }),
      await server.call('ListModels', { userAppId }),
      await predict('shown', text('hello')),
    ]
    for (const answer of answers) {
      succeeded(answer)
      const shown = JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value))
      assert.ok(!shown.includes('sk-test'), `${answer.$typeName} shows the key`)
    }
  })

  test('are stored with the key sealed, also after a patch, and reach the server opened', async () => {
    const version = await makeModel('sealed', 'text-to-text', settings())
    const stored = async (): Promise<string> => {
      const rows = await server.services.db.read
        .selectFrom('model_versions')
        .select('doc')
        .where('id', '=', version.id)
        .execute()
      return rows[0]!.doc
    }
    assert.match(await stored(), /"secret":"sealed:v1:/)
    const patch = { id: version.id, outputInfo: { params: { remote: { timeout_ms: 7_000 } } } }
    const asked = { userAppId: app.userAppId, modelId: 'sealed', action: 'merge' }
    for (const [key, sent] of [
      [{}, 'sk-test'],
      [{ api_key: 'sk-other' }, 'sk-other'],
    ] as const) {
      const remote = { ...patch.outputInfo.params.remote, ...key }
      succeeded(
        await server.call('PatchModelVersions', {
          ...asked,
          modelVersions: [{ ...patch, outputInfo: { params: { remote } } }],
        }),
      )
      assert.doesNotMatch(await stored(), /sk-/)
      // The server knows one key only; what counts is which one it was sent.
      await predict('sealed', text('hello'))
      assert.equal(openAi.got.at(-1)!.headers.authorization, `Bearer ${sent}`)
    }
  })

  test('that make no sense are refused with the path of what is wrong', async () => {
    await makeModel('judged', 'text-to-text', settings())
    const cases: [JsonObject, RegExp][] = [
      [{ runtime: 'magic' }, /remote\.runtime must be 'openai' or 'oip'/],
      [{ runtime: 'oip', base_url: 'ftp://x' }, /remote\.base_url: Only http and https/],
      [{ base_url: 'http://user:pw@host/v1' }, /base_url: A URL must not hold a user name/],
      [{ base_url: 'http://host/v1?key=1' }, /base_url must be a URL without a query/],
      [{ base_url: 7 }, /base_url must be a text/],
      [{ model: '' }, /remote\.model must be a text of 1 to 512/],
      [{ api_key: 'two words' }, /api_key must be/],
      [{ timeout_ms: 5 }, /timeout_ms must be a whole number from 100 to 600000/],
      [{ max_retries: 1.5 }, /max_retries must be/],
      [{ body: [] }, /remote\.body must be an object/],
      [{ apikey: 'x' }, /There is no output_info\.params\.remote\.apikey/],
    ]
    for (const [wrong, details] of cases) {
      const answer = await postVersion('judged', { outputInfo: { params: { remote: settings(wrong) } } })
      refused(answer, StatusCode.MODEL_INVALID_ARGUMENT, details)
    }
    const typed = await postVersion('judged', { outputInfo: { params: { remote: 'here' } } })
    refused(typed, StatusCode.MODEL_INVALID_ARGUMENT, /remote must be an object/)
  })

  test('serve the types that the interface can, and classifiers need the names of their values', async () => {
    const { userAppId } = app
    for (const [id, modelTypeId, remote, details] of [
      ['no-crop', 'image-crop', settings(), /serves the types text-to-text/],
      ['no-classifier', 'visual-classifier', settings({ runtime: 'oip' }), /List the concepts/],
    ] as const) {
      succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId }] }))
      refused(await postVersion(id, { outputInfo: { params: { remote } } }), StatusCode.MODEL_INVALID_ARGUMENT, details)
    }
  })

  test('a key stays with its server: another base_url needs a key of its own', async () => {
    const { id } = await makeModel('patched', 'text-to-text', settings())
    const patch = (remote: JsonObject) =>
      server.call('PatchModelVersions', {
        userAppId: app.userAppId,
        modelId: 'patched',
        modelVersions: [{ id, outputInfo: { params: { remote } } }],
        action: 'merge',
      })
    const elsewhere = { base_url: 'https://elsewhere.example.org/v1' }
    refused(await patch(elsewhere), StatusCode.MODEL_INVALID_ARGUMENT, /give the api_key again/)
    succeeded(await patch({ base_url: `${openAi.url}/v1`, timeout_ms: 9_000 }))
    const [output] = succeeded(await predict('patched', text('still'))).outputs
    assert.equal(output!.data?.text?.raw, 'user: still')
    succeeded(await patch({ ...elsewhere, api_key: 'sk-other' }))
    const old = {
      userAppId: app.userAppId,
      models: [{ id: 'patched', outputInfo: { params: { remote: { base_url: openAi.url } } } }],
    }
    const answer = await server.call('PatchModels', { ...old, action: 'merge' })
    refused(answer, StatusCode.MODEL_INVALID_ARGUMENT, /give the api_key again/)
  })

  test('neither a call nor a node of a workflow leads the key elsewhere', async (t) => {
    const thief = await startOpenAi()
    t.after(() => thief[Symbol.asyncDispose]())
    await makeModel('guarded', 'text-to-text', settings())
    const remote = settings({ base_url: `${thief.url}/v1` })
    const { userAppId } = app
    const answer = await server.call('PostModelOutputs', {
      userAppId,
      modelId: 'guarded',
      inputs: [{ data: text('hi') }],
      model: { modelVersion: { outputInfo: { params: { remote, temperature: 0.1 } } } },
    })
    assert.equal(succeeded(answer).outputs[0]!.data?.text?.raw, 'user: hi')
    assert.equal(openAi.got[0]!.body.temperature, 0.1)
    const node = { id: 'llm', model: { id: 'guarded' }, outputInfoOverride: { params: { remote } } }
    const posted = await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'theft', nodes: [node] }] })
    assert.notEqual(posted.status?.code, StatusCode.SUCCESS)
    assert.equal(thief.got.length, 0)
  })

  test('a private host that the operator has not allowed is not asked', async () => {
    await makeModel('inside', 'text-to-text', settings({ base_url: 'http://127.0.0.2:1/v1' }))
    refused(await predict('inside', text('hi')), StatusCode.MODEL_NOT_DEPLOYED, /LIMPID_FETCH_ALLOW/)
  })
})

describe('models on a server with the interface of OpenAI', () => {
  test('chat: parameters of version and call, the system prompt, own fields of the request', async () => {
    const remote = settings({ body: { max_tokens: null, max_completion_tokens: 9, user: 'limpid' } })
    await makeModel('chat', 'text-to-text', remote, {}, { system_prompt: 'be brief', temperature: 0.2 })
    const answer = succeeded(await predict('chat', text('one'), text('two')))
    assert.deepEqual(
      answer.outputs.map(({ data }) => data?.text?.raw),
      ['system: be brief | user: one', 'system: be brief | user: two'],
    )
    const { messages: _, ...sent } = openAi.got[0]!.body
    assert.deepEqual(sent, { temperature: 0.2, top_p: 0.95, max_completion_tokens: 9, user: 'limpid', model: 'tiny' })
  })

  test('multimodal: the picture goes along with the text', async () => {
    await makeModel('sees', 'multimodal-to-text', settings())
    const answer = succeeded(
      await predict('sees', { text: { raw: 'what?' }, image: { base64: PIXEL } }, { image: { base64: PIXEL } }),
    )
    assert.deepEqual(
      answer.outputs.map(({ data }) => data?.text?.raw),
      ['user: what? | user: <picture>', 'user: <picture>'],
    )
    const [message] = openAi.got[0]!.body.messages as { content: { image_url?: { url: string } }[] }[]
    assert.equal(message!.content[1]!.image_url!.url, `data:image/gif;base64,${PIXEL.toString('base64')}`)
    await makeModel('captions', 'image-to-text', settings())
    const { outputs } = succeeded(await predict('captions', { image: { base64: PIXEL } }))
    assert.equal(outputs[0]!.data?.text?.raw, 'user: <picture>')
  })

  test('embeddings: one request for many texts, in their order whatever the order of the answer', async () => {
    await makeModel('embeds', 'text-embedder', settings())
    const words = ['a', 'bb c', 'd e f']
    const answer = succeeded(await predict('embeds', ...words.map(text)))
    assert.deepEqual(
      answer.outputs.map(({ data }) => data?.embeddings[0]?.vector),
      words.map(vectorOf),
    )
    assert.equal(openAi.got.length, 1)
  })

  test('embeddings: one bad text does not spoil the others', async () => {
    await makeModel('embeds', 'text-embedder', settings())
    const answer = await predict('embeds', text('good'), text('poison'))
    refused(answer, StatusCode.MIXED_STATUS)
    assert.deepEqual(answer.outputs[0]!.data?.embeddings[0]?.vector, vectorOf('good'))
    assert.equal(answer.outputs[1]!.status?.code, StatusCode.MODEL_INVALID_REQUEST)
    assert.match(answer.outputs[1]!.status?.details ?? '', /400 Bad Request\): poison is not a text/)
  })

  test('pictures: as bytes, and by a URL that is fetched under the same rules', async () => {
    await makeModel('draws', 'text-to-image', settings())
    const answer = succeeded(await predict('draws', text('a dot')))
    assert.deepEqual(Buffer.from(answer.outputs[0]!.data!.image!.base64), PIXEL)
    openAi.next.push((_, res) => json(res, { data: [{ url: 'http://127.0.0.2/x.png' }] }))
    refused(
      await predict('draws', text('a dot')),
      StatusCode.MODEL_PREDICTION_FAILED,
      /cannot be fetched.*not on the public/,
    )
    openAi.next.push((_, res) => json(res, { data: [{ b64_json: Buffer.from('no picture').toString('base64') }] }))
    refused(await predict('draws', text('a dot')), StatusCode.MODEL_PREDICTION_FAILED, /not a picture/)
  })

  test('a wrong key is told without showing it; a wrong model is told in the words of the server', async () => {
    await makeModel('locked', 'text-to-text', settings({ api_key: 'sk-wrong-one' }))
    const locked = await predict('locked', text('hi'))
    refused(locked, StatusCode.MODEL_PREDICTION_FAILED, /refuses the api_key of the model version \(401 Unauthorized\)/)
    assert.ok(!JSON.stringify(locked.status).includes('sk-wrong-one'))
    await makeModel('unknown', 'text-to-text', settings({ model: 'huge' }))
    refused(await predict('unknown', text('hi')), StatusCode.MODEL_INVALID_REQUEST, /404 Not Found\): no model huge/)
  })
})

describe('servers in trouble', () => {
  test('a failure that passes is tried again', async () => {
    await makeModel('retried', 'text-to-text', settings())
    openAi.next.push(failing(500), (_, res) => void res.destroy())
    const [output] = succeeded(await predict('retried', text('hi'))).outputs
    assert.equal(output!.data?.text?.raw, 'user: hi')
    assert.equal(openAi.got.length, 3)
  })

  test('one that stays is told once its attempts are used up; a busy server asks clients to come again', async () => {
    await makeModel('failing', 'text-to-text', settings({ max_retries: 1 }))
    openAi.next.push(failing(500, 'the key sk-test broke'), failing(500, 'the key sk-test broke'))
    refused(await predict('failing', text('hi')), StatusCode.MODEL_PREDICTION_FAILED, /500 .*: the key \*\*\* broke/)
    openAi.next.push(failing(429, 'slow down', { 'retry-after': '0' }), failing(429, 'slow down'))
    refused(await predict('failing', text('hi')), StatusCode.MODEL_BUSY_PLEASE_RETRY, /slow down/)
    assert.equal(openAi.got.length, 4)
  })

  test('garbage, too much and redirects are told as such', async () => {
    await makeModel('garbled', 'text-to-text', settings({ max_retries: 0 }))
    openAi.next.push((_, res) => void res.end('<html>hello</html>'))
    refused(await predict('garbled', text('hi')), StatusCode.MODEL_PREDICTION_FAILED, /not JSON/)
    openAi.next.push((_, res) => json(res, { choices: [] }))
    refused(await predict('garbled', text('hi')), StatusCode.MODEL_PREDICTION_FAILED, /not a chat completion/)
    openAi.next.push((_, res) => void res.writeHead(308, { location: '/elsewhere' }).end())
    refused(await predict('garbled', text('hi')), StatusCode.MODEL_PREDICTION_FAILED, /redirect.*correct base_url/)
    openAi.next.push(async ({ closed }, res) => {
      const block = Buffer.alloc(1024 * 1024, ' ')
      let isOpen = true
      void closed.then(() => {
        isOpen = false
      })
      while (isOpen) if (!res.write(block)) await Promise.race([new Promise((go) => res.once('drain', go)), closed])
    })
    refused(await predict('garbled', text('hi')), StatusCode.MODEL_PREDICTION_FAILED, /more than 67108864 bytes/)
  })

  test('a server that is too slow is given up, and not asked twice', async () => {
    await makeModel('slow', 'text-to-text', settings({ timeout_ms: 100 }))
    openAi.next.push(() => {})
    refused(await predict('slow', text('hi')), StatusCode.RPC_REQUEST_TIMEOUT, /within 100 milliseconds/)
    assert.equal(openAi.got.length, 1)
  })

  test('a caller who goes away ends the call of the server', async () => {
    await makeModel('left', 'text-to-text', settings())
    const asked = Promise.withResolvers<Got>()
    openAi.next.push((got) => asked.resolve(got))
    const caller = new AbortController()
    const answer = server.call(
      'PostModelOutputs',
      { userAppId: app.userAppId, modelId: 'left', inputs: [{ data: text('hi') }] },
      { signal: caller.signal },
    )
    const { closed } = await asked.promise
    caller.abort()
    refused(await answer, StatusCode.REQUEST_CANCELED_BY_USER)
    await closed
  })
})

describe('workflows', () => {
  test('local and remote nodes in one workflow: read the language, ask the model, embed its answer here', async () => {
    await makeModel('writes', 'text-to-text', settings())
    const { userAppId } = app
    const nodes = [
      { id: 'llm', model: { id: 'writes' } },
      {
        id: 'embed',
        model: { id: 'multilingual-text-embedding', userId: 'clarifai', appId: 'main' },
        nodeInputs: [{ nodeId: 'llm' }],
      },
    ]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'mixed', nodes }] }))
    const inputs = [{ data: text('alpha') }, { data: text('beta') }]
    const answer = succeeded(await server.call('PostWorkflowResults', { userAppId, workflowId: 'mixed', inputs }))
    const direct = succeeded(
      await server.call('PostModelOutputs', {
        userAppId: { userId: 'clarifai', appId: 'main' },
        modelId: 'multilingual-text-embedding',
        inputs: [{ data: text('user: alpha') }, { data: text('user: beta') }],
      }),
    )
    for (const [at, { outputs }] of answer.results.entries()) {
      assert.equal(outputs[0]!.data?.text?.raw, `user: ${['alpha', 'beta'][at]}`)
      const [here, there] = [outputs[1]!, direct.outputs[at]!].map(({ data }) => data!.embeddings[0]!.vector)
      assert.equal(here!.length, 384)
      const cosine = here!.reduce((sum, value, i) => sum + value * there![i]!, 0)
      assert.ok(cosine > 0.99, `cosine ${cosine}`)
    }
  })

  test('a remote node that fails takes only what follows it with it', async () => {
    await makeModel('breaks', 'text-to-text', settings({ max_retries: 0 }))
    await makeModel('works', 'text-embedder', settings())
    const { userAppId } = app
    const nodes = [
      { id: 'llm', model: { id: 'breaks' } },
      { id: 'after', model: { id: 'works' }, nodeInputs: [{ nodeId: 'llm' }] },
      { id: 'beside', model: { id: 'works' } },
    ]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'partly', nodes }] }))
    // Both roots ask at once, so the failure goes to whoever asks for a chat.
    const chatFails = ({ path, body }: { path: string; body: { input?: string[] } }, res: never) =>
      path.endsWith('/embeddings')
        ? json(res, { data: [{ index: 0, embedding: vectorOf(body.input![0]!) }] })
        : failing(500)({} as never, res)
    openAi.next.push(chatFails as never, chatFails as never)
    const inputs = [{ data: text('alpha') }]
    const answer = await server.call('PostWorkflowResults', { userAppId, workflowId: 'partly', inputs })
    const [llm, afterwards, beside] = answer.results[0]!.outputs
    assert.equal(llm!.status?.code, StatusCode.MODEL_PREDICTION_FAILED)
    assert.match(afterwards!.status?.details ?? '', /node "llm" failed/)
    assert.deepEqual(beside!.data?.embeddings[0]?.vector, vectorOf('alpha'))
  })
})

describe('models on a server with the Open Inference Protocol', () => {
  const remote = (model: string, more: JsonObject = {}): JsonObject => ({
    runtime: 'oip',
    base_url: oip.url,
    model,
    ...more,
  })
  const colours = { data: { concepts: ['red', 'green', 'blue'].map((id) => ({ id })) } }

  test('a classifier: pixels of a picture that a worker decodes, concepts in the order of the version', async () => {
    await makeModel('colour', 'visual-classifier', remote('mean-colour'), colours)
    const answer = succeeded(await predict('colour', { image: { base64: PIXEL } }))
    assert.deepEqual(
      answer.outputs[0]!.data!.concepts.map(({ id, value, appId }) => [id, value, appId]),
      [
        ['red', 1, 'remote'],
        ['green', 1, 'remote'],
        ['blue', 1, 'remote'],
      ],
    )
    const { method, path, body } = oip.got.at(-1)!
    assert.deepEqual([method, path], ['POST', '/v2/models/mean-colour/infer'])
    assert.deepEqual(body.inputs, [
      { name: 'pixels', datatype: 'UINT8', shape: [1, 1, 3], parameters: { binary_data_size: 3 } },
    ])
  })

  test('an embedder whose tensor is named by the version, planes of floats of a fixed size', async () => {
    const id = 'planes'
    succeeded(
      await server.call('PostModels', { userAppId: app.userAppId, models: [{ id, modelTypeId: 'visual-embedder' }] }),
    )
    const version = {
      inputInfo: { fieldsMap: { image: 'image' } },
      outputInfo: { fieldsMap: { embeddings: 'embeddings' }, params: { remote: remote('mean-colour-planar') } },
    }
    succeeded(await postVersion(id, version))
    const answer = succeeded(await predict(id, { image: { base64: PIXEL } }))
    assert.deepEqual(answer.outputs[0]!.data!.embeddings[0]!.vector, [1, 1, 1])
    assert.deepEqual((oip.got.at(-1)!.body.inputs as { shape: number[] }[])[0]!.shape, [1, 3, 4, 4])
  })

  test('text to text, by JSON where the server does not say that it takes bytes', async (t) => {
    const plain = await startOip({ binary: false, silent: true })
    t.after(() => plain[Symbol.asyncDispose]())
    await makeModel('shouts', 'text-to-text', { ...remote('shout'), base_url: plain.url })
    const answer = succeeded(await predict('shouts', text('hé'), text('you')))
    assert.deepEqual(
      answer.outputs.map(({ data }) => data?.text?.raw),
      ['HÉ', 'YOU'],
    )
    assert.deepEqual((plain.got.at(-1)!.body.inputs as object[])[0], {
      name: 'text',
      datatype: 'BYTES',
      shape: [1, 1],
      data: ['you'],
    })
  })

  test('tensors as they are', async () => {
    await makeModel('tensors', 'any-to-any', remote('double'))
    const buffer = Buffer.from(BigInt64Array.from([1n, -5n, 2n ** 40n]).buffer)
    const parts = [
      { id: 'numbers', data: { ndarray: { buffer, shape: [3], dtype: 'int64' } } },
      { id: 'label', data: { stringValue: 'x2' } },
    ]
    const answer = succeeded(await predict('tensors', { parts }))
    const [doubled, label] = answer.outputs[0]!.data!.parts
    const { ndarray } = doubled!.data!
    assert.deepEqual([doubled!.id, ndarray!.shape, ndarray!.dtype], ['doubled', [3], 'int64'])
    assert.deepEqual([...new BigInt64Array(Uint8Array.from(ndarray!.buffer).buffer)], [2n, -10n, 2n ** 41n])
    assert.equal(label!.data!.parts[0]!.data!.stringValue, 'x2')
    const short = { id: 'numbers', data: { ndarray: { buffer, shape: [4], dtype: 'int64' } } }
    refused(await predict('tensors', { parts: [short] }), StatusCode.PREDICT_INVALID_REQUEST, /must be an ndarray/)
    refused(await predict('tensors', text('x')), StatusCode.INPUT_UNSUPPORTED_FORMAT)
  })

  test('what does not fit is told: unknown models, other counts, broken answers', async () => {
    await makeModel('nowhere', 'text-to-text', remote('missing'))
    refused(await predict('nowhere', text('x')), StatusCode.MODEL_INVALID_REQUEST, /unknown model: 'missing'/)
    await makeModel('miscounted', 'visual-classifier', remote('mean-colour'), { data: { concepts: [{ id: 'red' }] } })
    const counted = await predict('miscounted', { image: { base64: PIXEL } })
    refused(counted, StatusCode.MODEL_PREDICTION_FAILED, /gives 3 values, but the version has 1 concepts/)
    await makeModel('shouts-here', 'text-to-text', remote('shout', { max_retries: 0 }))
    succeeded(await predict('shouts-here', text('x')))
    for (const outputs of [
      'none',
      [{ name: 'text', datatype: 'BYTES', shape: [2], data: ['one'] }],
      [{ name: 'text', datatype: 'BYTES', shape: [1], data: [5] }],
      [{ name: 'text', datatype: 'BYTES', shape: [1], parameters: { binary_data_size: 99 } }],
      [{ name: 'other', datatype: 'BYTES', shape: [1], data: ['x'] }],
    ]) {
      oip.next.push((_, res) => json(res, { outputs }))
      refused(await predict('shouts-here', text('x')), StatusCode.MODEL_PREDICTION_FAILED, /is not/)
    }
  })
})

describe('streams', () => {
  const generate = async (modelId: string, ...data: GivenData[]) =>
    server.stream('GenerateModelOutputs', [
      { userAppId: app.userAppId, modelId, inputs: data.map((each) => ({ data: each })) },
    ])

  test('a model that talks answers word by word, method or not', async () => {
    await makeModel('talks', 'text-to-text', settings())
    const words = ['user: ', 'good ', 'day']
    const plain = await generate('talks', text('good day'))
    assert.deepEqual(
      plain.map((each) => succeeded(each).outputs[0]!.data?.text?.raw),
      words,
    )
    const method = {
      metadata: { _method_name: 'generate' },
      parts: [{ id: 'prompt', data: { stringValue: 'good day' } }],
    }
    const called = await generate('talks', method)
    assert.deepEqual(
      called.map((each) => succeeded(each).outputs[0]!.data?.parts.map(({ id, data }) => [id, data?.stringValue])),
      words.map((word) => [['return', word]]),
    )
  })

  test('words come while the server still writes, and a caller who leaves ends it', async () => {
    await makeModel('talks', 'text-to-text', settings())
    const asked = Promise.withResolvers<Got>()
    openAi.next.push((got, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      event(res, { choices: [{ delta: { content: 'first' } }] })
      asked.resolve(got)
    })
    const caller = new AbortController()
    const request = { userAppId: app.userAppId, modelId: 'talks', inputs: [{ data: text('hi') }] }
    const answers = server.streamOf('GenerateModelOutputs', [request], { signal: caller.signal })
    const first = await answers.next()
    assert.equal(first.value!.outputs[0]!.data?.text?.raw, 'first')
    caller.abort()
    const last = await answers.next()
    refused(last.value!, StatusCode.REQUEST_CANCELED_BY_USER)
    await await asked.promise
  })

  test('a stream that fails before its first word is tried again; later it ends with what happened', async () => {
    await makeModel('talks', 'text-to-text', settings())
    openAi.next.push(failing(503, 'warming up'))
    assert.equal((await generate('talks', text('x'))).length, 2)
    const begin = (res: Parameters<typeof event>[0]) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      event(res, { choices: [{ delta: { content: 'first' } }] })
    }
    const cases: [(res: Parameters<typeof event>[0]) => unknown, RegExp][] = [
      [(res) => res.destroy(), /broke off/],
      [(res) => res.end(), /before it was complete/],
      [(res) => res.end('data: {"error": {"message": "out of memory"}}\n\n'), /out of memory/],
      [(res) => res.end('data: {nonsense\n\n'), /not a stream of JSON events/],
    ]
    for (const [end, details] of cases) {
      openAi.next.push((_, res) => {
        begin(res)
        setImmediate(() => end(res))
      })
      const answers = await generate('talks', text('x'))
      refused(answers.at(-1)!, StatusCode.MODEL_PREDICTION_FAILED, details)
    }
  })

  test('a local model answers one message per input, a broken input among them', async () => {
    const userAppId = { userId: 'clarifai', appId: 'main' }
    const inputs = [{ data: text('one') }, { data: {} }, { data: text('two') }]
    const request = { userAppId, modelId: 'multilingual-text-embedding', inputs }
    const answers = await server.stream('GenerateModelOutputs', [request])
    assert.deepEqual(
      answers.map(({ outputs }) => [outputs.length, outputs[0]!.data?.embeddings.length ?? 0]),
      [
        [1, 1],
        [1, 0],
        [1, 1],
      ],
    )
    assert.equal(answers[1]!.outputs[0]!.status?.code, StatusCode.INPUT_INVALID_ARGUMENT)
  })

  test('a stream of requests: answered in order, a bad one by its status, another model refused', async () => {
    await makeModel('talks', 'text-to-text', settings())
    const { userAppId } = app
    const answers = await server.stream('StreamModelOutputs', [
      { userAppId, modelId: 'talks', inputs: [{ data: text('a') }] },
      { userAppId, modelId: 'talks', inputs: [] },
      { userAppId, modelId: 'other', inputs: [{ data: text('a') }] },
      { userAppId, modelId: 'talks', inputs: [{ data: text('b') }] },
    ])
    assert.deepEqual(
      answers.map(({ status, outputs }) => outputs[0]?.data?.text?.raw ?? StatusCode[status!.code]),
      ['user: ', 'a', 'PREDICT_INVALID_REQUEST', 'PREDICT_INVALID_REQUEST', 'user: ', 'b'],
    )
  })
})

describe('methods', () => {
  const call = (name: string, parts: Record<string, GivenData>) =>
    predict('methods', {
      metadata: { _method_name: name },
      parts: Object.entries(parts).map(([id, data]) => ({ id, data })),
    })

  test('signatures are those of the version, and are answered when asked for', async () => {
    const version = await makeModel('methods', 'multimodal-to-text', settings())
    assert.deepEqual(
      version.methodSignatures.map(({ name }) => name),
      ['predict', 'generate', 'openai_transport', 'openai_stream_transport'],
    )
    const answer = succeeded(await call('_GET_SIGNATURES', {}))
    const told = JSON.parse(answer.outputs[0]!.data!.text!.raw) as { name: string }[]
    assert.deepEqual(
      told.map(({ name }) => name),
      version.methodSignatures.map(({ name }) => name),
    )
    const old = await server.call('PostModelOutputs', {
      userAppId: { userId: 'clarifai', appId: 'main' },
      modelId: 'margin-110-image-crop',
      inputs: [{ data: { metadata: { _method_name: '_GET_SIGNATURES' } } }],
    })
    refused(old, StatusCode.INPUT_UNSUPPORTED_FORMAT)
  })

  test('predict: arguments in every way that clients write them', async () => {
    await makeModel('methods', 'multimodal-to-text', settings())
    const answer = succeeded(
      await call('predict', {
        prompt: { stringValue: 'and now?' },
        image: { image: { base64: PIXEL } },
        images: { parts: [{ data: { image: { base64: PIXEL } } }] },
        chat_history: { stringValue: '[{"role": "user", "content": "before"}]' },
        system_prompt: { text: { raw: 'be kind' } },
        max_tokens: { intValue: 7n },
        temperature: { floatValue: 0.25 },
      }),
    )
    const [part] = answer.outputs[0]!.data!.parts
    assert.equal(part!.id, 'return')
    assert.equal(
      part!.data!.stringValue,
      'system: be kind | user: before | user: and now? | user: <picture> | user: <picture>',
    )
    assert.deepEqual([openAi.got[0]!.body.max_tokens, openAi.got[0]!.body.temperature], [7, 0.25])
    const listed = { _list: [{ role: 'assistant', content: 'hm' }] }
    const wrapped = succeeded(await call('predict', { chat_history: { structValue: listed } }))
    assert.equal(wrapped.outputs[0]!.data!.parts[0]!.data!.stringValue, 'assistant: hm')
  })

  test('wrong arguments and unknown methods are refused', async () => {
    await makeModel('methods', 'multimodal-to-text', settings())
    refused(await call('sing', {}), StatusCode.INPUT_UNSUPPORTED_FORMAT, /no method 'sing'; it has predict, generate/)
    const history = { chat_history: { stringValue: '{"role": "user"}' } }
    refused(await call('predict', history), StatusCode.PREDICT_INVALID_REQUEST, /chat_history must be a list/)
    refused(
      await call('predict', { max_tokens: { stringValue: 'many' } }),
      StatusCode.PREDICT_INVALID_REQUEST,
      /number/,
    )
    refused(
      await call('openai_transport', { msg: { stringValue: '[]' } }),
      StatusCode.PREDICT_INVALID_REQUEST,
      /JSON object/,
    )
    assert.equal(openAi.got.length, 0)
  })

  test('a stranger uses a public remote model but sees neither its key nor where it runs', async () => {
    const owner = await server.makeUser('generous', Visible.PUBLIC)
    const { userAppId } = await makeApp(server, 'open', { owner, visibility: Visible.PUBLIC })
    const own = { key: owner.pat }
    const visibility = { gettable: Visible.PUBLIC }
    const models = [{ id: 'public', modelTypeId: 'text-to-text', visibility }]
    succeeded(await server.call('PostModels', { userAppId, models }, own))
    const modelVersions = [{ visibility, outputInfo: { params: { remote: settings() } } }]
    succeeded(await server.call('PostModelVersions', { userAppId, modelId: 'public', modelVersions }, own))
    const stranger = await server.makeUser('stranger')
    const inputs = [{ data: text('hi') }]
    const as = { key: stranger.pat }
    const answer = succeeded(await server.call('PostModelOutputs', { userAppId, modelId: 'public', inputs }, as))
    assert.equal(answer.outputs[0]!.data?.text?.raw, 'user: hi')
    const { model } = succeeded(await server.call('GetModel', { userAppId, modelId: 'public' }, as))
    assert.equal(model!.modelVersion!.outputInfo!.params!.temperature, 0.7)
    assert.deepEqual(model!.modelVersion!.outputInfo!.params!.remote, { runtime: 'openai' })
  })
})
