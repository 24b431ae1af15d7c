import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { InputSchema, Output } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { type CallAs, startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

type InputInit = MessageInitShape<typeof InputSchema>

const TAGGER = 'general-image-recognition'
/** The smallest GIF. */
const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')
const PICTURE: InputInit = { data: { image: { base64: PIXEL } } }
const { MODEL_INVALID_ARGUMENT, PREDICT_INVALID_REQUEST, MODEL_DOES_NOT_EXIST } = StatusCode

describe('PostModelOutputs around the run', () => {
  let server: TestServer
  let app: TestApp
  let stranger: TestUser
  const runtime = new FakeRuntime()

  before(async () => {
    server = await startTestServer({ overrides: runtime.services })
    app = await makeApp(server, 'predict')
    stranger = await server.makeUser('stranger', Visible.PUBLIC)
  })
  after(() => server[Symbol.asyncDispose]())

  const predict = (request: object, as?: CallAs) =>
    server.call('PostModelOutputs', { userAppId: app.userAppId, modelId: TAGGER, inputs: [PICTURE], ...request }, as)
  const configured = (outputConfig: object) => predict({ model: { outputInfo: { outputConfig } } })
  const limits = () => runtime.last.plan.nodes[0]!.limits
  /** What a test says of the runtime holds for that test. */
  const answering = async <T>(answer: FakeRuntime['answer'], work: () => Promise<T>): Promise<T> => {
    runtime.answer = answer
    try {
      return await work()
    } finally {
      runtime.answer = () => ({})
    }
  }

  describe('answers', () => {
    test('one output per input, in order, with ids, times, the model and its version', async () => {
      const inputs = ['a', 'b', ''].map((id) => ({ id, ...PICTURE }))
      const { outputs } = await answering(
        (_node, _input, at) => ({ data: data({ text: { raw: `input ${at}` } }) }),
        async () => succeeded(await predict({ inputs })),
      )
      assert.deepEqual(
        outputs.map((output) => output.data?.text?.raw),
        ['input 0', 'input 1', 'input 2'],
      )
      assert.deepEqual(
        outputs.slice(0, 2).map((output) => output.input?.id),
        ['a', 'b'],
      )
      assert.match(outputs[2]?.input?.id ?? '', /^[0-9a-f]{32}$/)
      assert.equal(new Set(outputs.map(({ id }) => id)).size, 3)
      for (const output of outputs) {
        assert.match(output.id, /^[0-9a-f]{32}$/)
        assert.ok(output.createdAt)
        assert.deepEqual([output.status?.code, output.status?.description], [StatusCode.SUCCESS, 'Ok'])
        const { model } = output
        assert.deepEqual(
          [
            model?.id,
            model?.userId,
            model?.appId,
            model?.modelTypeId,
            model?.modelVersion?.id,
            model?.description,
            model?.notes,
          ],
          [TAGGER, 'clarifai', 'main', 'visual-classifier', 'aa7f35c01e0642fda5cf400f543e7c40', '', ''],
        )
        assert.equal(model?.modelVersion?.status?.code, StatusCode.MODEL_TRAINED)
      }
    })

    test('an output without findings has empty data', async () => {
      const { outputs } = succeeded(await predict({}))
      assert.ok(outputs[0]?.data)
      assert.deepEqual(outputs[0].data.concepts, [])
    })

    test('bytes are echoed as a placeholder, everything else as it was sent', async () => {
      const sent = { image: { base64: PIXEL }, metadata: { a: 1 }, concepts: [{ id: 'c' }] }
      const { outputs } = succeeded(await predict({ inputs: [{ id: 'x', data: sent }] }))
      const echoed = outputs[0]?.input
      assert.equal(Buffer.from(echoed?.data?.image?.base64 ?? []).toString(), 'true')
      assert.deepEqual([echoed?.id, echoed?.data?.metadata, echoed?.data?.concepts[0]?.id], ['x', { a: 1 }, 'c'])
      // What the caller says about the picture is not passed off as something a model has found; filters read metadata.
      assert.deepEqual([runtime.last.inputs[0]?.concepts, runtime.last.inputs[0]?.metadata], [[], { a: 1 }])
      assert.deepEqual(Buffer.from(runtime.last.inputs[0]?.image?.base64 ?? []), PIXEL)
    })

    test('a failure of some is mixed, of all a failure; each output says why', async () => {
      const failing =
        (which: (at: number) => boolean): FakeRuntime['answer'] =>
        (_node, _input, at) =>
          which(at) ? { code: StatusCode.MODEL_PREDICTION_FAILED, details: `bad ${at}` } : {}
      const inputs = [PICTURE, PICTURE]
      const mixed = await answering(
        failing((at) => at === 1),
        () => predict({ inputs }),
      )
      refused(mixed, StatusCode.MIXED_STATUS, /bad 1/)
      assert.deepEqual(codes(mixed.outputs), [StatusCode.SUCCESS, StatusCode.MODEL_PREDICTION_FAILED])
      const all = await answering(
        failing(() => true),
        () => predict({ inputs }),
      )
      refused(all, StatusCode.FAILURE, /bad 0/)
      const partly = await answering(
        () => ({ code: StatusCode.MIXED_STATUS, details: 'some' }),
        () => predict({ inputs }),
      )
      refused(partly, StatusCode.MIXED_STATUS, /some/)
    })

    test('inputs that never get to the model fail by themselves', async () => {
      const inputs: InputInit[] = [
        {},
        { data: {} },
        { data: { image: {} } },
        { data: { image: { base64: Buffer.from('no picture at all') } } },
        { data: { image: { url: 'not a url' } } },
        { data: { text: { raw: '\ud800' } } },
        PICTURE,
      ]
      const response = refused(await predict({ inputs }), StatusCode.MIXED_STATUS)
      assert.deepEqual(codes(response.outputs), [
        StatusCode.INPUT_INVALID_ARGUMENT,
        StatusCode.INPUT_INVALID_ARGUMENT,
        StatusCode.INPUT_INVALID_ARGUMENT,
        StatusCode.INPUT_UNSUPPORTED_FORMAT,
        StatusCode.INPUT_INVALID_URL,
        StatusCode.INPUT_INVALID_ARGUMENT,
        StatusCode.SUCCESS,
      ])
      assert.ok(response.outputs.every((output) => output.input?.id && output.model?.id === TAGGER))
      assert.equal(runtime.last.inputs.length, 1)
      const runs = runtime.runs.length
      const none = await predict({ inputs: inputs.slice(0, 1) })
      refused(none, StatusCode.FAILURE, /no data/)
      assert.equal(runtime.runs.length, runs)
    })
  })

  describe('requests', () => {
    test('1 to 128 inputs', async () => {
      refused(await predict({ inputs: [] }), PREDICT_INVALID_REQUEST)
      refused(await predict({ inputs: Array.from({ length: 129 }, () => PICTURE) }), PREDICT_INVALID_REQUEST, /129/)
      const { outputs } = succeeded(await predict({ inputs: Array.from({ length: 128 }, () => PICTURE) }))
      assert.equal(outputs.length, 128)
    })

    test('a version may be named, a model by its old id', async () => {
      const older = succeeded(await predict({ versionId: 'aa9ca48295b37401f8af92ad1af0d91d' }))
      assert.equal(older.outputs[0]?.model?.modelVersion?.id, 'aa9ca48295b37401f8af92ad1af0d91d')
      const alias = succeeded(await predict({ modelId: 'aaa03c23b3724a16a56b629203edc62c' }))
      assert.equal(alias.outputs[0]?.model?.id, TAGGER)
      refused(await predict({ versionId: 'f'.repeat(32) }), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await predict({ modelId: 'nope' }), MODEL_DOES_NOT_EXIST)
      // The model in the body is for settings alone: some clients put other ids there.
      succeeded(await predict({ model: { id: 'nope', appId: 'x', modelVersion: { id: 'y' } } }))
    })

    test('the newest trained version runs; without one the model is untrained', async () => {
      const { userAppId } = app
      const head = { weights: [[1, 0]], bias: [0] }
      const version = (params: object) => ({ outputInfo: { data: { concepts: [{ id: 'c' }] }, params } })
      succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'head' }] }))
      refused(await predict({ modelId: 'head' }), StatusCode.MODEL_UNTRAINED)
      const post = (params: object) =>
        server.call('PostModelVersions', { userAppId, modelId: 'head', modelVersions: [version(params)] } as never)
      const raw = (await post({})).model?.modelVersion?.id
      await server.services.jobs.idle()
      refused(await predict({ modelId: 'head' }), StatusCode.MODEL_TRAINING_NO_DATA)
      const trained = succeeded(await post(head)).model?.modelVersion?.id
      await post({})
      const { outputs } = succeeded(await predict({ modelId: 'head' }))
      assert.equal(outputs[0]?.model?.modelVersion?.id, trained)
      assert.deepEqual(
        runtime.last.plan.nodes.map(({ engine }) => engine),
        ['mobilenet-v3-embed', 'embedding-classifier'],
      )
      refused(await predict({ modelId: 'head', versionId: raw }), StatusCode.MODEL_TRAINING_NO_DATA)
      refused(await predict({ modelId: 'head' }, { key: stranger.pat }), StatusCode.CONN_DOES_NOT_EXIST)
    })

    test('a listed model that cannot run says so; so does one whose weights are not here', async () => {
      refused(await predict({ modelId: 'food-item-recognition' }), StatusCode.MODEL_NOT_DEPLOYED, /cannot run here/)
      const { weights: _real, ...rest } = runtime.services
      await using bare = await startTestServer({ overrides: rest })
      const place = await makeApp(bare, 'bare')
      const response = await bare.call('PostModelOutputs', {
        userAppId: place.userAppId,
        modelId: TAGGER,
        inputs: [PICTURE],
      })
      refused(response, StatusCode.MODEL_NOT_DEPLOYED, /npx limpid models pull coco-ssd/)
    })

    test('takes the scope; public models are for everybody who sees the app', async () => {
      const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Models_Get'] })
      refused(await predict({}, { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /Predict/)
      const main = { userId: 'clarifai', appId: 'main' }
      succeeded(await predict({ userAppId: main }, { key: stranger.pat }))
      const appKey = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key' })
      succeeded(await predict({ userAppId: undefined }, { key: appKey }))
    })

    test('an aborted call ends the run', async () => {
      const controller = new AbortController()
      runtime.before = ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
          controller.abort()
        })
      try {
        refused(await predict({}, { signal: controller.signal }), StatusCode.REQUEST_CANCELED_BY_USER)
      } finally {
        runtime.before = () => {}
      }
    })
  })

  describe('settings', () => {
    test('the old place and the new one count, the new one first', async () => {
      succeeded(await configured({ maxConcepts: 3, minValue: 0.25 }))
      assert.deepEqual([limits().maxConcepts, limits().minValue], [3, 0.25])
      succeeded(await predict({ model: { modelVersion: { outputInfo: { outputConfig: { maxConcepts: 4 } } } } }))
      assert.equal(limits().maxConcepts, 4)
      const [older, present] = [{ outputConfig: { maxConcepts: 5 } }, { outputConfig: { maxConcepts: 6 } }]
      succeeded(await predict({ model: { outputInfo: older, modelVersion: { outputInfo: present } } }))
      assert.equal(limits().maxConcepts, 6)
      succeeded(await predict({ model: { outputInfo: older, modelVersion: { outputInfo: { params: {} } } } }))
      assert.equal(limits().maxConcepts, 5)
    })

    test('max_concepts is 20 unless said, 200 at most; min_value lies in 0..1', async () => {
      succeeded(await configured({ maxConcepts: 0 }))
      assert.equal(limits().maxConcepts, 20)
      succeeded(await configured({ maxConcepts: 200 }))
      refused(await configured({ maxConcepts: 201 }), MODEL_INVALID_ARGUMENT, /max_concepts/)
      refused(await configured({ minValue: 1.5 }), MODEL_INVALID_ARGUMENT, /min_value/)
      refused(await configured({ minValue: -1 }), MODEL_INVALID_ARGUMENT, /min_value/)
      refused(await predict({ model: { outputInfo: { params: { max_concepts: 'many' } } } }), MODEL_INVALID_ARGUMENT)
    })

    test('concepts are selected by exact id or name; unknown ones are told', async () => {
      const select = (...selectConcepts: object[]) => configured({ selectConcepts })
      succeeded(await select({ id: 'ai_HLmqFqBf' }, { name: 'person' }))
      assert.deepEqual(limits().selectConcepts, [
        { id: 'ai_HLmqFqBf', name: '' },
        { id: '', name: 'person' },
      ])
      refused(await select({ name: 'Person' }), MODEL_INVALID_ARGUMENT, /Person/)
      refused(await select({ id: 'nope' }, { name: 'also not' }), MODEL_INVALID_ARGUMENT)
      succeeded(await select({ name: 'train' }, { name: 'unicorn' }))
      assert.deepEqual(runtime.last.plan.nodes[0]?.missingConcepts, ['unicorn'])
    })

    test('sample_ms is that of the call, of the app, or a second', async () => {
      const sampleMs = () => runtime.last.options.sampleMs
      succeeded(await predict({}))
      assert.equal(sampleMs(), 1000)
      const action = 'overwrite'
      succeeded(await server.call('PatchApp', { userAppId: app.userAppId, app: { sampleMs: 250 }, action }))
      succeeded(await predict({}))
      assert.equal(sampleMs(), 250)
      succeeded(await configured({ sampleMs: 60_000 }))
      assert.equal(sampleMs(), 60_000)
      for (const wrong of [99, 60_001])
        refused(await configured({ sampleMs: wrong }), PREDICT_INVALID_REQUEST, /sample_ms/)
    })

    test('concepts are named in the language asked for, where they have a name in it', async () => {
      const { userAppId } = app
      const output = {
        data: { concepts: [{ id: 'tree' }, { id: 'lamp' }] },
        params: { weights: [[1], [2]], bias: [0, 0] },
      }
      succeeded(await server.call('PostConcepts', { userAppId, concepts: [{ id: 'tree' }, { id: 'lamp' }] }))
      const conceptLanguages = [{ id: 'de', name: 'Baum' }]
      succeeded(await server.call('PostConceptLanguages', { userAppId, conceptId: 'tree', conceptLanguages }))
      succeeded(
        await server.call('PostModels', { userAppId, models: [{ id: 'speaker', outputInfo: output }] } as never),
      )
      const names = async (language: string) => {
        succeeded(await predict({ modelId: 'speaker', model: { outputInfo: { outputConfig: { language } } } }))
        return runtime.last.plan.nodes.at(-1)?.concepts.map((concept) => [concept.name, concept.language])
      }
      assert.deepEqual(await names(''), [
        ['tree', 'en'],
        ['lamp', 'en'],
      ])
      assert.deepEqual(await names('de'), [
        ['Baum', 'de'],
        ['lamp', 'en'],
      ])
      refused(await configured({ language: 'not a language' }), MODEL_INVALID_ARGUMENT, /language/)
    })
  })

  test('calls with the same settings share a plan until something changes', async () => {
    const plan = async (config: object, as?: CallAs) => {
      succeeded(await predict({ model: { outputInfo: { outputConfig: config } } }, as))
      return runtime.last.plan
    }
    const first = await plan({ maxConcepts: 7 })
    assert.equal(await plan({ maxConcepts: 7 }), first)
    assert.notEqual(await plan({ maxConcepts: 8 }), first)
    const together = await Promise.all([plan({ maxConcepts: 9 }), plan({ maxConcepts: 9 })])
    assert.equal(together[0], together[1])
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: 'new' }] }))
    assert.notEqual(await plan({ maxConcepts: 7 }), first)
  })
})

const codes = (outputs: readonly Output[]) => outputs.map(({ status }) => status?.code)
