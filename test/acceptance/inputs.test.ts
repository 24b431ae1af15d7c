// Uploads by the official clients: the Node SDK's Input class, the static gRPC client, the legacy REST client.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Input } from 'clarifai-nodejs'
import { call, resources, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { legacyClient } from './kit/legacy.ts'
import { startMediaHost } from './kit/media-host.ts'
import { PHOTO, PHOTO_BASE64, PHOTO_FILE } from './kit/photo.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const APP = 'ci_test_app_inputs'
/** How long a test asks for what takes a moment; no test waits that long when all is well. */
const PATIENCE_MS = 60_000

const media = await startMediaHost()
const limpid = await startLimpid({ env: { LIMPID_FETCH_ALLOW: media.authority, LIMPID_MODEL_PULL: 'off' } })
const folder = await mkdtemp(join(tmpdir(), 'limpid-inputs-'))
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await media[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

interface Status {
  readonly code: number
  readonly description: string
  readonly details?: string
}
interface GivenInput {
  readonly id: string
  readonly status: Status
  readonly created_at: string
  readonly data: {
    readonly image?: { readonly url: string; readonly hosted?: { prefix: string; suffix: string } }
    readonly text?: { readonly url: string }
    readonly concepts?: { id: string; name: string; value: number }[]
    readonly metadata?: Record<string, unknown>
    readonly geo?: { readonly geoPoint: { longitude: number; latitude: number } }
  }
}

const base = `/v2/users/${USER}/apps/${APP}`
interface Read {
  readonly status: Status
  readonly inputs: readonly GivenInput[]
  readonly input: GivenInput
}
const get = async (path: string): Promise<{ status: number; body: Read }> => {
  const { http, body } = await send(limpid.url, 'GET', `${base}${path}`)
  return { status: http, body: body as unknown as Read }
}

/** Asks again until an input has come to an end, as clients do. */
async function settled(id: string): Promise<GivenInput> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(50)) {
    const { body } = await get(`/inputs/${id}`)
    if (body.input && ![30001, 30003].includes(body.input.status.code)) return body.input
  }
  return assert.fail(`the input ${id} is not processed`)
}

before(async () => {
  mock.method(console, 'info', () => {})
  mock.method(console, 'table', () => {})
  const apps = await send(limpid.url, 'POST', `/v2/users/${USER}/apps`, {
    body: { apps: [{ id: APP, default_workflow: { id: 'Empty', app_id: 'main', user_id: 'clarifai' } }] },
  })
  assert.equal(apps.body.status.code, 10000, apps.text)
})

