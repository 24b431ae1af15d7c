import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Workflow, WorkflowNodeSchema, WorkflowSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { type CallAs, startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

type NodeInit = MessageInitShape<typeof WorkflowNodeSchema>
type WorkflowInit = MessageInitShape<typeof WorkflowSchema>

const TAGGER = 'general-image-recognition'
const TAGGER_VERSION = 'aa7f35c01e0642fda5cf400f543e7c40'
const OLDER_TAGGER_VERSION = 'aa9ca48295b37401f8af92ad1af0d91d'
const { WORKFLOW_INVALID_ARGUMENT, WORKFLOW_INVALID_GRAPH, WORKFLOW_DOES_NOT_EXIST } = StatusCode

const node = (id: string, model: string, ...from: string[]) => ({
  id,
  model: { id: model },
  nodeInputs: from.map((nodeId) => ({ nodeId })),
})
const TAGS = [node('tags', TAGGER)]
const shape = (workflow: Workflow | undefined) =>
  workflow?.nodes.map(({ id, model, nodeInputs }) => [
    id,
    `${model?.userId}/${model?.appId}/${model?.id}/${model?.modelVersion?.id}`,
    nodeInputs.map(({ nodeId }) => nodeId),
  ])

describe('workflows', () => {
  let server: TestServer
  let app: TestApp
  let stranger: TestUser

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'flows')
    stranger = await server.makeUser('stranger', Visible.PUBLIC)
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (workflows: WorkflowInit[], as?: CallAs, userAppId: object = app.userAppId) =>
    server.call('PostWorkflows', { userAppId, workflows }, as)
  const get = (workflowId: string, as?: CallAs, userAppId: object = app.userAppId) =>
    server.call('GetWorkflow', { userAppId, workflowId }, as)
  const patch = (workflows: WorkflowInit[], action: string) =>
    server.call('PatchWorkflows', { userAppId: app.userAppId, workflows, action })
  const versionsOf = async (workflowId: string) =>
    succeeded(await server.call('ListWorkflowVersions', { userAppId: app.userAppId, workflowId })).workflowVersions
  const made = async (id: string, nodes: NodeInit[] = TAGS): Promise<Workflow> =>
    succeeded(await post([{ id, nodes }])).workflows[0]!

  describe('PostWorkflows', () => {
    test('nodes come back in the order in which they run, with full ids and versions, as a first version', async () => {
      const workflow = await made('ordered', [
        node('expression', 'face-sentiment-recognition', 'crop'),
        node('crop', 'margin-110-image-crop', 'faces'),
        node('faces', 'face-detection'),
      ])
      assert.deepEqual(shape(workflow), [
        ['faces', 'clarifai/main/face-detection/6dc7e46bc9124c5c8824be4822abe105', []],
        ['crop', 'clarifai/main/margin-110-image-crop/b9987421b40a46649566826ef9325303', ['faces']],
        ['expression', 'clarifai/main/face-sentiment-recognition/a5d7776f0c064a41b48c3ce039049f65', ['crop']],
      ])
      assert.deepEqual(
        [workflow.appId, workflow.userId, workflow.visibility?.gettable, workflow.version?.workflowId],
        ['flows', 'admin', Visible.PRIVATE, 'ordered'],
      )
      assert.match(workflow.version?.id ?? '', /^[0-9a-f]{32}$/)
      assert.deepEqual(workflow.version?.nodes, workflow.nodes)
      assert.deepEqual(succeeded(await get('ordered')).workflow, workflow)
      assert.equal((await versionsOf('ordered')).length, 1)
    })

    test('versions are pinned, old model ids are known, overrides and suppression are kept', async () => {
      const nodes: NodeInit[] = [
        { id: 'pinned', model: { id: TAGGER, modelVersion: { id: OLDER_TAGGER_VERSION } } },
        { id: 'old id', model: { id: 'aaa03c23b3724a16a56b629203edc62c' }, suppressOutput: true },
        {
          ...node('strict', TAGGER),
          outputInfoOverride: { params: { min_value: 0.5 }, data: { concepts: [{ id: 'ai_HLmqFqBf' }] } },
        },
      ]
      const workflow = await made('pinned', nodes)
      assert.deepEqual(shape(workflow), [
        ['pinned', `clarifai/main/${TAGGER}/${OLDER_TAGGER_VERSION}`, []],
        ['old id', `clarifai/main/${TAGGER}/${TAGGER_VERSION}`, []],
        ['strict', `clarifai/main/${TAGGER}/${TAGGER_VERSION}`, []],
      ])
      assert.deepEqual(
        workflow.nodes.map((n) => n.suppressOutput),
        [false, true, false],
      )
      assert.deepEqual(workflow.nodes[2]?.outputInfoOverride?.params, { min_value: 0.5 })
    })

    test('whole models echoed into nodes are read for their ids alone', async () => {
      const { model } = succeeded(
        await server.call('GetModel', { userAppId: app.userAppId, modelId: 'face-detection' }),
      )
      assert.ok(model?.createdAt && model.modelVersion?.status)
      const workflow = await made('echoed', [{ id: 'faces', model }])
      assert.deepEqual(
        [workflow.nodes[0]?.model?.createdAt, workflow.nodes[0]?.model?.modelVersion?.status],
        [undefined, undefined],
      )
      assert.equal(workflow.nodes[0]?.model?.modelVersion?.id, model.modelVersion.id)
    })

    test('a workflow needs neither nodes nor an id', async () => {
      const { workflows } = succeeded(await post([{ description: 'nothing' }]))
      assert.match(workflows[0]!.id, /^[0-9a-f]{32}$/)
      assert.deepEqual(workflows[0]?.nodes, [])
    })

    test('own models, operators with parameters among them, stand in nodes', async () => {
      const { userAppId } = app
      const version = {
        outputInfo: {
          data: { concepts: [{ id: 'ai_HLmqFqBf', value: 0.4 }] },
          params: { concept_threshold_type: 'GREATER_THAN' },
        },
      }
      succeeded(
        await server.call('PostModels', { userAppId, models: [{ id: 'sieve', modelTypeId: 'concept-thresholder' }] }),
      )
      const untold = await post([{ id: 'sieved', nodes: [...TAGS, node('sieve', 'sieve', 'tags')] }])
      refused(untold, StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL, /sieve/)
      const { model } = succeeded(
        await server.call('PostModelVersions', { userAppId, modelId: 'sieve', modelVersions: [version] }),
      )
      const workflow = await made('sieved', [...TAGS, node('sieve', 'sieve', 'tags')])
      assert.deepEqual(shape(workflow)?.[1], ['sieve', `admin/flows/sieve/${model?.modelVersion?.id}`, ['tags']])
    })

    test('what is wrong with a graph is said, and nothing is stored', async () => {
      const wrong: [NodeInit[], StatusCode, RegExp][] = [
        [[node('a', TAGGER), node('a', TAGGER)], WORKFLOW_INVALID_GRAPH, /"a"/],
        [[node('a', TAGGER, 'b')], WORKFLOW_INVALID_GRAPH, /"b"/],
        [
          [node('a', 'margin-100-image-crop', 'b'), node('b', 'margin-100-image-crop', 'a')],
          WORKFLOW_INVALID_GRAPH,
          /circle/,
        ],
        [[node('a', 'margin-100-image-crop', 'a')], WORKFLOW_INVALID_GRAPH, /itself/],
        [[node('', TAGGER)], WORKFLOW_INVALID_ARGUMENT, /no id/],
        [[{ id: 'a' }], WORKFLOW_INVALID_ARGUMENT, /model/],
        [[node('a', 'no-such-model')], StatusCode.MODEL_DOES_NOT_EXIST, /no-such-model/],
        [[{ id: 'a', model: { id: TAGGER, modelVersion: { id: 'f'.repeat(32) } } }], WORKFLOW_INVALID_ARGUMENT, /"a"/],
        [[...TAGS, node('crop', 'margin-100-image-crop', 'tags')], WORKFLOW_INVALID_GRAPH, /crop.*region/],
        [Array.from({ length: 21 }, (_, at) => node(`n${at}`, TAGGER)), WORKFLOW_INVALID_ARGUMENT, /20/],
        [
          [{ ...node('a', TAGGER), outputInfoOverride: { params: { max_concepts: 999 } } }],
          StatusCode.MODEL_INVALID_ARGUMENT,
          /max_concepts/,
        ],
      ]
      for (const [nodes, code, details] of wrong) refused(await post([{ id: 'wrong', nodes }]), code, details)
      refused(await get('wrong'), WORKFLOW_DOES_NOT_EXIST)
    })

    test('untrained models cannot be nodes', async () => {
      const { userAppId } = app
      succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'raw' }] }))
      const nodes = [node('raw', 'raw')]
      refused(await post([{ id: 'x', nodes }]), StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL, /raw/)
      const output = { outputInfo: { data: { concepts: [{ id: 'c1' }] } } }
      await server.call('PostModelVersions', { userAppId, modelId: 'raw', modelVersions: [output] })
      refused(await post([{ id: 'x', nodes }]), StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL, /raw/)
    })

    test('duplicates, bad ids, bad values and over-long lists are refused, all or none', async () => {
      await made('there')
      refused(await post([{ id: 'new-one' }, { id: 'there' }]), StatusCode.WORKFLOW_DUPLICATE, /already exists/)
      refused(await get('new-one'), WORKFLOW_DOES_NOT_EXIST)
      const bad: WorkflowInit[] = [
        { id: 'a b' },
        { id: 'x'.repeat(49) },
        { id: 'n', notes: 'x'.repeat(64 * 1024 + 1) },
        { id: 'd', description: 'x'.repeat(17_000) },
        { id: 'v', visibility: { gettable: 20 as never } },
        { id: 'vv', version: { visibility: { gettable: 20 as never } } },
        { id: 'i', image: { base64: Buffer.from('x') } },
      ]
      for (const workflow of bad) refused(await post([workflow]), WORKFLOW_INVALID_ARGUMENT)
      refused(await post([]), WORKFLOW_INVALID_ARGUMENT)
      refused(await post(Array.from({ length: 129 }, (_, at) => ({ id: `n${at}` }))), WORKFLOW_INVALID_ARGUMENT)
    })

    test('strangers and keys without the scope make nothing; hidden models are none to them', async () => {
      refused(await post([{ id: 'x' }], { key: stranger.pat }), StatusCode.CONN_DOES_NOT_EXIST)
      const key = await server.makeKey({
        userPk: server.admin.pk,
        kind: 'pat',
        scopes: ['Workflows_Get', 'Models_Get'],
      })
      refused(await post([{ id: 'x' }], { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /Workflows_Add/)
      const own = await makeApp(server, 'own', { owner: stranger })
      const nodes = [{ id: 'a', model: { id: 'sieve', userId: 'admin', appId: 'flows' } }]
      const hidden = await post([{ id: 'x', nodes }], { key: stranger.pat }, own.userAppId)
      refused(hidden, StatusCode.MODEL_DOES_NOT_EXIST)
    })
  })

  describe('GetWorkflow', () => {
    test('an empty id is the default workflow, unless hidden', async () => {
      assert.equal(succeeded(await get('')).workflow?.id, 'Universal')
      const open = await makeApp(server, 'open', { owner: stranger, visibility: Visible.PUBLIC })
      refused(await get('', undefined, open.userAppId), WORKFLOW_DOES_NOT_EXIST)
    })

    test('built-in ones are known in every app, after its own unless asked for first', async () => {
      const { workflow } = succeeded(await get('General'))
      assert.deepEqual([workflow?.userId, workflow?.appId], ['clarifai', 'main'])
      await made('Face', [])
      assert.equal(succeeded(await get('Face')).workflow?.appId, 'flows')
      const favored = await server.call('GetWorkflow', {
        userAppId: app.userAppId,
        workflowId: 'Face',
        favorClarifaiWorkflows: true,
      })
      assert.equal(succeeded(favored).workflow?.appId, 'main')
    })

    test('absent and hidden look the same', async () => {
      const open = await makeApp(server, 'half-open', { owner: stranger, visibility: Visible.PUBLIC })
      const own = { key: stranger.pat }
      succeeded(await post([{ id: 'secret' }, { id: 'shown', visibility: { gettable: 50 } }], own, open.userAppId))
      const [hidden, absent] = [await get('secret', {}, open.userAppId), await get('nope', {}, open.userAppId)]
      refused(hidden, WORKFLOW_DOES_NOT_EXIST)
      const anonymous = (text = '') => text.replace(/'\w+'/, "'x'")
      assert.equal(anonymous(hidden.status?.details), anonymous(absent.status?.details))
      assert.equal(succeeded(await get('shown', {}, open.userAppId)).workflow?.id, 'shown')
    })

    test('who sees only what is public sees the newest public version', async () => {
      const open = await makeApp(server, 'versions-open', { owner: stranger, visibility: Visible.PUBLIC })
      const own = { key: stranger.pat }
      const first = [{ id: 'one', model: { id: 'face-detection' } }]
      succeeded(await post([{ id: 'w', nodes: first, visibility: { gettable: 50 } }], own, open.userAppId))
      const second = { id: 'w', nodes: TAGS, version: { visibility: { gettable: 10 } } }
      succeeded(
        await server.call(
          'PatchWorkflows',
          { userAppId: open.userAppId, workflows: [second], action: 'overwrite' },
          own,
        ),
      )
      const nodesSeen = async (as: CallAs) =>
        succeeded(await get('w', as, open.userAppId)).workflow?.nodes.map(({ id }) => id)
      assert.deepEqual(await nodesSeen(own), ['tags'])
      assert.deepEqual(await nodesSeen({}), ['one'])
      const listed = succeeded(await server.call('ListWorkflows', { userAppId: open.userAppId })).workflows
      assert.deepEqual(
        listed.map(({ nodes }) => nodes[0]?.id),
        ['one'],
      )
    })
  })

  describe('ListWorkflows', () => {
    let owner: TestUser
    let place: TestApp
    before(async () => {
      owner = await server.makeUser('flowlister', Visible.PUBLIC)
      place = await makeApp(server, 'listed', { owner, visibility: Visible.PUBLIC })
      const as = { key: owner.pat }
      const open = { gettable: Visible.PUBLIC }
      succeeded(await post([{ id: 'gen-a', description: 'Satisfied people', visibility: open }], as, place.userAppId))
      succeeded(await post([{ id: 'gen-b', notes: 'orchard' }], as, place.userAppId))
      succeeded(await post([{ id: 'other', visibility: open }], as, place.userAppId))
    })

    const list = async (request: object = {}, as: CallAs = { key: owner.pat }): Promise<string[]> => {
      const { workflows } = succeeded(
        await server.call('ListWorkflows', { userAppId: place.userAppId, ...request }, as),
      )
      return workflows.map(({ id }) => id)
    }

    test('of an app, the newest change first; of a user; of everybody', async () => {
      assert.deepEqual(await list(), ['other', 'gen-b', 'gen-a', 'Universal'])
      assert.deepEqual(await list({}, {}), ['other', 'gen-a'])
      await makeApp(server, 'second', { owner })
      assert.deepEqual(await list({ userAppId: { userId: 'me' } }), [
        'Universal',
        'other',
        'gen-b',
        'gen-a',
        'Universal',
      ])
      assert.deepEqual(await list({ userAppId: { userId: 'flowlister' } }, {}), ['other', 'gen-a'])
      const everywhere = await list({ userAppId: undefined, perPage: 1000 }, {})
      assert.ok(everywhere.includes('gen-a') && everywhere.includes('Face-Sentiment') && !everywhere.includes('gen-b'))
    })

    test('built-in workflows are listed with their nodes and their place', async () => {
      const { workflows } = succeeded(
        await server.call('ListWorkflows', { userAppId: { userId: 'clarifai', appId: 'main' } }),
      )
      const general = workflows.find(({ id }) => id === 'General')
      assert.deepEqual([general?.userId, general?.appId, general?.nodes.length], ['clarifai', 'main', 2])
      for (const id of ['Empty', 'Universal', 'Text', 'Language-Understanding']) {
        assert.ok(
          workflows.some((workflow) => workflow.id === id),
          id,
        )
      }
    })

    test('pages, orders, filters and keywords', async () => {
      assert.deepEqual(await list({ page: 2, perPage: 3 }), ['Universal'])
      assert.deepEqual(await list({ page: 9, perPage: 3 }), [])
      const by = (field: string, sortAscending: boolean) =>
        list({ sortBy: { case: field, value: true }, sortAscending })
      assert.deepEqual(await by('sortById', true), ['Universal', 'gen-a', 'gen-b', 'other'])
      assert.deepEqual(await by('sortByCreatedAt', true), ['Universal', 'gen-a', 'gen-b', 'other'])
      assert.deepEqual(await by('sortByModifiedAt', false), ['other', 'gen-b', 'gen-a', 'Universal'])
      assert.deepEqual(await list({ id: 'gen*' }), ['gen-b', 'gen-a'])
      assert.deepEqual(await list({ visibility: { gettable: 50 } }), ['other', 'gen-a'])
      assert.deepEqual(await list({ featuredOnly: true }), [])
      assert.deepEqual(await list({ bookmark: true }), [])
      assert.deepEqual(await list({ starredOnly: true }), [])
      assert.deepEqual(await list({ search: 'satisfy' }), ['gen-a'])
      assert.deepEqual(await list({ searchTerm: 'orchards' }), ['gen-b'])
      assert.deepEqual(await list({ query: 'orchard OR other' }), ['other', 'gen-b'])
      const byRelevance = { sortBy: { case: 'sortByRelevance', value: true } } as const
      assert.deepEqual(await list({ ...byRelevance, search: 'gen' }), ['gen-b', 'gen-a'])
      refused(
        await server.call('ListWorkflows', { userAppId: place.userAppId, ...byRelevance }),
        WORKFLOW_INVALID_ARGUMENT,
      )
      const owners = await list({ userAppId: undefined, search: 'flowlister' }, {})
      assert.deepEqual(owners, ['other', 'gen-a'])
    })

    test('takes the scope', async () => {
      const key = await server.makeKey({ userPk: owner.pk, kind: 'pat', scopes: ['Models_Get'] })
      const call = server.call('ListWorkflows', { userAppId: place.userAppId }, { key })
      refused(await call, StatusCode.CONN_INSUFFICIENT_SCOPES, /Workflows_Get/)
    })
  })

  describe('PatchWorkflows', () => {
    test('fields alone change the workflow, nodes make a version', async () => {
      const before = await made('fields')
      const patched = succeeded(
        await patch(
          [{ id: 'fields', description: 'd', notes: 'n', metadata: { a: 1 }, visibility: { gettable: 50 } }],
          'overwrite',
        ),
      ).workflows[0]
      assert.deepEqual(
        [patched?.description, patched?.notes, patched?.metadata, patched?.visibility?.gettable, patched?.version?.id],
        ['d', 'n', { a: 1 }, 50, before.version?.id],
      )
      assert.deepEqual(succeeded(await get('fields')).workflow, patched)
      const after = succeeded(await patch([{ id: 'fields', nodes: [node('faces', 'face-detection')] }], 'overwrite'))
      assert.deepEqual(
        after.workflows[0]?.nodes.map(({ id }) => id),
        ['faces'],
      )
      assert.equal(after.workflows[0]?.notes, 'n')
      const versions = await versionsOf('fields')
      assert.deepEqual(
        versions.map(({ id }) => id),
        [after.workflows[0]?.version?.id, before.version?.id],
      )
    })

    test('merge changes nodes by id, adds others, and replaces a model with its version', async () => {
      await made('merged', [node('faces', 'face-detection'), node('crop', 'margin-100-image-crop', 'faces')])
      const { workflows } = succeeded(
        await patch(
          [
            {
              id: 'merged',
              nodes: [
                node('crop', 'margin-110-image-crop', 'faces'),
                node('age', 'age-demographics-recognition', 'crop'),
              ],
            },
          ],
          'merge',
        ),
      )
      assert.deepEqual(shape(workflows[0]), [
        ['faces', 'clarifai/main/face-detection/6dc7e46bc9124c5c8824be4822abe105', []],
        ['crop', 'clarifai/main/margin-110-image-crop/b9987421b40a46649566826ef9325303', ['faces']],
        ['age', 'clarifai/main/age-demographics-recognition/fb9f10339ac14e23b8e960e74984401b', ['crop']],
      ])
      const same = succeeded(await patch([{ id: 'merged', nodes: workflows[0]?.nodes }], 'merge'))
      assert.deepEqual(shape(same.workflows[0]), shape(workflows[0]))
      succeeded(await patch([{ id: 'merged', nodes: [{ id: 'age', suppressOutput: true }] }], 'merge'))
      const { workflow } = succeeded(await get('merged'))
      assert.deepEqual(
        workflow?.nodes.map((n) => n.suppressOutput),
        [false, false, true],
      )
    })

    test('remove takes away the image alone', async () => {
      await made('pictured')
      const url = 'https://example.com/1.png'
      succeeded(await patch([{ id: 'pictured', image: { url } }], 'overwrite'))
      refused(await patch([{ id: 'pictured', description: 'x' }], 'remove'), WORKFLOW_INVALID_ARGUMENT, /image alone/)
      refused(await patch([{ id: 'pictured', image: { url }, nodes: TAGS }], 'remove'), WORKFLOW_INVALID_ARGUMENT)
      assert.equal(succeeded(await get('pictured')).workflow?.image?.url, url)
      const { workflows } = succeeded(await patch([{ id: 'pictured', image: { url } }], 'remove'))
      assert.equal(workflows[0]?.image, undefined)
    })

    test('all or none; unknown workflows, actions and graphs are refused', async () => {
      await made('firm')
      refused(await patch([{ id: 'firm', notes: 'x' }, { id: 'nope' }], 'merge'), WORKFLOW_DOES_NOT_EXIST)
      assert.equal(succeeded(await get('firm')).workflow?.notes, '')
      for (const action of ['', 'add']) refused(await patch([{ id: 'firm' }], action), WORKFLOW_INVALID_ARGUMENT)
      refused(await patch([{ id: 'firm', nodes: [node('a', TAGGER, 'b')] }], 'overwrite'), WORKFLOW_INVALID_GRAPH)
      refused(await patch([{ id: 'firm', nodes: [node('b', 'nope')] }], 'merge'), StatusCode.MODEL_DOES_NOT_EXIST)
      refused(await patch([], 'merge'), WORKFLOW_INVALID_ARGUMENT)
      // Built-in workflows are found from every app, but changed from none.
      refused(await patch([{ id: 'General', notes: 'x' }], 'merge'), WORKFLOW_DOES_NOT_EXIST)
    })
  })

  describe('renames', () => {
    const rename = (id: string, newId: string, extra: object = {}) =>
      server.call('PatchWorkflowIds', { userAppId: app.userAppId, ids: [{ id, newId }], action: 'overwrite', ...extra })

    test('a workflow answers by its new id; the old one says where it went, unless hidden', async () => {
      await made('was')
      const { workflows } = succeeded(await rename('was', 'is'))
      assert.deepEqual([workflows[0]?.id, workflows[0]?.version?.workflowId], ['is', 'is'])
      const moved = refused(await get('was'), StatusCode.MOVED)
      assert.equal(moved.status?.redirectInfo?.url, '/v2/users/admin/apps/flows/workflows/is')
      refused(await patch([{ id: 'was', notes: 'x' }], 'merge'), StatusCode.MOVED)
      refused(await server.call('DeleteWorkflow', { userAppId: app.userAppId, workflowId: 'was' }), StatusCode.MOVED)
      await made('was')
      assert.equal(succeeded(await get('was')).workflow?.id, 'was')

      const open = await makeApp(server, 'rename-open', { owner: stranger, visibility: Visible.PUBLIC })
      succeeded(await post([{ id: 'hidden-was' }], { key: stranger.pat }, open.userAppId))
      const ids = [{ id: 'hidden-was', newId: 'hidden-is' }]
      const request = { userAppId: open.userAppId, ids, action: 'overwrite' }
      succeeded(await server.call('PatchWorkflowIds', request, { key: stranger.pat }))
      refused(await get('hidden-was', {}, open.userAppId), WORKFLOW_DOES_NOT_EXIST)
    })

    test('one pair, action overwrite, a free and valid id', async () => {
      await made('stay')
      await made('occupied')
      refused(await rename('stay', 'x', { ids: [] }), WORKFLOW_INVALID_ARGUMENT)
      refused(await rename('stay', 'x', { action: 'merge' }), WORKFLOW_INVALID_ARGUMENT)
      refused(await rename('stay', 'a b'), WORKFLOW_INVALID_ARGUMENT)
      refused(await rename('stay', 'occupied'), StatusCode.WORKFLOW_DUPLICATE, /already exists/)
      refused(await rename('nope', 'x'), WORKFLOW_DOES_NOT_EXIST)
    })

    test('nodes follow models and apps that are renamed', async () => {
      const { userAppId } = await makeApp(server, 'moving')
      const models = [{ id: 'cut', modelTypeId: 'image-crop', outputInfo: { params: { margin: 1.3 } } }]
      succeeded(await server.call('PostModels', { userAppId, models }))
      const nodes = [node('faces', 'face-detection'), node('cut', 'cut', 'faces')]
      succeeded(await post([{ id: 'w', nodes }], {}, userAppId))
      const before = shape(succeeded(await get('w', {}, userAppId)).workflow)?.[1]?.[1]
      assert.match(String(before), /^admin\/moving\/cut\//)
      const action = 'overwrite'
      succeeded(await server.call('PatchModelIds', { userAppId, ids: [{ id: 'cut', newId: 'snip' }], action }))
      const me = { userId: 'me' }
      succeeded(await server.call('PatchAppsIds', { userAppId: me, ids: [{ id: 'moving', newId: 'moved' }], action }))
      const now = { userId: 'me', appId: 'moved' }
      const { workflow } = succeeded(await get('w', {}, now))
      assert.equal(shape(workflow)?.[1]?.[1], String(before).replace('moving/cut', 'moved/snip'))
      // The echoed nodes are accepted as they are shown.
      const again = { userAppId: now, workflows: [{ id: 'w', nodes: workflow?.nodes }], action: 'merge' }
      succeeded(await server.call('PatchWorkflows', again))
    })
  })

  describe('deleting', () => {
    const remove = (request: object) => server.call('DeleteWorkflows', { userAppId: app.userAppId, ...request })

    test('one, some, or all but the default one', async () => {
      for (const id of ['d1', 'd2', 'd3', 'd4']) await made(id)
      succeeded(await server.call('DeleteWorkflow', { userAppId: app.userAppId, workflowId: 'd1' }))
      succeeded(await remove({ ids: ['d2', 'd3'] }))
      for (const id of ['d1', 'd2', 'd3']) refused(await get(id), WORKFLOW_DOES_NOT_EXIST)
      refused(await remove({ ids: ['d4', 'nope'] }), WORKFLOW_DOES_NOT_EXIST)
      succeeded(await get('d4'))
      refused(await remove({ ids: ['d4', 'Universal'] }), StatusCode.WORKFLOW_INVALID_REQUEST, /default/)
      refused(
        await server.call('DeleteWorkflow', { userAppId: app.userAppId, workflowId: 'Universal' }),
        StatusCode.WORKFLOW_INVALID_REQUEST,
      )
      refused(await remove({}), WORKFLOW_INVALID_ARGUMENT)
      refused(await remove({ ids: Array.from({ length: 129 }, (_, at) => `n${at}`) }), WORKFLOW_INVALID_ARGUMENT)
      succeeded(await remove({ deleteAll: true }))
      const { workflows } = succeeded(await server.call('ListWorkflows', { userAppId: app.userAppId }))
      assert.deepEqual(
        workflows.map(({ id }) => id),
        ['Universal'],
      )
    })

    test('takes the scope, and is not for strangers', async () => {
      await made('kept')
      const key = await server.makeKey({
        userPk: server.admin.pk,
        kind: 'pat',
        scopes: ['Workflows_Get', 'Workflows_Add'],
      })
      const request = { userAppId: app.userAppId, workflowId: 'kept' }
      refused(await server.call('DeleteWorkflow', request, { key }), StatusCode.CONN_INSUFFICIENT_SCOPES)
      const main = { userAppId: { userId: 'clarifai', appId: 'main' }, workflowId: 'General' }
      refused(await server.call('DeleteWorkflow', main), StatusCode.CONN_INSUFFICIENT_SCOPES)
    })
  })
})
