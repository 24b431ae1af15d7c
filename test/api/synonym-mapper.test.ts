import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { platformPhoto } from '../../src/engines/test-weights.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

describe('concept-synonym-mapper behind a real model', () => {
  let server: TestServer
  let app: TestApp
  let photo: Buffer
  let person: string

  before(async () => {
    photo = await platformPhoto()
    server = await startTestServer({ models: true })
    app = await makeApp(server, 'words')
    const { userAppId } = app
    succeeded(
      await server.call('PostConcepts', { userAppId, concepts: [{ id: 'human' }, { id: 'being' }, { id: 'soul' }] }),
    )
    succeeded(
      await server.call('PostModels', { userAppId, models: [{ id: 'map', modelTypeId: 'concept-synonym-mapper' }] }),
    )
    succeeded(await server.call('PostModelVersions', { userAppId, modelId: 'map', modelVersions: [{}] }))
    const nodes = [
      { id: 'tags', model: { id: 'general-image-recognition', userId: 'clarifai', appId: 'main' } },
      { id: 'words', model: { id: 'map' }, nodeInputs: [{ nodeId: 'tags' }] },
      {
        id: 'kinds',
        model: { id: 'map' },
        nodeInputs: [{ nodeId: 'words' }],
        outputInfoOverride: { params: { predicate: 'hyponym', knowledge_graph_id: 'deep' } },
      },
    ]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'w', nodes }] }))
    succeeded(await server.call('PostKnowledgeGraphs', { userAppId, knowledgeGraphs: [{ id: 'deep' }] }))
    const [tags] = await outputs()
    person = tags!.find(({ name }) => name === 'person')!.id
  })
  after(() => server[Symbol.asyncDispose]())

  const outputs = async () => {
    const request = { userAppId: app.userAppId, workflowId: 'w', inputs: [{ data: { image: { base64: photo } } }] }
    const { results } = succeeded(await server.call('PostWorkflowResults', request))
    return results[0]!.outputs.map(({ data }) => data?.concepts ?? [])
  }
  const relate = async (
    conceptId: string,
    predicate: string,
    id: string,
    more: { appId?: string; graph?: string } = {},
  ) =>
    succeeded(
      await server.call('PostConceptRelations', {
        userAppId: app.userAppId,
        conceptId,
        conceptRelations: [
          { predicate, objectConcept: { id, appId: more.appId ?? '' }, knowledgeGraphId: more.graph ?? '' },
        ],
      }),
    ).conceptRelations[0]!.id

  test('relations work from the next prediction on, by graph and predicate, and no longer once deleted', async () => {
    assert.deepEqual((await outputs()).slice(1), [[], []])
    const relation = await relate('human', 'synonym', person, { appId: 'main' })
    await relate('human', 'hyponym', 'being', { graph: 'deep' })
    await relate('human', 'hyponym', 'soul')
    const [tags, words, kinds] = await outputs()
    const { value } = tags!.find(({ id }) => id === person)!
    const brief = (concepts: typeof words) =>
      concepts!.map((one) => [one.id, one.name, one.appId, one.userId, one.value])
    assert.deepEqual(brief(words), [['human', 'human', 'words', 'admin', value]])
    assert.deepEqual(brief(kinds), [['being', 'being', 'words', 'admin', value]])

    const patch = { userAppId: app.userAppId, action: 'overwrite', concepts: [{ id: 'human', name: 'human being' }] }
    succeeded(await server.call('PatchConcepts', patch))
    assert.equal((await outputs())[1]![0]!.name, 'human being')

    const { userAppId } = app
    succeeded(await server.call('DeleteConceptRelations', { userAppId, conceptId: person, ids: [relation] }))
    assert.deepEqual((await outputs()).slice(1), [[], []])
  })

  test('an unknown predicate is refused when the model is made, in words that name it', async () => {
    refused(
      await server.call('PostModelVersions', {
        userAppId: app.userAppId,
        modelId: 'map',
        modelVersions: [{ outputInfo: { params: { predicate: 'antonym' } } }],
      }),
      StatusCode.MODEL_INVALID_ARGUMENT,
      /output_info\.params\.predicate must be one of synonym, hyponym, hypernym/,
    )
  })
})
