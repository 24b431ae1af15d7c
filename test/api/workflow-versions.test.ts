import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { type CallAs, startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

const { WORKFLOW_DOES_NOT_EXIST, WORKFLOW_INVALID_ARGUMENT, CONN_DOES_NOT_EXIST } = StatusCode
const MODELS = ['face-detection', 'general-image-detection', 'general-image-recognition']

describe('workflow versions', () => {
  let server: TestServer
  let app: TestApp
  let stranger: TestUser

  before(async () => {
    server = await startTestServer()
    stranger = await server.makeUser('stranger', Visible.PUBLIC)
    app = await makeApp(server, 'versions', { owner: stranger, visibility: Visible.PUBLIC })
  })
  after(() => server[Symbol.asyncDispose]())

  const own = (): CallAs => ({ key: stranger.pat })
  const at = (workflowId: string) => ({ userAppId: app.userAppId, workflowId })

  /** A workflow with three versions; their ids, the newest first. */
  async function three(id: string): Promise<string[]> {
    const { userAppId } = app
    for (const [index, model] of MODELS.entries()) {
      const workflows = [{ id, nodes: [{ id: 'node', model: { id: model } }] }]
      const made =
        index === 0
          ? server.call('PostWorkflows', { userAppId, workflows }, own())
          : server.call('PatchWorkflows', { userAppId, workflows, action: 'overwrite' }, own())
      succeeded(await made)
    }
    return list(id)
  }

  const list = async (id: string, page: object = {}, as = own()): Promise<string[]> => {
    const { workflowVersions } = succeeded(await server.call('ListWorkflowVersions', { ...at(id), ...page }, as))
    return workflowVersions.map((version) => version.id)
  }

  const get = (id: string, workflowVersionId: string, as = own()) =>
    server.call('GetWorkflowVersion', { ...at(id), workflowVersionId }, as)

  test('are listed the newest first, by pages, each with its nodes and place', async () => {
    const ids = await three('listed')
    const { workflowVersions } = succeeded(await server.call('ListWorkflowVersions', at('listed'), own()))
    assert.deepEqual(
      workflowVersions.map(({ nodes, workflowId, appId, userId, isDeprecated }) => [
        nodes[0]?.model?.id,
        `${userId}/${appId}/${workflowId}`,
        isDeprecated,
      ]),
      MODELS.toReversed().map((model) => [model, 'stranger/versions/listed', false]),
    )
    assert.ok(workflowVersions.every(({ createdAt, modifiedAt }) => createdAt && modifiedAt))
    assert.deepEqual(await list('listed', { page: 2, perPage: 2 }), [ids[2]])
    assert.deepEqual(await list('listed', { page: 3, perPage: 2 }), [])
    const { workflow } = succeeded(await server.call('GetWorkflow', at('listed'), own()))
    assert.equal(workflow?.version?.id, ids[0])
    refused(await server.call('ListWorkflowVersions', at('nope'), own()), WORKFLOW_DOES_NOT_EXIST)
  })

  test('one is got by its id', async () => {
    const ids = await three('single')
    const { workflowVersion } = succeeded(await get('single', ids[2]!))
    assert.deepEqual([workflowVersion?.id, workflowVersion?.nodes[0]?.model?.id], [ids[2], MODELS[0]])
    refused(await get('single', 'f'.repeat(32)), CONN_DOES_NOT_EXIST)
    refused(await get('nope', ids[0]!), WORKFLOW_DOES_NOT_EXIST)
    const other = await three('other')
    refused(await get('single', other[0]!), CONN_DOES_NOT_EXIST)
  })

  test('their descriptions are patched, their nodes never', async () => {
    const [newest] = await three('patched')
    const patch = (version: object, action = 'merge') =>
      server.call(
        'PatchWorkflowVersions',
        { ...at('patched'), workflowVersions: [{ id: newest, ...version }], action },
        own(),
      )
    succeeded(await patch({ description: 'd', license: 'MIT', metadata: { a: { b: 1 } } }))
    const { workflowVersions } = succeeded(await patch({ metadata: { a: { c: 2 } } }))
    const [version] = workflowVersions
    assert.deepEqual(
      [version?.description, version?.license, version?.metadata, version?.nodes.length, version?.visibility?.gettable],
      ['d', 'MIT', { a: { b: 1, c: 2 } }, 1, Visible.PRIVATE],
    )
    const removed = succeeded(await patch({ description: 'x', metadata: { a: { b: 0 } } }, 'remove')).workflowVersions
    assert.deepEqual([removed[0]?.description, removed[0]?.metadata], ['', { a: { c: 2 } }])
    const replaced = succeeded(await patch({ metadata: { z: 1 } }, 'overwrite')).workflowVersions
    assert.deepEqual([replaced[0]?.metadata, replaced[0]?.license], [{ z: 1 }, 'MIT'])
    assert.deepEqual(succeeded(await get('patched', newest!)).workflowVersion, replaced[0])

    refused(await patch({ nodes: [{ id: 'n', model: { id: MODELS[0] } }] }), WORKFLOW_INVALID_ARGUMENT, /nodes/)
    refused(await patch({ id: 'f'.repeat(32), description: 'x' }), CONN_DOES_NOT_EXIST)
    refused(await patch({ visibility: { gettable: 11 } }), WORKFLOW_INVALID_ARGUMENT)
    refused(await patch({ description: 'x'.repeat(17_000) }), WORKFLOW_INVALID_ARGUMENT)
    refused(await patch({ description: 'x' }, 'add'), WORKFLOW_INVALID_ARGUMENT)
    refused(
      await server.call('PatchWorkflowVersions', { ...at('patched'), action: 'merge' }, own()),
      WORKFLOW_INVALID_ARGUMENT,
    )
  })

  test('are deleted but for the last; the newest left becomes the latest', async () => {
    const ids = await three('shrinking')
    const remove = (workflowVersionIds: (string | undefined)[], as = own()) =>
      server.call(
        'DeleteWorkflowVersions',
        { ...at('shrinking'), workflowVersionIds: workflowVersionIds as string[] },
        as,
      )
    refused(await remove([ids[0], 'f'.repeat(32)]), CONN_DOES_NOT_EXIST)
    refused(await remove(ids), StatusCode.WORKFLOW_INVALID_REQUEST, /at least one/)
    refused(await remove([]), WORKFLOW_INVALID_ARGUMENT)
    assert.equal((await list('shrinking')).length, 3)
    succeeded(await remove([ids[0], ids[0]]))
    const { workflow } = succeeded(await server.call('GetWorkflow', at('shrinking'), own()))
    assert.deepEqual([workflow?.version?.id, workflow?.nodes[0]?.model?.id], [ids[1], MODELS[1]])
    succeeded(await remove([ids[1]]))
    refused(await remove([ids[2]]), StatusCode.WORKFLOW_INVALID_REQUEST)
    refused(await remove([ids[2]], {}), StatusCode.CONN_INSUFFICIENT_SCOPES)
  })

  test('publishing shows versions to everybody, taking back hides them again', async () => {
    const ids = await three('public')
    const publish = (versionIds: string[], as = own()) =>
      server.call(
        'PostWorkflowVersionsPublish',
        { ...at('public'), publications: versionIds.map((versionId) => ({ versionId })) },
        as,
      )
    const unpublish = (versionIds: string[]) =>
      server.call(
        'PostWorkflowVersionsUnPublish',
        { ...at('public'), publications: versionIds.map((versionId) => ({ versionId })) },
        own(),
      )
    refused(await server.call('GetWorkflow', at('public')), WORKFLOW_DOES_NOT_EXIST)
    succeeded(await publish([ids[1]!, ids[2]!]))
    assert.deepEqual(await list('public', {}, {}), [ids[1], ids[2]])
    const seen = succeeded(await server.call('GetWorkflow', at('public'))).workflow
    assert.deepEqual([seen?.version?.id, seen?.visibility?.gettable], [ids[1], Visible.PUBLIC])
    refused(await get('public', ids[0]!, {}), CONN_DOES_NOT_EXIST)
    succeeded(await get('public', ids[2]!, {}))
    succeeded(await unpublish([ids[1]!]))
    assert.deepEqual(await list('public', {}, {}), [ids[2]])
    succeeded(await unpublish([ids[2]!]))
    refused(await server.call('GetWorkflow', at('public')), WORKFLOW_DOES_NOT_EXIST)

    refused(await publish([]), WORKFLOW_INVALID_ARGUMENT)
    refused(await publish(['f'.repeat(32)]), CONN_DOES_NOT_EXIST)
    refused(await publish(Array.from({ length: 129 }, () => ids[0]!)), WORKFLOW_INVALID_ARGUMENT)
    const key = await server.makeKey({
      userPk: stranger.pk,
      kind: 'pat',
      scopes: ['Workflows_Get', 'Workflows_Add', 'Models_Get'],
    })
    refused(await publish([ids[0]!], { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /WorkflowPublications/)
  })

  test('a version whose model version was deleted says so', async () => {
    const { userAppId } = app
    const models = [{ id: 'cut', modelTypeId: 'image-crop', outputInfo: { params: { margin: 1.3 } } }]
    const { model } = succeeded(await server.call('PostModels', { userAppId, models }, own()))
    const nodes = [
      { id: 'faces', model: { id: 'face-detection' } },
      { id: 'cut', model: { id: 'cut' }, nodeInputs: [{ nodeId: 'faces' }] },
    ]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'fading', nodes }] }, own()))
    const versionId = model?.modelVersion?.id ?? ''
    succeeded(await server.call('DeleteModelVersion', { userAppId, modelId: 'cut', versionId }, own()))
    const { workflowVersions } = succeeded(await server.call('ListWorkflowVersions', at('fading'), own()))
    assert.equal(workflowVersions[0]?.isDeprecated, true)
    const ran = await server.call(
      'PostWorkflowResults',
      { ...at('fading'), inputs: [{ data: { text: { raw: 'x' } } }] },
      own(),
    )
    refused(ran, StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL, /deleted/)
  })
})
