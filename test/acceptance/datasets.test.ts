// Datasets from end to end: the Node SDK uploads folders and CSV and makes versions, gRPC annotates, HTTP exports, and
// `limpid import` brings an export into another app, whose own export has the same labels.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import { App, Dataset, Input, User } from 'clarifai-nodejs'
import sharp from 'sharp'
import {
  COCO,
  download,
  exportOf,
  JSON_FORMAT,
  labelsOf,
  makeVersion,
  PROTOBUF,
  until,
  waitForVersion,
  withoutAddresses,
} from './kit/datasets.ts'
import { call, resources, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { PAT, runLimpid, startLimpid, USER } from './kit/server.ts'

const APP = 'ci_test_app_datasets'
const COPY = 'ci_test_app_copy'

const limpid = await startLimpid()
const folder = await mkdtemp(join(tmpdir(), 'limpid-datasets-'))
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})
before(() => {
  // The SDK tells of every step on the console.
  for (const name of ['info', 'table', 'log', 'debug'] as const) mock.method(console, name, () => {})
})

const base = `/v2/users/${USER}/apps`
const authConfig = { userId: USER, appId: APP, pat: PAT, base: limpid.url }

const photo = (shade: number): Promise<Buffer> =>
  sharp({ create: { width: 64, height: 64, channels: 3, background: { r: shade, g: 90, b: 40 } } })
    .png()
    .toBuffer()

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), content)
}

