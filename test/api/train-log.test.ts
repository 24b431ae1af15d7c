import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { systemClock } from '../../src/base/clock.ts'
import type { ModelVersion } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { LINK_MICROS } from '../../src/domain/media/links.ts'
import { modelVersions } from '../../src/store/repos/families.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import { makeApp, succeeded, type TestApp } from '../kit/apps.ts'
import { FakeRuntime } from '../kit/fake-runtime.ts'
import { putLabelled, vectorOf } from '../kit/labelled.ts'
import { type MediaDoor, openMediaDoor } from '../kit/media-door.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

const { MODEL_TRAINED, MODEL_TRAINING, MODEL_TRAINING_FAILED } = StatusCode
const ORIGIN = 'https://ai.example.org'

onEachEngine('the log of a training', (engine) => {
  let server: TestServer
  let door: MediaDoor
  let ahead = 0
  const clock: Clock = { now: () => systemClock.now() + ahead }

  before(async () => {
    const overrides = { ...new FakeRuntime().services, clock }
    server = await startOnEngine(engine, { overrides, settings: { publicUrl: ORIGIN } })
    door = await openMediaDoor(server)
  })
  after(async () => {
    await door[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    ahead = 0
  })

  /** An app with pets that are labelled, and the model `pets`. */
  async function makePets(id: string, visibility: number = Visible.PRIVATE): Promise<TestApp> {
    const app = await makeApp(server, id, { visibility })
    const defaultWorkflow = { id: 'General', userId: 'clarifai', appId: 'main' }
    const patch = { userAppId: { userId: app.userAppId.userId }, apps: [{ id, defaultWorkflow }] }
    succeeded(await server.call('PatchApps', { ...patch, action: 'overwrite' }))
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: 'pets' }] }))
    const animals = Array.from({ length: 24 }, (_, nth) => ({
      id: `in-${nth}`,
      labels: { [nth % 2 === 0 ? 'cat' : 'dog']: 1 },
      vector: vectorOf(nth % 2, nth),
    }))
    await putLabelled(server, app, animals)
    return app
  }

  async function train({ userAppId }: TestApp, ...concepts: string[]): Promise<ModelVersion> {
    const outputInfo = { data: { concepts: concepts.map((id) => ({ id })) } }
    const asked = { userAppId, modelId: 'pets', modelVersions: [{ outputInfo }] }
    const { model } = succeeded(await server.call('PostModelVersions', asked))
    assert.equal(model!.modelVersion!.trainLog, '', 'there is no log yet')
    await server.services.jobs.idle()
    return get(userAppId, model!.modelVersion!.id)
  }

  const get = async (userAppId: TestApp['userAppId'], versionId: string): Promise<ModelVersion> =>
    succeeded(await server.call('GetModelVersion', { userAppId, modelId: 'pets', versionId })).modelVersion!

  async function codeOf(answer: Response): Promise<[number, number]> {
    const body = (await answer.json()) as { status: { code: number } }
    return [answer.status, body.status.code]
  }
  const GONE = [404, StatusCode.CONN_DOES_NOT_EXIST]
  const NO_GOOD = [401, StatusCode.CONN_KEY_INVALID]

  test('is read as plain text by a link that needs no key', async () => {
    const app = await makePets('trained')
    const version = await train(app, 'cat', 'dog')
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.equal(new URL(version.trainLog).origin, ORIGIN)
    const answer = await door.get(version.trainLog)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.match(answer.headers.get('cache-control')!, /^private/)
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('content-security-policy'), 'sandbox')
    const bytes = Buffer.from(await answer.arrayBuffer())
    assert.match(bytes.toString(), /^24 examples of 24 inputs, 6 numbers each/m)
    assert.equal(answer.headers.get('content-length'), String(bytes.length))
    assert.equal(answer.headers.get('etag'), `"${createHash('sha256').update(bytes).digest('hex')}"`)
    const head = await door.get(version.trainLog, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(bytes.length)])
    assert.equal((await head.arrayBuffer()).byteLength, 0)
    const end = await door.get(version.trainLog, { headers: { range: 'bytes=-5' } })
    assert.deepEqual([end.status, await end.text()], [206, bytes.subarray(-5).toString()])
    assert.deepEqual(await codeOf(await door.get(version.trainLog, { method: 'DELETE' })), [405, 11103])
  })

  test('is a link wherever the version is shown', async () => {
    const app = await makePets('shown')
    const { id } = await train(app, 'cat', 'dog')
    const asked = { userAppId: app.userAppId, modelId: 'pets' }
    const change = { ...asked, modelVersions: [{ id, description: 'of pets' }], action: 'merge' }
    const shown = [
      succeeded(await server.call('GetModel', asked)).model?.modelVersion,
      succeeded(await server.call('GetModelOutputInfo', asked)).model?.modelVersion,
      succeeded(await server.call('ListModels', { userAppId: app.userAppId })).models[0]?.modelVersion,
      succeeded(await server.call('ListModelVersions', asked)).modelVersions[0],
      succeeded(await server.call('PatchModelVersions', change)).modelVersions[0],
      await get(app.userAppId, id),
    ]
    for (const [at, version] of shown.entries()) {
      assert.equal(version?.id, id, String(at))
      assert.match(await (await door.get(version.trainLog)).text(), /24 examples/, String(at))
    }
    const headers = { authorization: `Key ${server.admin.pat}` }
    const json = await door.get(`/v2/users/admin/apps/shown/models/pets/versions/${id}`, { headers })
    const { model_version: inJson } = (await json.json()) as { model_version: { train_log: string } }
    assert.equal((await door.get(inJson.train_log)).status, 200)
  })

  test('is there of trainings that failed and while one goes on, and empty without one', async () => {
    const app = await makePets('ends')
    const failed = await train(app, 'cat', 'nothing-of-the-kind')
    assert.equal(failed.status?.code, MODEL_TRAINING_FAILED, failed.status?.details)
    assert.match(await (await door.get(failed.trainLog)).text(), /^The training failed: /)
    const { db } = server.services
    const [pk] = await versionPksOf(db.read, failed.id)
    const change = (train_log: string) =>
      db.transact(async (tx) => {
        const row = (await modelVersions.getByPk(tx, pk!))!
        const doc = JSON.stringify({ ...JSON.parse(row.doc), train_log })
        await modelVersions.update(tx, row, { doc, status_code: MODEL_TRAINING }, clock.now())
      })
    await change('Größe: 12 µm')
    const going = await get(app.userAppId, failed.id)
    assert.equal(going.status?.code, MODEL_TRAINING)
    assert.equal(await (await door.get(going.trainLog)).text(), 'Größe: 12 µm')
    await change('')
    assert.equal((await get(app.userAppId, failed.id)).trainLog, '')
    assert.deepEqual(await codeOf(await door.get(going.trainLog)), GONE)
    const crop = { userAppId: app.userAppId, models: [{ id: 'crop', modelTypeId: 'image-crop' }] }
    succeeded(await server.call('PostModels', crop))
    const made = await server.call('PostModelVersions', { userAppId: app.userAppId, modelId: 'crop' })
    assert.equal(succeeded(made).model!.modelVersion!.trainLog, '')
  })

  test('is shown by no link that was changed, has expired, or is of another version', async () => {
    const app = await makePets('tampered')
    const { trainLog: link } = await train(app, 'cat', 'dog')
    const other = await train(app, 'cat')
    for (const changed of [
      link.replace(/expires=\d+/, 'expires=9999999999'),
      link.replace(/signature=.{4}/, 'signature=AAAA'),
      link.replace(/signature=.*/, 'signature='),
      link.replace(/[0-9a-f]{32}/, other.id),
    ]) {
      assert.notEqual(changed, link)
      assert.deepEqual(await codeOf(await door.get(changed)), NO_GOOD, changed)
    }
    ahead = LINK_MICROS - 60_000_000
    assert.equal((await door.get(link)).status, 200)
    ahead = LINK_MICROS + 1_000_000
    assert.deepEqual(await codeOf(await door.get(link)), NO_GOOD)
  })

  test('goes with its version and its model, and follows its app to another id', async () => {
    const app = await makePets('moving')
    const [first, second] = [await train(app, 'cat', 'dog'), await train(app, 'cat', 'dog')]
    const { userId } = app.userAppId
    const renamed = { userAppId: { userId }, ids: [{ id: 'moving', newId: 'moved' }], action: 'overwrite' }
    succeeded(await server.call('PatchAppsIds', renamed))
    const userAppId = { userId, appId: 'moved' }
    for (const { trainLog } of [first, second]) assert.equal((await door.get(trainLog)).status, 200)
    succeeded(await server.call('DeleteModelVersion', { userAppId, modelId: 'pets', versionId: first.id }))
    assert.deepEqual(await codeOf(await door.get(first.trainLog)), GONE)
    assert.equal((await door.get(second.trainLog)).status, 200)
    succeeded(await server.call('DeleteModel', { userAppId, modelId: 'pets' }))
    assert.deepEqual(await codeOf(await door.get(second.trainLog)), GONE)
  })

  test('is given without a link to those who may see the version, and to nobody else', async () => {
    const { db, directory } = server.services
    await db.transact((tx) => tx.updateTable('users').set({ visibility: 50 }).where('id', '=', 'admin').execute())
    directory.invalidate()
    const app = await makePets('open', Visible.PUBLIC)
    const { id, trainLog } = await train(app, 'cat', 'dog')
    const address = new URL(trainLog).pathname
    const as = (key: string) => door.get(address, { headers: { authorization: `Key ${key}` } })
    assert.equal((await as(server.admin.pat)).status, 200)
    assert.deepEqual(await codeOf(await door.get(address)), GONE)
    assert.equal((await as('b'.repeat(32))).status, 401)
    const narrow = await server.makeKey({
      userPk: server.admin.pk,
      appPk: app.pk,
      kind: 'app_key',
      scopes: ['Inputs_Get'],
    })
    assert.deepEqual(await codeOf(await as(narrow)), [403, StatusCode.CONN_INSUFFICIENT_SCOPES])
    const guest = await server.makeUser(`guest-${engine.name}`)
    assert.deepEqual(await codeOf(await as(guest.pat)), GONE)
    const publications = [{ versionId: id }]
    const asked = { userAppId: app.userAppId, modelId: 'pets' }
    succeeded(await server.call('PostModelVersionsPublish', { ...asked, publications }))
    const published = await as(guest.pat)
    assert.equal(published.status, 200)
    assert.match(published.headers.get('cache-control')!, /^private/, 'it may be hidden again')
    succeeded(await server.call('PostModelVersionsUnPublish', { ...asked, publications }))
    assert.deepEqual(await codeOf(await as(guest.pat)), GONE)
  })

  test('is copied with its version into another app', async () => {
    const app = await makePets('copied')
    const { id } = await train(app, 'cat', 'dog')
    const filter = { copyConcepts: true, copyModels: true }
    const wanted = { userAppId: app.userAppId, appDuplications: [{ filter, newAppId: 'the-copy' }] }
    succeeded(await server.call('PostAppDuplications', wanted))
    await server.services.jobs.idle()
    const userAppId = { ...app.userAppId, appId: 'the-copy' }
    const { model } = succeeded(await server.call('GetModel', { userAppId, modelId: 'pets' }))
    assert.notEqual(model!.modelVersion!.id, id)
    succeeded(await server.call('DeleteModel', { userAppId: app.userAppId, modelId: 'pets' }))
    assert.match(await (await door.get(model!.modelVersion!.trainLog)).text(), /24 examples/)
  })
})
