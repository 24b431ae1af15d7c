import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import type { InputSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { STATES_PER_APP_MAX } from '../../src/domain/predict/state.ts'
import { putState } from '../../src/store/repos/workflow-states.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { type CallAs, startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

type InputInit = MessageInitShape<typeof InputSchema>

const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')
const PICTURE: InputInit = { data: { image: { base64: PIXEL } } }
const EMBEDDER_VERSION = 'bb186755eda04f9cbb6fe32e816be104'
const MINUTE = 60e6
const { PREDICT_INVALID_REQUEST, WORKFLOW_DOES_NOT_EXIST, WORKFLOW_INVALID_ARGUMENT } = StatusCode

const node = (id: string, model: string, ...from: string[]) => ({
  id,
  model: { id: model },
  nodeInputs: from.map((nodeId) => ({ nodeId })),
})

describe('workflow predictions around the run', () => {
  let server: TestServer
  let app: TestApp
  let stranger: TestUser
  let later = 0
  const clock: Clock = { now: () => systemClock.now() + later }
  const runtime = new FakeRuntime()

  before(async () => {
    server = await startTestServer({ overrides: { ...runtime.services, clock } })
    app = await makeApp(server, 'flows')
    stranger = await server.makeUser('stranger', Visible.PUBLIC)
    const workflows = [
      {
        id: 'faces',
        nodes: [
          node('expression', 'face-sentiment-recognition', 'crop'),
          { ...node('crop', 'margin-110-image-crop', 'find'), suppressOutput: true },
          node('find', 'face-detection'),
        ],
      },
      { id: 'vectors', nodes: [node('embed', 'general-image-embedding'), node('tags', 'general-image-recognition')] },
      { id: 'silent', nodes: [{ ...node('embed', 'general-image-embedding'), suppressOutput: true }] },
    ]
    succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows }))
  })
  after(() => server[Symbol.asyncDispose]())

  const predict = (request: object = {}, as?: CallAs) =>
    server.call(
      'PostWorkflowResults',
      { userAppId: app.userAppId, workflowId: 'faces', inputs: [PICTURE], ...request },
      as,
    )
  const answering = async <T>(answer: FakeRuntime['answer'], work: () => Promise<T>): Promise<T> => {
    runtime.answer = answer
    try {
      return await work()
    } finally {
      runtime.answer = () => ({})
    }
  }

  describe('answers', () => {
    test('one result per input, outputs in node order without the suppressed, the input once', async () => {
      const response = succeeded(await predict({ inputs: [{ id: 'a', ...PICTURE }, PICTURE] }))
      assert.deepEqual(
        [response.workflow?.id, response.workflow?.nodes.map(({ id }) => id), response.workflowState],
        ['faces', ['find', 'crop', 'expression'], undefined],
      )
      assert.equal(response.results.length, 2)
      for (const result of response.results) {
        assert.match(result.id, /^[0-9a-f]{32}$/)
        assert.ok(result.createdAt)
        assert.equal(result.status?.code, StatusCode.SUCCESS)
        assert.deepEqual(
          result.outputs.map(({ model, input, data: found }) => [model?.id, input, found?.concepts]),
          [
            ['face-detection', undefined, []],
            ['face-sentiment-recognition', undefined, []],
          ],
        )
        assert.equal(Buffer.from(result.input?.data?.image?.base64 ?? []).toString(), 'true')
      }
      assert.equal(response.results[0]?.input?.id, 'a')
      assert.match(response.results[1]?.input?.id ?? '', /^[0-9a-f]{32}$/)
    })

    test('a node that fails makes its input mixed, all nodes make it a failure, an input alone the call mixed', async () => {
      const failing =
        (ids: readonly string[]): FakeRuntime['answer'] =>
        (failed) =>
          ids.includes(failed.id) ? { code: StatusCode.MODEL_PREDICTION_FAILED, details: `no ${failed.id}` } : {}
      const one = await answering(failing(['expression']), () => predict())
      refused(one, StatusCode.MIXED_STATUS, /no expression/)
      assert.equal(one.results[0]?.status?.code, StatusCode.MIXED_STATUS)
      const all = await answering(failing(['find', 'expression']), () => predict())
      refused(all, StatusCode.FAILURE, /no find/)
      assert.equal(all.results[0]?.status?.code, StatusCode.MODEL_PREDICTION_FAILED)
      const differently = await answering(
        (failed) => ({
          code: failed.id === 'find' ? StatusCode.MODEL_PREDICTION_FAILED : StatusCode.FAILURE,
          details: 'x',
        }),
        () => predict(),
      )
      assert.equal(differently.results[0]?.status?.code, StatusCode.FAILURE)
      const partly = await answering(
        () => ({ code: StatusCode.MIXED_STATUS, details: 'some' }),
        () => predict(),
      )
      refused(partly, StatusCode.MIXED_STATUS, /some/)
      assert.equal(partly.results[0]?.status?.code, StatusCode.MIXED_STATUS)
    })

    test('inputs that never get to a node have a result without outputs', async () => {
      const response = refused(await predict({ inputs: [PICTURE, {}] }), StatusCode.MIXED_STATUS, /no data/)
      assert.deepEqual(
        response.results.map(({ status, outputs }) => [status?.code, outputs.length]),
        [
          [StatusCode.SUCCESS, 2],
          [StatusCode.INPUT_INVALID_ARGUMENT, 0],
        ],
      )
    })

    test('an empty workflow answers each input with nothing', async () => {
      const { results } = succeeded(await predict({ workflowId: 'Empty' }))
      assert.deepEqual(
        results.map(({ outputs, status }) => [outputs.length, status?.code]),
        [[0, StatusCode.SUCCESS]],
      )
    })
  })

  describe('requests', () => {
    test('1 to 32 inputs', async () => {
      refused(await predict({ inputs: [] }), PREDICT_INVALID_REQUEST)
      refused(await predict({ inputs: Array.from({ length: 33 }, () => PICTURE) }), PREDICT_INVALID_REQUEST, /33/)
      const { results } = succeeded(await predict({ inputs: Array.from({ length: 32 }, () => PICTURE) }))
      assert.equal(results.length, 32)
    })

    test('the default workflow, a built-in one, or one of the app; absent ones are told', async () => {
      assert.equal(succeeded(await predict({ workflowId: '' })).workflow?.id, 'Universal')
      const general = succeeded(await predict({ workflowId: 'General' }))
      assert.equal(general.workflow?.appId, 'main')
      refused(await predict({ workflowId: 'nope' }), WORKFLOW_DOES_NOT_EXIST)
      const workflows = [{ id: 'Face', nodes: [node('own', 'face-detection')] }]
      succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows }))
      assert.equal(succeeded(await predict({ workflowId: 'Face' })).workflow?.nodes[0]?.id, 'own')
      const favored = succeeded(await predict({ workflowId: 'Face', favorClarifaiWorkflows: true }))
      assert.equal(favored.workflow?.nodes[0]?.id, 'face-detector')
    })

    test('the latest version runs unless another is named, and a change counts at once', async () => {
      const post = (nodes: object[], rpc: 'PostWorkflows' | 'PatchWorkflows') =>
        server.call(rpc, {
          userAppId: app.userAppId,
          workflows: [{ id: 'changing', nodes }],
          action: 'overwrite',
        } as never)
      succeeded(await post([node('one', 'face-detection')], 'PostWorkflows'))
      const first = succeeded(await predict({ workflowId: 'changing' })).workflow?.version?.id
      succeeded(await post([node('two', 'general-image-detection')], 'PatchWorkflows'))
      const now = succeeded(await predict({ workflowId: 'changing' }))
      assert.equal(now.workflow?.nodes[0]?.id, 'two')
      const pinned = succeeded(await predict({ workflowId: 'changing', versionId: first }))
      assert.deepEqual(
        [pinned.workflow?.version?.id, pinned.workflow?.nodes[0]?.id, pinned.results[0]?.outputs[0]?.model?.id],
        [first, 'one', 'face-detection'],
      )
      refused(await predict({ workflowId: 'changing', versionId: 'f'.repeat(32) }), StatusCode.CONN_DOES_NOT_EXIST)
      succeeded(await server.call('DeleteWorkflow', { userAppId: app.userAppId, workflowId: 'changing' }))
      refused(await predict({ workflowId: 'changing' }), WORKFLOW_DOES_NOT_EXIST)
    })

    test('output_config holds for all models; sample_ms for videos', async () => {
      const outputConfig = { maxConcepts: 2, minValue: 0.5, sampleMs: 500 }
      succeeded(await predict({ workflowId: 'General', outputConfig }))
      const [tags] = runtime.last.plan.nodes
      assert.deepEqual([tags?.limits.maxConcepts, tags?.limits.minValue, runtime.last.options.sampleMs], [2, 0.5, 500])
      refused(await predict({ outputConfig: { maxConcepts: 201 } }), StatusCode.MODEL_INVALID_ARGUMENT)
      refused(
        await predict({ workflowId: 'General', outputConfig: { selectConcepts: [{ name: 'unicorn' }] } }),
        StatusCode.MODEL_INVALID_ARGUMENT,
        /unicorn/,
      )
      refused(await predict({ outputConfig: { sampleMs: 1 } }), PREDICT_INVALID_REQUEST, /sample_ms/)
    })

    test('renamed models and apps go on running in the workflows that name them', async () => {
      const { userAppId } = await makeApp(server, 'renaming')
      const models = [{ id: 'cut', modelTypeId: 'image-crop', outputInfo: { params: { margin: 1.3 } } }]
      succeeded(await server.call('PostModels', { userAppId, models }))
      const nodes = [node('find', 'face-detection'), node('cut', 'cut', 'find')]
      succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'w', nodes }] }))
      const action = 'overwrite'
      succeeded(await predict({ userAppId, workflowId: 'w' }))
      succeeded(await server.call('PatchModelIds', { userAppId, ids: [{ id: 'cut', newId: 'snip' }], action }))
      const me = { userId: 'me' }
      succeeded(
        await server.call('PatchAppsIds', { userAppId: me, ids: [{ id: 'renaming', newId: 'renamed' }], action }),
      )
      const moved = { userId: 'me', appId: 'renamed' }
      const { results, workflow } = succeeded(await predict({ userAppId: moved, workflowId: 'w' }))
      const model = results[0]?.outputs[1]?.model
      assert.deepEqual([model?.id, model?.appId, workflow?.appId], ['snip', 'renamed', 'renamed'])
      assert.equal(runtime.last.plan.nodes[1]?.params.margin, 1.3)
    })

    test('strangers run what is public, made of what is public', async () => {
      const open = await makeApp(server, 'open', { owner: stranger, visibility: Visible.PUBLIC })
      const as = { key: stranger.pat }
      const models = [{ id: 'cut', modelTypeId: 'image-crop', outputInfo: { params: { margin: 1.3 } } }]
      succeeded(await server.call('PostModels', { userAppId: open.userAppId, models }, as))
      const visibility = { gettable: Visible.PUBLIC }
      const workflows = [
        { id: 'shown', visibility, nodes: [node('find', 'face-detection')] },
        { id: 'hidden', nodes: [node('find', 'face-detection')] },
        { id: 'partly', visibility, nodes: [node('find', 'face-detection'), node('cut', 'cut', 'find')] },
      ]
      succeeded(await server.call('PostWorkflows', { userAppId: open.userAppId, workflows }, as))
      const run = (workflowId: string, caller: CallAs) => predict({ userAppId: open.userAppId, workflowId }, caller)
      for (const { id } of workflows) succeeded(await run(id, as))
      succeeded(await run('shown', {}))
      refused(await run('hidden', {}), WORKFLOW_DOES_NOT_EXIST)
      refused(await run('partly', {}), StatusCode.MODEL_DOES_NOT_EXIST)
      refused(await predict({}, as), StatusCode.CONN_DOES_NOT_EXIST)
      const key = await server.makeKey({
        userPk: server.admin.pk,
        kind: 'pat',
        scopes: ['Workflows_Get', 'Models_Get'],
      })
      refused(await predict({}, { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /Predict/)
    })

    test('every built-in workflow can be run', async () => {
      const userAppId = { userId: 'clarifai', appId: 'main' }
      const { workflows } = succeeded(await server.call('ListWorkflows', { userAppId }))
      assert.ok(workflows.length >= 10)
      for (const { id, nodes } of workflows) {
        const { results } = succeeded(await predict({ userAppId, workflowId: id }))
        assert.equal(results[0]?.outputs.length, nodes.length, id)
      }
    })

    test('a workflow with a listed model that cannot run says which', async () => {
      const workflows = [{ id: 'food', nodes: [node('food', 'food-item-recognition')] }]
      succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows }))
      refused(await predict({ workflowId: 'food' }), StatusCode.MODEL_NOT_DEPLOYED, /food-item-recognition/)
    })

    test('calls share a plan until something changes', async () => {
      const plan = async () => {
        succeeded(await predict({ workflowId: 'vectors' }))
        return runtime.last.plan
      }
      const first = await plan()
      assert.equal(await plan(), first)
      succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows: [{ id: 'more' }] }))
      assert.notEqual(await plan(), first)
    })
  })

  describe('WorkflowState', () => {
    const run = (id: string, request: object = {}) => predict({ workflowState: { id }, ...request })

    test('begins with init, lives five minutes after each call, and is gone then', async () => {
      later = 0
      const id = succeeded(await run('init')).workflowState?.id ?? ''
      assert.match(id, /^[0-9a-f]{32}$/)
      for (let call = 1; call <= 3; call++) {
        later = call * 4 * MINUTE
        assert.equal(succeeded(await run(id)).workflowState?.id, id)
      }
      later += 5 * MINUTE
      refused(await run(id), WORKFLOW_INVALID_ARGUMENT, /five minutes/)
      later = 0
    })

    test('belongs to its app; unknown ones are refused; a call that cannot run begins none', async () => {
      const id = succeeded(await run('init')).workflowState?.id ?? ''
      const other = await makeApp(server, 'other-state')
      refused(await run(id, { userAppId: other.userAppId, workflowId: '' }), WORKFLOW_INVALID_ARGUMENT)
      refused(await run('f'.repeat(32)), WORKFLOW_INVALID_ARGUMENT)
      const count = async () => {
        const rows = await server.services.db.read.selectFrom('workflow_states').select('id').execute()
        return rows.length
      }
      const before = await count()
      refused(await run('init', { inputs: [] }), PREDICT_INVALID_REQUEST)
      refused(await run('init', { workflowId: 'nope' }), WORKFLOW_DOES_NOT_EXIST)
      assert.equal(await count(), before)
      later = 60 * MINUTE
      succeeded(await run('init'))
      assert.equal(await count(), 1)
      later = 0
    })
  })

  describe('WorkflowState, what nodes remember', () => {
    const run = (id: string, request: object = {}) => predict({ workflowState: { id }, ...request })
    /** Runs in which the node `find` counts the inputs of the stream. */
    const counting = async <T>(work: () => Promise<T>): Promise<T> => {
      runtime.remember = (memory) => ({ ...memory, find: String(Number(memory.find ?? 0) + 1) })
      try {
        return await work()
      } finally {
        runtime.remember = undefined
      }
    }
    const stateOf = async (answer: Promise<{ workflowState?: { id: string } }>) =>
      (await answer).workflowState?.id ?? ''

    test('goes from input to input in their order and on to the next call', () =>
      counting(async () => {
        const from = runtime.runs.length
        const id = await stateOf(run('init', { inputs: [PICTURE, PICTURE] }))
        await run(id)
        const other = await stateOf(run('init'))
        await run(id)
        assert.notEqual(other, id)
        assert.deepEqual(
          runtime.runs.slice(from).map(({ inputs, options }) => [inputs.length, options.memory]),
          [
            [1, {}],
            [1, { find: '1' }],
            [1, { find: '2' }],
            [1, {}],
            [1, { find: '3' }],
          ],
        )
      }))

    test('calls at the same time come one after the other, none is lost', () =>
      counting(async () => {
        const id = await stateOf(run('init'))
        const from = runtime.runs.length
        await Promise.all([run(id), run(id), run(id), run(id)])
        assert.deepEqual(
          runtime.runs.slice(from).map(({ options }) => options.memory?.find),
          ['1', '2', '3', '4'],
        )
      }))

    test('is as it was after a call that failed, and begins anew with another version of the workflow', () =>
      counting(async () => {
        const id = await stateOf(run('init'))
        runtime.before = () => Promise.reject(new Error('out of order'))
        assert.notEqual((await run(id)).status?.code, StatusCode.SUCCESS)
        runtime.before = () => {}
        await run(id)
        assert.deepEqual(runtime.last.options.memory, { find: '1' })
        const { workflow } = succeeded(
          await server.call('GetWorkflow', { userAppId: app.userAppId, workflowId: 'faces' }),
        )
        const { nodes } = workflow!
        nodes[0]!.suppressOutput = true
        const patch = { userAppId: app.userAppId, action: 'merge', workflows: [{ id: 'faces', nodes }] }
        succeeded(await server.call('PatchWorkflows', patch))
        await run(id)
        assert.deepEqual(runtime.last.options.memory, {})
        nodes[0]!.suppressOutput = false
        succeeded(await server.call('PatchWorkflows', { ...patch, action: 'overwrite' }))
      }))

    test('calls without a state have none', async () => {
      await predict()
      assert.equal(runtime.last.options.memory, undefined)
    })

    test('an app has a bounded number of them', async () => {
      const { pk } = await makeApp(server, 'hoarder')
      const until = systemClock.now() + MINUTE
      await server.services.db.transact(async (tx) => {
        for (let at = 0; at < STATES_PER_APP_MAX; at++) {
          await putState(tx, { id: `hoarded-${at}`, appPk: pk, doc: '{}', until })
        }
      })
      const request = {
        userAppId: { userId: 'admin', appId: 'hoarder' },
        workflowId: 'General',
        favorClarifaiWorkflows: true,
      }
      refused(await run('init', request), WORKFLOW_INVALID_ARGUMENT, /1000 workflow states/)
      succeeded(await run('init'))
    })
  })

  describe('PostWorkflowResultsSimilarity', () => {
    const compare = (request: object = {}, as?: CallAs) =>
      server.call(
        'PostWorkflowResultsSimilarity',
        {
          userAppId: app.userAppId,
          workflowId: 'vectors',
          modelVersionId: EMBEDDER_VERSION,
          probeInputs: [PICTURE],
          poolInputs: [PICTURE],
          ...request,
        },
        as,
      )
    const VECTORS = [
      [1, 0],
      [0, 1],
      [0, 2],
      [3, 0],
      [-1, 0],
    ]
    const vectors: FakeRuntime['answer'] = ({ id }, _input, at) =>
      id === 'embed' ? { data: data({ embeddings: [{ vector: VECTORS[at % VECTORS.length]! }] }) } : {}

    test('every probe meets every pool input, the likest first, scores in 0..1', async () => {
      const named = (...ids: string[]) => ids.map((id) => ({ id, ...PICTURE }))
      const request = { probeInputs: named('east', 'north'), poolInputs: named('up', 'right', 'left') }
      const { results } = await answering(vectors, async () => succeeded(await compare(request)))
      assert.deepEqual(
        results.map(({ probeInput, poolResults }) => [
          probeInput?.id,
          poolResults.map(({ input, score }) => [input?.id, Number(score.toFixed(6))]),
        ]),
        [
          [
            'east',
            [
              ['right', 1],
              ['up', 0.5],
              ['left', 0],
            ],
          ],
          [
            'north',
            [
              ['up', 1],
              ['right', 0.5],
              ['left', 0.5],
            ],
          ],
        ],
      )
      assert.equal(Buffer.from(results[0]?.probeInput?.data?.image?.base64 ?? []).toString(), 'true')
    })

    test('whatever has no vector fails the call, saying which', async () => {
      const gap: FakeRuntime['answer'] = (asked, input, at) => (at === 2 ? {} : vectors(asked, input, at))
      const poolInputs = [PICTURE, PICTURE]
      const missing = await answering(gap, () => compare({ poolInputs }))
      refused(missing, StatusCode.WORKFLOW_NO_MATCHING_INPUT, /pool input 2/)
      refused(await compare({ probeInputs: [{}] }), StatusCode.INPUT_INVALID_ARGUMENT, /probe 1/)
      refused(await compare({ workflowId: 'silent' }), WORKFLOW_INVALID_ARGUMENT, /suppressed/)
    })

    test('the model version must be one of the workflow; lists have 1 to 32 inputs', async () => {
      refused(await compare({ modelVersionId: 'f'.repeat(32) }), WORKFLOW_INVALID_ARGUMENT, /version/)
      refused(await compare({ modelVersionId: '' }), WORKFLOW_INVALID_ARGUMENT)
      refused(await compare({ probeInputs: [] }), PREDICT_INVALID_REQUEST, /probe_inputs/)
      refused(
        await compare({ poolInputs: Array.from({ length: 33 }, () => PICTURE) }),
        PREDICT_INVALID_REQUEST,
        /pool_inputs/,
      )
      refused(await compare({ workflowId: 'nope' }), WORKFLOW_DOES_NOT_EXIST)
      refused(await compare({}, { key: stranger.pat }), StatusCode.CONN_DOES_NOT_EXIST)
    })
  })
})