describe('datasets', () => {
  test('the SDK makes an app and a dataset, and uploads folders and CSV', async () => {
    await new User({ ...authConfig, appId: '' }).createApp({ appId: APP, baseWorkflow: 'Empty' })
    const made = await new App({ authConfig }).createDataset({ datasetId: 'mixed' })
    assert.deepEqual([made.id, made.appId, made.userId], ['mixed', APP, USER])
    const dataset = new Dataset({ authConfig, datasetId: 'mixed' })
    await write('photos/red.png', await photo(200))
    await write('photos/dark.png', await photo(20))
    await dataset.uploadFromFolder({ folderPath: join(folder, 'photos'), inputType: 'image', labels: true })
    await write(
      'texts.csv',
      'inputid,input,concepts,metadata,geopoints\ntext-1,good words,"[\'praise\']",,\ntext-2,bad words,"[\'blame\']",,\n',
    )
    await dataset.uploadFromCSV({ csvPath: join(folder, 'texts.csv'), inputType: 'text', csvType: 'raw', labels: true })
    const { body } = await send(limpid.url, 'GET', `${base}/${APP}/datasets/mixed/inputs?json_names=snake`)
    const inputs = (body.dataset_inputs as { input: { id: string; status: { code: number } } }[]).map(
      ({ input }) => input,
    )
    assert.equal(inputs.length, 4)
    assert.deepEqual([...new Set(inputs.map(({ status }) => status.code))], [30000])
  })

  test('gRPC and the SDK annotate what is there', async () => {
    const { body } = await send(limpid.url, 'GET', `${base}/${APP}/inputs?json_names=snake`)
    const pictures = (body.inputs as { id: string; data: { image?: object } }[]).filter(({ data }) => data.image)
    const proto = Input.getBboxProto({ inputId: pictures[0]!.id, label: 'patch', bbox: [0.25, 0.25, 0.75, 0.5] })
    await new Input({ authConfig }).uploadAnnotations({ batchAnnot: [proto] })
    const request = new service.PostAnnotationsRequest()
    request.setUserAppId(userApp(APP))
    const polygon = new resources.Polygon()
    polygon.setPointsList(
      [
        [0, 0],
        [0, 0.5],
        [0.5, 0.5],
      ].map(([row, col]) => {
        const point = new resources.Point()
        point.setRow(row!)
        point.setCol(col!)
        return point
      }),
    )
    const info = new resources.RegionInfo()
    info.setPolygon(polygon)
    const concept = new resources.Concept()
    concept.setId('corner')
    concept.setValue(1)
    const data = new resources.Data()
    data.setConceptsList([concept])
    const region = new resources.Region()
    region.setRegionInfo(info)
    region.setData(data)
    const outer = new resources.Data()
    outer.setRegionsList([region])
    const annotation = new resources.Annotation()
    annotation.setInputId(pictures[1]!.id)
    annotation.setData(outer)
    request.setAnnotationsList([annotation])
    const client = staticClient(limpid)
    const answer = await call(client, client.postAnnotations, request)
    client.close()
    assert.equal(answer.getStatus()!.getCode(), 10000, answer.getStatus()!.getDetails())
    assert.equal(answer.getAnnotationsList()[0]!.getStatus()!.getCode(), 24150)
    const span = { region_info: { span: { char_start: 0, char_end: 4 } }, data: { concepts: [{ id: 'word' }] } }
    const annotations = [{ input_id: 'text-1', data: { regions: [span] } }]
    const posted = await send(limpid.url, 'POST', `${base}/${APP}/annotations`, { body: { annotations } })
    assert.equal(posted.http, 200, posted.text)
    const listed = await send(limpid.url, 'GET', `${base}/${APP}/annotations?json_names=snake&input_ids=text-1`)
    assert.equal((listed.body.annotations as object[]).length, 2)
  })

  test('the SDK makes a version, lists and deletes it', async () => {
    const dataset = new Dataset({ authConfig, datasetId: 'mixed' })
    const made = await dataset.createVersion({
      id: 'sdk-version',
      description: 'from the SDK',
      metadata: { by: 'sdk' },
    })
    assert.deepEqual([made.id, made.description], ['sdk-version', 'from the SDK'])
    await waitForVersion(limpid, APP, 'mixed', 'sdk-version')
    const listed = (await Array.fromAsync(dataset.listVersions())).flat()
    assert.deepEqual(
      listed.map(({ id }) => id),
      ['sdk-version'],
    )
    await dataset.deleteVersion('sdk-version')
    const gone = await send(limpid.url, 'GET', `${base}/${APP}/datasets/mixed/versions/sdk-version`)
    assert.equal(gone.http, 404)
  })

  test('exports are zips that only those with a key get', async () => {
    await makeVersion(limpid, APP, 'mixed', 'v1')
    const { url, size } = await exportOf(limpid, APP, 'mixed', 'v1', PROTOBUF)
    const files = await download(url)
    assert.equal([...files.keys()][0], 'mimetype')
    assert.equal(files.get('mimetype')!.toString(), 'application/x.clarifai-data+protobuf')
    const [batch] = [...files].slice(1)
    assert.match(batch![0], /_n4$/)
    const inputs = resources.InputBatch.deserializeBinary(batch![1]).getInputsList()
    assert.equal(inputs.length, 4)
    const image = inputs
      .find((input) => input.getData()!.hasImage())!
      .getData()!
      .getImage()!
      .getHosted()!
    const original = await fetch(`${image.getPrefix()}/orig/${image.getSuffix()}`, {
      headers: { authorization: `Key ${PAT}` },
    })
    assert.equal(original.status, 200)
    const head = await fetch(url, { method: 'HEAD', headers: { authorization: `Key ${PAT}` } })
    assert.equal(Number(head.headers.get('content-length')), size)
    const part = await fetch(url, { headers: { authorization: `Key ${PAT}`, range: 'bytes=0-3' } })
    assert.deepEqual([part.status, await part.text()], [206, 'PK\u0003\u0004'])
    assert.equal((await fetch(url)).status, 404)
    assert.equal((await fetch(url, { headers: { authorization: `Key ${'0'.repeat(32)}` } })).status, 401)
    const json = await download((await exportOf(limpid, APP, 'mixed', 'v1', JSON_FORMAT)).url)
    assert.equal(json.get('mimetype')!.toString(), 'application/x.clarifai-data+json')
    const texts = JSON.parse([...json].slice(1)[0]![1].toString()) as { inputs: { id: string }[] }
    assert.equal(texts.inputs.length, 4)
    const metrics = await send(limpid.url, 'GET', `${base}/${APP}/datasets/mixed/versions/v1/metrics?json_names=snake`)
    const [total] = metrics.body.dataset_version_metrics_groups as {
      value: string
      metrics: { inputs_count: number }
    }[]
    assert.deepEqual([total!.value, total!.metrics.inputs_count], ['total', 4])
  })

  test('an export comes into another app by limpid import, which has the same labels then', async () => {
    const exported = await download((await exportOf(limpid, APP, 'mixed', 'v1', COCO)).url)
    for (const [name, bytes] of exported) await write(`coco/${name}`, bytes)
    await new User({ ...authConfig, appId: '' }).createApp({ appId: COPY, baseWorkflow: 'Empty' })
    const args = [
      'import',
      join(folder, 'coco'),
      '--app',
      COPY,
      '--user',
      USER,
      '--dataset',
      'copied',
      '--url',
      limpid.url,
      '--pat',
      PAT,
    ]
    const first = await runLimpid(args).ended
    assert.equal(first.code, 0, first.stderr)
    assert.match(first.stdout, /4 inputs and 3 annotations came in from coco; 0 and 0 were there already; 0 problems/)
    const again = await runLimpid(args).ended
    assert.match(again.stdout, /0 inputs and 0 annotations came in from coco; 4 and 3 were there already; 0 problems/)
    const path = `${base}/${COPY}/inputs/status`
    await until(
      () => send(limpid.url, 'GET', path),
      ({ body }) => {
        const counts = body.counts as { processed: number; errors: number }
        return counts.processed + counts.errors === 4
      },
    )
    await makeVersion(limpid, COPY, 'copied', 'v1')
    const copied = await download((await exportOf(limpid, COPY, 'copied', 'v1', COCO)).url)
    assert.deepEqual(withoutAddresses(labelsOf(copied)), withoutAddresses(labelsOf(exported)))
    assert.ok(labelsOf(exported).length >= 11)
  })

  test('an import says what is wrong with each item and goes on', async () => {
    await write('odd/cats/one.png', await photo(99))
    await write('odd/cats/two.png', 'no picture at all')
    const report = join(folder, 'report.jsonl')
    const args = [
      'import',
      join(folder, 'odd'),
      '--format',
      'imagenet',
      '--app',
      COPY,
      '--user',
      USER,
      '--url',
      limpid.url,
      '--pat',
      PAT,
      '--report',
      report,
    ]
    const { code, stdout, stderr } = await runLimpid(args).ended
    assert.match(stdout, /inputs and 0 annotations came in/)
    assert.ok(code === 0 || /two\.png/.test(stderr), stderr)
    const unknown = await runLimpid(['import', folder, '--format', 'nonsense', '--app', COPY, '--pat', PAT]).ended
    assert.notEqual(unknown.code, 0)
    assert.match(unknown.stderr, /coco, yolo/)
  })
})
