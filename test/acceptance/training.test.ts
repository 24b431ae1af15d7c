// The loop of labelling and training with the official clients, on pieces of real photos and real sentences.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, test } from 'node:test'
import { cropsOf, PHOTOS, pasted } from './kit/crops.ts'
import { call, imageInput, resources, service, staticClient, userApp } from './kit/grpc.ts'
import { type Named, send } from './kit/http.ts'
import { type LegacyApp, legacyClient } from './kit/legacy.ts'
import { startLimpid, USER } from './kit/server.ts'

const TRAINED = 21100
const WAITING = [21103, 21101]
const PIECES = 12

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())
const base = `/v2/users/${USER}/apps`
const grpc = staticClient(limpid)
const pieces = { dog: await cropsOf(PHOTOS.dog, PIECES), platform: await cropsOf(PHOTOS.platform, PIECES) }
let client: LegacyApp
let appId = ''

/** Asks again until the answer is as it should be; the server ends every training, so that this ends too. */
async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    await new Promise((resolve) => setImmediate(resolve))
  }
}

before(async () => {
  const apps = await send(limpid.url, 'POST', base, {
    body: { apps: [{ name: 'training', default_workflow_id: 'General' }] },
  })
  assert.equal(apps.body.status.code, 10000, apps.text)
  appId = (apps.body.apps as Named[])[0]!.id
  const keys = await send(limpid.url, 'POST', `/v2/users/${USER}/keys`, {
    body: { keys: [{ description: 'All scopes', scopes: ['All'], apps: [{ id: appId, user_id: USER }] }] },
  })
  client = legacyClient(limpid, { apiKey: (keys.body.keys as Named[])[0]!.id })
  for (const [id, photos] of Object.entries(pieces)) {
    const inputs = photos.slice(2).map((bytes) => ({ base64: bytes.toString('base64'), concepts: [{ id }] }))
    await client.inputs.create(inputs)
  }
  const all = 2 * (PIECES - 2)
  const { counts } = await until(
    () => client.inputs.getStatus(),
    ({ counts }) => counts.processed + counts.errors === all,
  )
  assert.equal(counts.processed, all)
})

test('the legacy client creates a model, trains it and predicts what it has not seen', async () => {
  const model = await client.models.create('pets', [{ id: 'dog' }, { id: 'platform' }])
  const trained = await model.train(true)
  assert.equal(trained.modelVersion.status.code, TRAINED)
  for (const [id, photos] of Object.entries(pieces)) {
    for (const bytes of photos.slice(0, 2)) {
      const { outputs } = await client.models.predict('pets', { base64: bytes.toString('base64') })
      const concepts = outputs[0]!.data.concepts
      assert.equal(concepts[0]!.id, id)
      assert.ok(concepts[0]!.value > 0.6 && concepts[1]!.value < 0.4, JSON.stringify(concepts))
    }
  }
  // Again with what people have labelled since: the same call.
  const again = await (await client.models.get('pets')).train(false)
  assert.notEqual(again.modelVersion.id, trained.modelVersion.id)
})

// The package brings no types.
const { Struct } = createRequire(import.meta.url)('google-protobuf/google/protobuf/struct_pb.js') as {
  Struct: { fromJavaScript(value: object): never }
}

const { Concept, Data, Model, ModelVersion, OutputInfo } = resources
const { GetModelVersionRequest, PostModelVersionsRequest, PostModelsRequest, PostModelOutputsRequest } = service
type Version = InstanceType<typeof ModelVersion>

/** Makes a model of a type, trains it on concepts and waits; the version as it is then. */
async function train(id: string, typeId: string, concepts: readonly string[], version: Version = new ModelVersion()) {
  const place = userApp(appId)
  const model = new Model().setId(id).setModelTypeId(typeId)
  await call(grpc, grpc.postModels, new PostModelsRequest().setUserAppId(place).setModelsList([model]))
  const data = new Data().setConceptsList(concepts.map((concept) => new Concept().setId(concept).setValue(1)))
  if (concepts.length > 0) version.setOutputInfo(new OutputInfo().setData(data))
  const request = new PostModelVersionsRequest().setUserAppId(place).setModelId(id).setModelVersionsList([version])
  const made = await call(grpc, grpc.postModelVersions, request)
  const versionId = made.getModel()!.getModelVersion()!.getId()
  assert.ok(
    WAITING.includes(made.getModel()!.getModelVersion()!.getStatus()!.getCode()),
    JSON.stringify(made.toObject().status),
  )
  const asked = new GetModelVersionRequest().setUserAppId(place).setModelId(id).setVersionId(versionId)
  const found = await until(
    async () => (await call(grpc, grpc.getModelVersion, asked)).getModelVersion()!,
    (one) => !WAITING.includes(one.getStatus()!.getCode()),
  )
  assert.equal(found.getStatus()!.getCode(), TRAINED, found.getStatus()!.getDetails())
  return found
}

async function predict(modelId: string, inputs: InstanceType<typeof resources.Input>[]) {
  const request = new PostModelOutputsRequest().setUserAppId(userApp(appId)).setModelId(modelId).setInputsList(inputs)
  const answer = await call(grpc, grpc.postModelOutputs, request)
  assert.equal(answer.getStatus()!.getCode(), 10000, answer.getStatus()!.getDetails())
  return answer.getOutputsList().map((output) => output.getData()!)
}

const unseen = () => [...pieces.dog.slice(0, 2), ...pieces.platform.slice(0, 2)].map(imageInput)

