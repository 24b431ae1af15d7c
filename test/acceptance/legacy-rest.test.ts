// The legacy JavaScript client with an app key, and so without user and app in its paths: concepts, models, workflows.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Named, send } from './kit/http.ts'
import { type LegacyApp, type LegacyRejection, legacyClient } from './kit/legacy.ts'
import { PHOTO_BASE64 } from './kit/photo.ts'
import { startLimpid, USER } from './kit/server.ts'

const HEX32 = /^[0-9a-f]{32}$/

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())
let client: LegacyApp
let appId = ''

before(async () => {
  // As the setup script of the client's own tests does it: an app without an id, then a key for it.
  const apps = await send(limpid.url, 'POST', `/v2/users/${USER}/apps`, {
    body: { apps: [{ name: 'legacy', default_workflow_id: 'General' }] },
  })
  assert.equal(apps.body.status.code, 10000, apps.text)
  appId = (apps.body.apps as Named[])[0]!.id
  const keys = await send(limpid.url, 'POST', `/v2/users/${USER}/keys`, {
    body: { keys: [{ description: 'All scopes', scopes: ['All'], apps: [{ id: appId, user_id: USER }] }] },
  })
  assert.equal(keys.body.status.code, 10000, keys.text)
  client = legacyClient(limpid, { apiKey: (keys.body.keys as Named[])[0]!.id })
})

const rejection = (promise: Promise<unknown>): Promise<LegacyRejection['response']> =>
  promise.then(
    () => assert.fail('this should have been rejected'),
    (reason: LegacyRejection) => reason.response,
  )
const idsOf = (list: { readonly rawData: readonly unknown[] }): string[] =>
  (list.rawData as readonly Named[]).map(({ id }) => id)

describe('concepts: PostConcepts, GetConcept, ListConcepts, PatchConcepts, PostConceptsSearches', () => {
  test('are made from ids, from objects and with ids of any script', async () => {
    assert.deepEqual(idsOf(await client.concepts.create('train')), ['train'])
    const made = await client.concepts.create([{ id: 'label', name: 'Label' }, { id: 'lab?' }, '狗'])
    assert.deepEqual(idsOf(made), ['label', 'lab?', '狗'])
    assert.equal(made[0]!.name, 'Label')
    assert.equal(made[1]!.name, 'lab?')
    assert.equal(made[0]!.appId, appId)
    assert.ok(made[0]!.createdAt)
  })

  test('are found by id', async () => {
    for (const id of ['train', 'lab?', '狗']) assert.equal((await client.concepts.get(id)).id, id)
    const { status, data } = await rejection(client.concepts.get('nothing'))
    assert.deepEqual([status, data.status.code], [404, 11101])
  })

  test('come back of the public app when the own app has none of that id', async () => {
    assert.equal((await client.concepts.get('ai_8S2Vq3cR')).name, 'dog')
  })

  test('are listed in pages', async () => {
    const first = await client.concepts.list({ page: 1, perPage: 3 })
    const second = await client.concepts.list({ page: 2, perPage: 3 })
    const third = await client.concepts.list({ page: 3, perPage: 3 })
    assert.deepEqual([first.length, second.length, third.length], [3, 1, 0])
    assert.deepEqual([...idsOf(first), ...idsOf(second)].toSorted(), ['lab?', 'label', 'train', '狗'])
  })

  test('are found by name with a wildcard', async () => {
    const found = idsOf(await client.concepts.search('lab*'))
    assert.ok(found.includes('label') && found.includes('lab?') && !found.includes('train'), String(found))
  })

  test('are renamed, and only by overwriting', async () => {
    await client.concepts.update({ id: 'label', name: 'Etikett' })
    assert.equal((await client.concepts.get('label')).name, 'Etikett')
    const { status } = await rejection(client.concepts.update({ id: 'label', name: 'x' }, 'merge'))
    assert.equal(status, 400)
  })

  test('cannot be made twice', async () => {
    const { status, data } = await rejection(client.concepts.create('train'))
    assert.deepEqual([status, data.status.code, data.status.description], [400, 40003, 'Invalid request'])
    assert.match(data.status.details!, /duplicate/i)
  })
})

