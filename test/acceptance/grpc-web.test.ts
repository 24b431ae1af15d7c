// The official gRPC-Web client: prediction as elsewhere, and the life of an app (PostApps, GetApp, ListApps, PatchApps,
// PostAppsSearches, DeleteApp) as the portal's pages drive it.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { tags } from './kit/compare.ts'
import { send } from './kit/http.ts'
import { PHOTO_BASE64 } from './kit/photo.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'
import { webClient, webKey, webResources, webService } from './kit/web.ts'

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())
const client = webClient(limpid)
/** What the client's lists hold; its own types leave that open. */
interface Listed {
  readonly id: string
  readonly appId: string
}

const photo = () => {
  const image = new webResources.Image().setBase64(PHOTO_BASE64)
  return new webResources.Input().setData(new webResources.Data().setImage(image))
}
const userApp = (userId: string, appId = '') => new webResources.UserAppIDSet().setUserId(userId).setAppId(appId)

describe('prediction', () => {
  test('postModelOutputs answers what HTTP answers', async () => {
    const path = '/v2/users/clarifai/apps/main/models/general-image-recognition/outputs'
    const body = { inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] }
    const expected = (await send(limpid.url, 'POST', path, { body })).body.outputs[0]!.data.concepts
    const request = new webService.PostModelOutputsRequest()
      .setUserAppId(userApp('clarifai', 'main'))
      .setModelId('general-image-recognition')
      .setInputsList([photo()])
    const answer = (await client.postModelOutputs(request, webKey())).toObject()
    assert.equal(answer.status?.code, 10000)
    assert.equal(expected.length, 20)
    assert.deepEqual(tags(answer.outputsList[0]!.data!.conceptsList), tags(expected))
  })

  test('postWorkflowResults answers what HTTP answers', async () => {
    const body = { inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] }
    const path = '/v2/users/clarifai/apps/main/workflows/General/results'
    const { results } = (await send(limpid.url, 'POST', path, { body })).body
    const request = new webService.PostWorkflowResultsRequest()
      .setUserAppId(userApp('clarifai', 'main'))
      .setWorkflowId('General')
      .setInputsList([photo()])
    const answer = (await client.postWorkflowResults(request, webKey())).toObject()
    const [concepts, embedding] = answer.resultsList[0]!.outputsList
    assert.deepEqual(tags(concepts!.data!.conceptsList), tags(results[0]!.outputs[0]!.data.concepts))
    assert.deepEqual(
      embedding!.data!.embeddingsList[0]!.vectorList,
      results[0]!.outputs[1]!.data.embeddings[0]!.vector.map(Math.fround),
    )
  })
})

