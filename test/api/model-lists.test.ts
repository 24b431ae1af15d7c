import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

type Query = Omit<Parameters<TestServer['call']>[1], '$typeName'> & object

describe('lists of models', () => {
  let server: TestServer
  let app: TestApp
  let neighbour: TestUser

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'listed')
    neighbour = await server.makeUser('neighbour', Visible.PUBLIC)
    const open = await makeApp(server, 'open', { owner: neighbour, visibility: Visible.PUBLIC })
    const closed = await makeApp(server, 'closed', { owner: neighbour })
    const visibility = { gettable: Visible.PUBLIC }
    for (const userAppId of [open.userAppId, closed.userAppId]) {
      const as = { key: neighbour.pat }
      const models = [{ id: `${userAppId.appId}-shown`, visibility }, { id: `${userAppId.appId}-hidden` }]
      for (const model of models) succeeded(await server.call('PostModels', { userAppId, models: [model] }, as))
    }
    const given = [
      { id: 'crop', modelTypeId: 'image-crop', description: 'satisfied customers', outputInfo: {} },
      { id: 'tags', modelTypeId: 'visual-classifier', name: 'Zebra tags', notes: 'finds stripes' },
      { id: 'head', outputInfo: { data: { concepts: [{ id: 'a' }] } }, creator: 'Ann', licenseType: 1 },
    ]
    for (const model of given) succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [model] }))
  })
  after(() => server[Symbol.asyncDispose]())

  const list = async (query: Query = {}, as = {}) =>
    succeeded(await server.call('ListModels', { userAppId: app.userAppId, ...query }, as)).models.map(({ id }) => id)
  const sorted = async (query: Query, as = {}) => (await list(query, as)).toSorted()

  test('the newest change comes first; other orders and pages on request', async () => {
    const by = (choice: string, sortAscending = false) => ({ sortBy: { case: choice, value: true }, sortAscending })
    assert.deepEqual(await list(), ['head', 'tags', 'crop'])
    assert.deepEqual(await list({ sortAscending: true }), ['crop', 'tags', 'head'])
    assert.deepEqual(await list(by('sortByName', true)), ['tags', 'crop', 'head'])
    assert.deepEqual(await list(by('sortByCreatedAt', true)), ['crop', 'tags', 'head'])
    assert.deepEqual(await list(by('sortByNumInputs')), ['head', 'tags', 'crop'])
    assert.deepEqual(await list(by('sortByStarCount')), ['head', 'tags', 'crop'])
    assert.deepEqual(await list({ perPage: 2, page: 2 }), ['crop'])
    assert.deepEqual(await list({ page: 1000, perPage: 500 }), [])
    const touched = { userAppId: app.userAppId, models: [{ id: 'crop', notes: 'n' }], action: 'merge' }
    succeeded(await server.call('PatchModels', touched))
    assert.deepEqual(await list(), ['crop', 'head', 'tags'])
  })

  test('each filter narrows the list', async () => {
    assert.deepEqual(await list({ modelTypeId: 'image-crop' }), ['crop'])
    assert.deepEqual(await list({ modelTypeId: 'image-cropper' }), ['crop'])
    assert.deepEqual(await list({ trainedOnly: true }), ['crop'])
    assert.deepEqual(await list({ inputFields: ['embeddings'] }), ['head'])
    assert.deepEqual(await sorted({ outputFields: ['concepts'] }), ['head', 'tags'])
    assert.deepEqual(await list({ outputFields: ['concepts', 'hits'] }), [])
    assert.deepEqual(await list({ inputFields: ['image'], modelTypeId: 'embedding-classifier' }), [])
    assert.deepEqual(await list({ creator: 'Ann' }), ['head'])
    assert.deepEqual(await list({ licenseType: 1 }), ['head'])
    assert.deepEqual(await list({ visibility: { gettable: Visible.PUBLIC } }), [])
    assert.deepEqual(await list({ featuredOnly: true }), [])
    assert.deepEqual(await list({ starredOnly: true }), [])
    assert.deepEqual(await list({ bookmark: true }), [])
    const { models } = succeeded(await server.call('ListModels', { userAppId: app.userAppId, name: 'crop' }))
    assert.deepEqual(await list({ modelVersionIds: [models[0]!.modelVersion!.id] }), ['crop'])
    assert.deepEqual(await list({ modelVersionIds: ['f'.repeat(32)] }), [])
  })

  test('text filters: stems and parts of words, whole texts with *, OR and NOT', async () => {
    assert.deepEqual(await list({ search: 'satisfy' }), ['crop'])
    assert.deepEqual(await list({ search: 'strip' }), ['tags'])
    assert.deepEqual(await list({ search: 'zebra stripes' }), ['tags'])
    assert.deepEqual(await list({ search: 'zebra satisfied' }), [])
    assert.deepEqual(await list({ search: '%' }), [])
    assert.deepEqual(await list({ name: 'ZEB*' }), ['tags'])
    assert.deepEqual(await list({ name: 'zeb' }), [])
    assert.deepEqual(await sorted({ query: 'zebra OR satisfied' }), ['crop', 'tags'])
    assert.deepEqual(await list({ query: 'zebra -stripes' }), [])
    assert.deepEqual(await list({ search: 'tags', sortBy: { case: 'sortByRelevance', value: true } }), ['tags'])
    assert.deepEqual(await list({ userAppId: undefined, search: 'neighbour' }), ['open-shown'])
    assert.deepEqual(await list({ userAppId: undefined, name: 'neigh*', filterByUserId: true }), ['open-shown'])
  })

  test('what contradicts itself is refused', async () => {
    const refuse = async (query: Query, details: RegExp) =>
      refused(
        await server.call('ListModels', { userAppId: app.userAppId, ...query }),
        StatusCode.MODEL_INVALID_ARGUMENT,
        details,
      )
    await refuse({ trainedOnly: true, bookmark: true }, /exclude/)
    await refuse({ sortBy: { case: 'sortByRelevance', value: true } }, /search/)
    await refuse({ modelVersionIds: new Array(129).fill('a') }, /at most 128/)
    await refuse({ search: 'word '.repeat(33) }, /33 words/)
    refused(
      await server.call('ListModels', { userAppId: app.userAppId, perPage: 1001 }),
      StatusCode.CONN_INVALID_REQUEST,
    )
  })

  test('a user sees all of his own and the public ones of others, each in its place', async () => {
    const mine = { key: neighbour.pat }
    assert.deepEqual(await sorted({ userAppId: { userId: 'me' } }, mine), [
      'closed-hidden',
      'closed-shown',
      'open-hidden',
      'open-shown',
    ])
    assert.deepEqual(await list({ userAppId: { userId: 'neighbour' } }), ['open-shown'])
    assert.deepEqual(await list({ userAppId: { userId: 'neighbour', appId: 'open' } }), ['open-shown'])
    const all = await sorted({ userAppId: undefined, perPage: 1000 })
    for (const id of ['crop', 'open-shown', 'face-detection']) assert.ok(all.includes(id), id)
    for (const id of ['open-hidden', 'closed-shown']) assert.ok(!all.includes(id), id)
    const { models } = succeeded(await server.call('ListModels', { userAppId: undefined, perPage: 1000 }))
    const place = (id: string) => models.find((model) => model.id === id)
    assert.deepEqual([place('crop')?.userId, place('crop')?.appId], ['admin', 'listed'])
    assert.deepEqual([place('open-shown')?.userId, place('open-shown')?.appId], ['neighbour', 'open'])
    refused(
      await server.call('ListModels', { userAppId: { userId: 'neighbour', appId: 'closed' } }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('a key that is bound to an app lists that app', async () => {
    const key = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key' })
    assert.deepEqual(await sorted({ userAppId: undefined }, { key }), ['crop', 'head', 'tags'])
    const blind = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Apps_Get'] })
    refused(
      await server.call('ListModels', { userAppId: app.userAppId }, { key: blind }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Models_Get/,
    )
  })

  test('the public list has what clients of the original expect', async () => {
    const userAppId = { userId: 'clarifai', appId: 'main' }
    const { models } = succeeded(await server.call('ListModels', { userAppId, page: 1, perPage: 16 }))
    assert.equal(models.length, 16)
    assert.ok(models.every((model) => model.appId === 'main' && model.modelVersion?.appId === 'main'))
    assert.equal(succeeded(await server.call('ListModels', { userAppId, perPage: 2 })).models.length, 2)
    assert.deepEqual(await list({ userAppId, page: 1000, perPage: 500 }), [])
  })

  test('the older search finds names of the app first, then public ones', async () => {
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: 'my-general-model' }] }))
    const search = async (modelQuery: { name?: string; modelTypeId?: string } | undefined, pagination = {}) =>
      succeeded(await server.call('PostModelsSearches', { userAppId: app.userAppId, modelQuery, pagination })).models
    const found = await search({ name: '*general*' })
    assert.equal(found[0]?.id, 'my-general-model')
    assert.ok(found.length > 2)
    assert.ok(found.every(({ name }) => /general/i.test(name)))
    const embedders = await search({ name: '*general*', modelTypeId: 'visual-embedder' })
    assert.deepEqual(
      embedders.map(({ id }) => id),
      ['general-image-embedding'],
    )
    const second = await search({ name: '*general*' }, { page: 2, perPage: 1 })
    assert.deepEqual(
      second.map(({ id }) => id),
      [found[1]?.id],
    )
    assert.ok((await search(undefined)).length > 10)
    assert.deepEqual(await search({ name: 'nothing*' }), [])
  })
})