describe('the Node SDK: PostInputs, PatchInputs, GetInputsAddJob, ListInputs, DeleteInputs', () => {
  const input = new Input({ authConfig: { userId: USER, appId: APP, pat: PAT, base: limpid.url } })

  test('uploads from a URL, from bytes, from a file and as text, with labels and metadata', async () => {
    await input.uploadFromUrl({ inputId: 'sdk-url', imageUrl: `${media.url}/photo.jpg` })
    await input.uploadFromBytes({
      inputId: 'sdk-bytes',
      imageBytes: PHOTO,
      labels: ['dog', 'big man'],
      metadata: { camera: 'old', shots: 3 },
    })
    await input.uploadFromFile({ inputId: 'sdk-file', imageFile: PHOTO_FILE })
    await input.uploadText({ inputId: 'sdk-text', rawText: 'a text of some words' })
    for (const id of ['sdk-url', 'sdk-bytes', 'sdk-file', 'sdk-text']) {
      const { status } = await settled(id)
      assert.deepEqual([status.code, status.description], [30000, 'Download complete'], status.details)
    }
    const { data } = await settled('sdk-bytes')
    assert.deepEqual(
      data.concepts?.map(({ id, name, value }) => [id, name, value]),
      [
        ['id-dog', 'dog', 1],
        ['id-bigman', 'big man', 1],
      ],
    )
    assert.deepEqual(data.metadata, { camera: 'old', shots: 3 })
    assert.equal((await settled('sdk-url')).data.image?.url, `${media.url}/photo.jpg`)
  })

  test('what was uploaded as bytes can be fetched, byte by byte the same', async () => {
    for (const id of ['sdk-bytes', 'sdk-file', 'sdk-url']) {
      const { hosted } = (await settled(id)).data.image!
      const file = await fetch(`${hosted!.prefix}/orig/${hosted!.suffix}`, { headers: { authorization: `Key ${PAT}` } })
      assert.equal(file.status, 200)
      assert.deepEqual(Buffer.from(await file.arrayBuffer()), PHOTO)
    }
    const text = await fetch((await settled('sdk-text')).data.text!.url, { headers: { authorization: `Key ${PAT}` } })
    assert.equal(await text.text(), 'a text of some words')
  })

  test('uploads a table, and folders of pictures and texts that name their labels', async () => {
    const csv = join(folder, 'texts.csv')
    await writeFile(
      csv,
      'inputid,input,concepts,metadata,geopoints\ncsv-1,first text,"[""one""]",{},\ncsv-2,second text,"[""two""]",{},\n',
    )
    const rows = await Input.getInputsFromCsv({ csvPath: csv, inputType: 'text', csvType: 'raw', labels: true })
    assert.equal(rows.length, 2)
    await input.uploadInputs({ inputs: rows })
    const texts = join(folder, 'cats')
    await mkdir(texts)
    for (const n of [1, 2, 3]) await writeFile(join(texts, `cat${n}.txt`), `cat number ${n}`)
    await input.uploadInputs({
      inputs: Input.getTextInputsFromFolder({ folderPath: texts, datasetId: null, labels: true }),
    })
    const pictures = join(folder, 'dogs')
    await mkdir(pictures)
    await writeFile(join(pictures, 'dog1.jpg'), PHOTO)
    await input.uploadInputs({ inputs: Input.getImageInputsFromFolder({ folderPath: pictures, labels: true }) })
    for (const id of ['cat1', 'cat2', 'cat3']) {
      assert.deepEqual(
        (await settled(id)).data.concepts?.map(({ name }) => name),
        ['cats'],
      )
    }
    assert.equal((await settled('dog1')).status.code, 30000)
  })

  test('uploads in bulk, follows the add job to its end and deletes what failed', async () => {
    const inputs = [
      ...Array.from({ length: 6 }, (_, n) => Input.getTextInput({ inputId: `bulk-${n}`, rawText: `bulk text ${n}` })),
      Input.getInputFromUrl({ inputId: 'bulk-missing', imageUrl: `${media.url}/nothing.jpg` }),
    ]
    await input.bulkUpload({ inputs, batchSize: 4 })
    for (let n = 0; n < 6; n++) assert.equal((await settled(`bulk-${n}`)).status.code, 30000)
  })

  test('patches metadata and labels by merging', async () => {
    const patch = Input.getTextInput({ inputId: 'sdk-bytes', rawText: '', labels: ['new'], metadata: { shots: 4 } })
    patch.getData()!.clearText()
    await input.patchInputs({ inputs: [patch], action: 'merge' })
    const { data } = await settled('sdk-bytes')
    assert.deepEqual(data.metadata, { camera: 'old', shots: 4 })
    assert.deepEqual(
      data.concepts?.map(({ name }) => name),
      ['dog', 'big man', 'new'],
    )
  })
})

describe('the static gRPC client: PostInputs, GetInput, ListInputs, StreamInputs, GetInputCount, DeleteInput', () => {
  const client = staticClient(limpid)
  after(() => client.close())

  test('an unset value of a concept is a negative, an unknown id says so, a page past the end is empty', async () => {
    const data = new resources.Data()
      .setText(new resources.Text().setRaw('by grpc'))
      .setConceptsList([new resources.Concept().setId('no'), new resources.Concept().setId('yes').setValue(1)])
    const request = new service.PostInputsRequest()
      .setUserAppId(userApp(APP))
      .setInputsList([new resources.Input().setId('grpc-1').setData(data)])
    const posted = (await call(client, client.postInputs, request)).toObject()
    assert.deepEqual([posted.status?.code, posted.inputsList[0]?.status?.code], [10000, 30001])
    await settled('grpc-1')
    const found = await call(
      client,
      client.getInput,
      new service.GetInputRequest().setUserAppId(userApp(APP)).setInputId('grpc-1'),
    )
    assert.deepEqual(
      found
        .getInput()!
        .getData()!
        .getConceptsList()
        .map((concept) => [concept.getId(), concept.getValue()]),
      [
        ['no', 0],
        ['yes', 1],
      ],
    )
    const missing = await call(
      client,
      client.getInput,
      new service.GetInputRequest().setUserAppId(userApp(APP)).setInputId('nobody'),
    )
    assert.deepEqual(
      [missing.getStatus()!.getCode(), missing.getStatus()!.getDescription()],
      [11101, 'Resource does not exist'],
    )
    const past = await call(
      client,
      client.listInputs,
      new service.ListInputsRequest().setUserAppId(userApp(APP)).setPage(999_999_999).setPerPage(1000),
    )
    assert.deepEqual([past.getStatus()!.getCode(), past.getInputsList().length], [10000, 0])
  })

  test('streams from the oldest on, counts, and deletes', async () => {
    const seen: string[] = []
    for (let last = ''; ; last = seen.at(-1)!) {
      const request = new service.StreamInputsRequest().setUserAppId(userApp(APP)).setPerPage(5).setLastId(last)
      const page = (await call(client, client.streamInputs, request)).getInputsList()
      if (page.length === 0) break
      seen.push(...page.map((one) => one.getId()))
    }
    assert.equal(seen[0], 'sdk-url')
    assert.equal(new Set(seen).size, seen.length)
    const count = async (): Promise<number> => {
      const request = new service.GetInputCountRequest().setUserAppId(userApp(APP))
      return (await call(client, client.getInputCount, request)).getCounts()!.getProcessed()
    }
    const before = await count()
    const gone = new service.DeleteInputRequest().setUserAppId(userApp(APP)).setInputId('grpc-1')
    assert.equal((await call(client, client.deleteInput, gone)).getStatus()!.getCode(), 10000)
    assert.equal((await get('/inputs/grpc-1')).status, 404)
    assert.equal(await count(), before - 1)
  })
})