describe('an app', () => {
  const ID = 'cat-app'

  test('is made with the token in the session header, as the README does', async () => {
    const app = new webResources.App()
      .setId(ID)
      .setDefaultWorkflowId('General-Detection')
      .setDescription('An app for cats')
    const request = new webService.PostAppsRequest().setUserAppId(userApp('me')).setAppsList([app])
    const answer = (await client.postApps(request, { 'X-Clarifai-Session-Token': PAT })).toObject()
    assert.equal(answer.status?.code, 10000, answer.status?.details)
    const [made] = answer.appsList
    assert.deepEqual([made!.id, made!.userId, made!.description], [ID, USER, 'An app for cats'])
  })

  test('is found alone, in the list and by search', async () => {
    const one = await client.getApp(new webService.GetAppRequest().setUserAppId(userApp(USER, ID)), webKey())
    assert.equal(one.toObject().app?.id, ID)
    const list = await client.listApps(new webService.ListAppsRequest().setUserAppId(userApp('me')), webKey())
    assert.ok(list.toObject().appsList.some(({ id }: Listed) => id === ID))
    const query = new webResources.AppQuery().setName('cat*')
    const searches = new webService.PostAppsSearchesRequest().setUserAppId(userApp('me')).setAppQuery(query)
    const found = await client.postAppsSearches(searches, webKey())
    assert.deepEqual(
      found.toObject().appsList.map(({ id }: Listed) => id),
      [ID],
    )
  })

  test('has a copy of its default workflow', async () => {
    const request = new webService.ListWorkflowsRequest().setUserAppId(userApp('me', ID))
    const { workflowsList } = (await client.listWorkflows(request, webKey())).toObject()
    assert.deepEqual(
      workflowsList.map(({ id, appId }: Listed) => [id, appId]),
      [['General-Detection', ID]],
    )
  })

  test('is changed', async () => {
    const changed = new webResources.App().setId(ID).setDescription('An app for dogs')
    const request = new webService.PatchAppsRequest()
      .setUserAppId(userApp('me'))
      .setAppsList([changed])
      .setAction('overwrite')
    assert.equal((await client.patchApps(request, webKey())).toObject().status?.code, 10000)
    const one = await client.getApp(new webService.GetAppRequest().setUserAppId(userApp(USER, ID)), webKey())
    assert.equal(one.toObject().app?.description, 'An app for dogs')
  })

  test('is searched by words in its texts', async () => {
    const data = (text: string) => new webResources.Data().setText(new webResources.Text().setRaw(text))
    const input = new webResources.Input().setId('words').setData(data('a cat sat here'))
    const posting = new webService.PostInputsRequest().setUserAppId(userApp('me', ID)).setInputsList([input])
    assert.equal((await client.postInputs(posting, webKey())).toObject().status?.code, 10000)
    const asking = (text: string) => {
      const filter = new webResources.Filter().setInput(new webResources.Input().setData(data(text)))
      const search = new webResources.Search().setQuery(new webResources.Query().setFiltersList([filter]))
      return new webService.PostInputsSearchesRequest().setUserAppId(userApp('me', ID)).setSearchesList([search])
    }
    const found = async (text: string) => {
      const answer = (await client.postInputsSearches(asking(text), webKey())).toObject()
      assert.equal(answer.status?.code, 10000, answer.status?.details)
      return answer.hitsList.map(({ input: hit, score }: { input?: Listed; score: number }) => [hit?.id, score])
    }
    // It is found once it is processed, which takes a moment.
    const end = performance.now() + 30_000
    while ((await found('cats')).length === 0 && performance.now() < end);
    assert.deepEqual(await found('cats'), [['words', 1]])
    assert.deepEqual(await found('dogs'), [])
  })

  test('cannot be made twice', async () => {
    const request = new webService.PostAppsRequest()
      .setUserAppId(userApp('me'))
      .setAppsList([new webResources.App().setId(ID)])
    const { status } = (await client.postApps(request, webKey())).toObject()
    assert.notEqual(status?.code, 10000)
    assert.match(status!.details, /already exists/)
  })

  test('is gone once deleted', async () => {
    const remove = new webService.DeleteAppRequest().setUserAppId(userApp('me', ID))
    assert.equal((await client.deleteApp(remove, webKey())).toObject().status?.code, 10000)
    const one = await client.getApp(new webService.GetAppRequest().setUserAppId(userApp(USER, ID)), webKey())
    assert.equal(one.toObject().status?.code, 11101)
  })
})

describe('errors', () => {
  test('arrive in the message', async () => {
    const request = new webService.ListModelsRequest().setUserAppId(userApp('clarifai', 'main'))
    const bad = (await client.listModels(request, webKey('broken'))).toObject()
    assert.equal(bad.status?.code, 11008)
    assert.equal(bad.status?.description, 'Invalid API key or Invalid API key/application pair')
    const unbuilt = await client.postTasks(new webService.PostTasksRequest().setUserAppId(userApp('me', 'x')), webKey())
    assert.ok([10040, 11101].includes(unbuilt.toObject().status!.code))
  })

  test('a method that the contract lacks is a gRPC error', async () => {
    const response = await fetch(`${limpid.url}/clarifai.api.V2/NoSuchMethod`, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc-web-text', authorization: `Key ${PAT}` },
      body: 'AAAAAAA=',
    })
    assert.equal(response.status, 200)
    const trailers = response.headers.get('grpc-status') ?? Buffer.from(await response.text(), 'base64').toString()
    assert.match(trailers, /^12$|grpc-status: ?12/)
  })
})