describe('models: PostModels, GetModel, ListModels, PatchModels, PostModelsSearches, GetModelOutputInfo, versions', () => {
  test('are made with concepts and an untrained version', async () => {
    const model = await client.models.create('vehicles', [{ id: 'train' }, 'label'], {
      conceptsMutuallyExclusive: true,
    })
    assert.deepEqual([model.id, model.name, model.appId], ['vehicles', 'vehicles', appId])
    assert.ok(model.createdAt)
    assert.match(model.modelVersion.id, HEX32)
    assert.equal(model.modelVersion.status.code, 21102)
  })

  test('give all their concepts and settings', async () => {
    const { outputInfo } = await client.models.getOutputInfo('vehicles')
    assert.deepEqual(outputInfo.data!.concepts.map(({ id }) => id).toSorted(), ['label', 'train'])
    assert.equal(outputInfo.output_config!.concepts_mutually_exclusive, true)
  })

  test('are found by id, by old public id, in the list and by name', async () => {
    assert.equal((await client.models.get('vehicles')).id, 'vehicles')
    assert.equal((await client.models.get('aaa03c23b3724a16a56b629203edc62c')).id, 'general-image-recognition')
    assert.ok(idsOf(await client.models.list({ page: 1, perPage: 100 })).includes('vehicles'))
    assert.equal((await client.models.list({ page: 1000, perPage: 500 })).length, 0)
    assert.ok(idsOf(await client.models.search('vehicles')).includes('vehicles'))
    const { status, data } = await rejection(client.models.get('nothing'))
    assert.deepEqual([status, data.status.code, data.status.description], [404, 21200, 'Model does not exist'])
  })

  test('gain and lose concepts', async () => {
    await client.models.mergeConcepts({ id: 'vehicles', concepts: [{ id: 'lab?' }] })
    const ids = async () =>
      (await client.models.getOutputInfo('vehicles')).outputInfo.data!.concepts.map(({ id }) => id).toSorted()
    assert.deepEqual(await ids(), ['lab?', 'label', 'train'])
    await client.models.deleteConcepts({ id: 'vehicles', concepts: [{ id: 'label' }] })
    assert.deepEqual(await ids(), ['lab?', 'train'])
  })

  test('list their versions and show one', async () => {
    const { model_versions } = await client.models.getVersions('vehicles')
    assert.ok(model_versions.length > 0)
    const { model_version } = await client.models.getVersion('vehicles', model_versions[0]!.id)
    assert.equal(model_version.id, model_versions[0]!.id)
  })

  test('list the inputs that they learn from', async () => {
    await client.inputs.create({ id: 'platform', base64: PHOTO_BASE64, concepts: [{ id: 'lab?' }] })
    await client.models.mergeConcepts({ id: 'vehicles', concepts: [{ id: 'label' }] })
    const model = await client.models.get('vehicles')
    const { inputs } = await model.getInputs({ page: 1, perPage: 5 })
    assert.deepEqual(
      inputs.map(({ id }) => id),
      ['platform'],
    )
    assert.deepEqual((await model.getInputs({ page: 2, perPage: 5 })).inputs, [])
  })

  test('cannot predict before they are trained', async () => {
    const { status, data } = await rejection(client.models.predict('vehicles', { base64: PHOTO_BASE64 }))
    assert.deepEqual([status, data.status.code], [400, 21102])
  })

  test('are deleted one by one, several, all: the answer says exactly "Ok"', async () => {
    for (const id of ['one', 'two', 'three', 'four']) await client.models.create(id)
    assert.equal((await client.models.delete('one')).status.description, 'Ok')
    assert.equal((await client.models.delete(['two', 'three'])).status.description, 'Ok')
    assert.equal((await rejection(client.models.get('two'))).status, 404)
    assert.equal((await client.models.get('four')).id, 'four')
    assert.equal((await client.models.delete()).status.description, 'Ok')
    assert.equal((await rejection(client.models.get('four'))).status, 404)
  })
})

describe('workflows: PostWorkflows, ListWorkflows, PostWorkflowResults, DeleteWorkflow', () => {
  test('are made on a public model, predict, and go', async () => {
    const id = await client.workflows.create('tagger', {
      modelId: 'aaa03c23b3724a16a56b629203edc62c',
      modelVersionId: 'aa7f35c01e0642fda5cf400f543e7c40',
    })
    assert.equal(id, 'tagger')
    assert.deepEqual(idsOf(await client.workflows.list()).toSorted(), ['General', 'tagger'])
    const { results, workflow } = await client.workflow.predict('tagger', { base64: PHOTO_BASE64 }, { maxConcepts: 1 })
    assert.equal(workflow.id, 'tagger')
    assert.deepEqual(
      results[0]!.outputs[0]!.data.concepts.map(({ name }) => name),
      ['person'],
    )
    assert.equal((await client.workflows.delete('tagger')).status.description, 'Ok')
    assert.deepEqual(idsOf(await client.workflows.list()), ['General'])
  })

  test('that are missing reject', async () => {
    const { status } = await rejection(client.workflow.predict('nothing', { base64: PHOTO_BASE64 }))
    assert.equal(status, 404)
  })
})