describe('the legacy client', () => {
  const client = legacyClient(limpid, { apiKey: PAT, userId: USER, appId: APP })

  test('creates, reads, lists, relabels and deletes', async () => {
    const made = await client.inputs.create([
      {
        id: 'old-1',
        base64: PHOTO_BASE64,
        concepts: [
          { id: 'train', value: true },
          { id: 'car', value: false },
        ],
      },
      {
        id: 'old-2',
        url: `${media.url}/photo.jpg`,
        allowDuplicateUrl: true,
        metadata: { a: { b: 1 } },
        geo: { latitude: 40, longitude: -30 },
      },
    ])
    assert.deepEqual([made[0]!.id, made[1]!.id], ['old-1', 'old-2'])
    await settled('old-1')
    await settled('old-2')
    const read = await client.inputs.get('old-1')
    assert.deepEqual(
      read.rawData.data.concepts!.map(({ id, value }) => [id, value]),
      [
        ['train', 1],
        ['car', 0],
      ],
    )
    assert.ok(read.imageUrl)
    assert.ok(read.createdAt)
    assert.deepEqual((await settled('old-2')).data.geo?.geoPoint, { longitude: -30, latitude: 40 })
    const listed = await client.inputs.list({ page: 1, perPage: 2 })
    assert.deepEqual([listed[0]!.id, listed[1]!.id], ['old-2', 'old-1'])
    await client.inputs.deleteConcepts([{ id: 'old-1', concepts: [{ id: 'car' }] }])
    await client.inputs.mergeConcepts([{ id: 'old-1', concepts: [{ id: 'bus' }] }])
    assert.deepEqual(
      (await settled('old-1')).data.concepts?.map(({ id }) => id),
      ['train', 'bus'],
    )
    const { counts } = await client.inputs.getStatus()
    assert.ok(counts.processed >= 2 && counts.errors === 0)
    assert.equal((await client.inputs.delete('old-1')).data.status.description, 'Ok')
    assert.equal((await client.inputs.delete(['old-2'])).data.status.description, 'Ok')
    assert.equal((await get('/inputs/old-2')).status, 404)
  })
})

test('over HTTP a page with a failed input is 207, a call in which all fail 400', async () => {
  const post = (inputs: unknown[]) => send(limpid.url, 'POST', `${base}/inputs`, { body: { inputs } })
  await post([{ id: 'bad', data: { image: { url: `${media.url}/page.html` } } }])
  assert.equal((await settled('bad')).status.code, 30002)
  const page = await get('/inputs?per_page=1')
  assert.deepEqual([page.status, page.body.status.code], [207, 10010])
  const failed = await post([{ id: 'x' }, { id: 'y', data: {} }])
  assert.deepEqual([failed.http, failed.body.status.code], [400, 10020])
  const mixed = await post([
    { id: 'bad', data: { text: { raw: 'again' } } },
    { id: 'fine', data: { text: { raw: 'x' } } },
  ])
  assert.deepEqual([mixed.http, mixed.body.status.code], [207, 10010])
  await send(limpid.url, 'DELETE', `${base}/inputs`, { body: { ids: ['bad'] } })
})