describe('the gRPC client trains by type', () => {
  test("a 'visual-classifier' on a backbone, with its log", async () => {
    const version = await train('photos', 'visual-classifier', ['dog', 'platform'])
    const log = await fetch(version.getTrainLog())
    assert.equal(log.headers.get('content-type'), 'text/plain; charset=utf-8')
    assert.match(await log.text(), /20 examples of 20 inputs, 576 numbers each/)
    const outputs = await predict('photos', unseen())
    const best = outputs.map((data) => data.getConceptsList()[0]!.getId())
    assert.deepEqual(best, ['dog', 'dog', 'platform', 'platform'])
  })

  test("a 'clusterer' that finds the two photos without labels", async () => {
    const params = Struct.fromJavaScript({ coarse_clusters: 2 })
    const version = new ModelVersion().setTrainInfo(new resources.TrainInfo().setParams(params))
    await train('groups', 'clusterer', [], version)
    const ids = (await predict('groups', unseen())).map((data) => data.getClustersList()[0]!.getId())
    assert.deepEqual([ids[0] === ids[1], ids[2] === ids[3], ids[0] === ids[2]], [true, true, false])
  })

  test("a 'visual-embedder' whose vectors of one concept lie close together", async () => {
    await train('finer', 'visual-embedder', ['dog', 'platform'])
    const [a, b, c, d] = (await predict('finer', unseen())).map((data) => data.getEmbeddingsList()[0]!.getVectorList())
    const cosine = (x: readonly number[], y: readonly number[]): number =>
      x.reduce((sum, value, at) => sum + value * y[at]!, 0)
    assert.ok(cosine(a!, b!) > 0.5 && cosine(c!, d!) > 0.5, `${cosine(a!, b!)} and ${cosine(c!, d!)}`)
    assert.ok(cosine(a!, c!) < 0, String(cosine(a!, c!)))
  })

  test("a 'text-classifier' on sentences", async () => {
    const texts = {
      food: [
        'The soup was hot and tasty',
        'We baked bread with butter',
        'Fresh fruit and cheese for lunch',
        'A plate of pasta',
      ],
      sport: [
        'He scored a goal in the last minute',
        'The runner won the race',
        'Our team lost the match',
        'She swims every day',
      ],
    }
    const inputs = Object.entries(texts).flatMap(([id, list]) =>
      list.map((raw) => ({ data: { text: { raw }, concepts: [{ id, value: 1 }] } })),
    )
    const posted = await send(limpid.url, 'POST', `${base}/${appId}/inputs`, { body: { inputs } })
    assert.equal(posted.body.status.code, 10000, posted.text)
    const all = 2 * (PIECES - 2) + inputs.length
    await until(
      () => client.inputs.getStatus(),
      ({ counts }) => counts.processed + counts.errors === all,
    )
    await train('topics', 'text-classifier', ['food', 'sport'])
    const text = (raw: string) => new resources.Input().setData(new Data().setText(new resources.Text().setRaw(raw)))
    const outputs = await predict('topics', [text('An apple cake with cream'), text('They played tennis')])
    assert.deepEqual(
      outputs.map((data) => data.getConceptsList()[0]!.getId()),
      ['food', 'sport'],
    )
  })

  test("a 'visual-detector' from marked boxes, which finds the thing where it has not been before", async () => {
    const marked = await Promise.all([0, 1, 2, 4, 5, 6].map(pasted))
    const inputs = marked.map(({ bytes }, at) => ({
      id: `marked-${at}`,
      data: { image: { base64: bytes.toString('base64') } },
    }))
    const posted = await send(limpid.url, 'POST', `${base}/${appId}/inputs`, { body: { inputs } })
    assert.equal(posted.body.status.code, 10000, posted.text)
    await until(
      () => client.inputs.getStatus(),
      ({ counts }) => counts.processed + counts.errors === 2 * (PIECES - 2) + 8 + inputs.length,
    )
    const annotations = marked.map(({ box }, at) => ({
      input_id: `marked-${at}`,
      data: { regions: [{ region_info: { bounding_box: box }, data: { concepts: [{ id: 'bush-dog', value: 1 }] } }] },
    }))
    const said = await send(limpid.url, 'POST', `${base}/${appId}/annotations`, { body: { annotations } })
    assert.equal(said.body.status.code, 10000, said.text)
    await train('finder', 'visual-detector', ['bush-dog'])
    const { bytes, box } = await pasted(3)
    const [data] = await predict('finder', [imageInput(bytes)])
    const best = data!.getRegionsList()[0]!
    assert.equal(best.getData()!.getConceptsList()[0]!.getId(), 'bush-dog')
    const found = best.getRegionInfo()!.getBoundingBox()!.toObject()
    const height = Math.min(found.bottomRow, box.bottom_row) - Math.max(found.topRow, box.top_row)
    const width = Math.min(found.rightCol, box.right_col) - Math.max(found.leftCol, box.left_col)
    const shared = Math.max(0, height) * Math.max(0, width)
    const both = 0.25 + (found.bottomRow - found.topRow) * (found.rightCol - found.leftCol) - shared
    assert.ok(shared / both > 0.4, JSON.stringify(found))
  })

  test('a trained head answers in workflows at once', async () => {
    const nodes = [{ id: 'mine', model: { id: 'photos', user_id: USER, app_id: appId } }]
    const made = await send(limpid.url, 'POST', `${base}/${appId}/workflows`, {
      body: { workflows: [{ id: 'loop', nodes }] },
    })
    assert.equal(made.body.status.code, 10000, made.text)
    const body = { inputs: [{ data: { image: { base64: pieces.dog[0]!.toString('base64') } } }] }
    const { body: answer, text } = await send(limpid.url, 'POST', `${base}/${appId}/workflows/loop/results`, { body })
    assert.equal(answer.status.code, 10000, text)
    assert.match(text, /"id":"dog"/)
  })
})
