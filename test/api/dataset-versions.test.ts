import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { toJson } from '@bufbuild/protobuf'
import { ValueSchema } from '@bufbuild/protobuf/wkt'
import { decodeMessage } from '../../src/contract/binary/index.ts'
import {
  type DatasetVersionMetricsGroup,
  DatasetVersionExportFormat as Format,
  type Input,
  type InputBatch,
  InputBatchSchema,
  DatasetVersionMetricsGroupType as Type,
} from '../../src/contract/index.ts'
import { decodeJson } from '../../src/contract/json/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { readZip } from '../kit/zips.ts'

const box = { boundingBox: { topRow: 0.25, leftCol: 0.5, bottomRow: 0.75, rightCol: 1 } }

describe('dataset versions', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer({ settings: { publicUrl: 'https://limpid.example' } })
    app = await makeApp(server, 'versions')
    await putInputs(server.services, app, [
      { id: 'photo', data: { concepts: [{ id: 'cat', value: 1 }], metadata: { n: 1 } } },
      { id: 'plain' },
      { id: 'film', kind: 'video', data: { geo: { geoPoint: { latitude: 1, longitude: 2 } } } },
      { id: 'words', kind: 'text', data: { concepts: [{ id: 'cat', value: 0 }] } },
      { id: 'broken', statusCode: StatusCode.INPUT_FAILED },
    ])
    const frame = (id: string, time: number, leftCol: number) => ({
      inputId: 'film',
      id,
      data: {
        frames: [
          {
            frameInfo: { time },
            data: {
              regions: [
                {
                  trackId: 't',
                  regionInfo: { boundingBox: { ...box.boundingBox, leftCol } },
                  data: { concepts: [{ id: 'bird', value: 1 }] },
                },
              ],
            },
          },
        ],
      },
    })
    const annotations = [
      {
        inputId: 'photo',
        id: 'box',
        data: { regions: [{ regionInfo: box, data: { concepts: [{ id: 'dog', name: 'Dog', value: 1 }] } }] },
      },
      {
        inputId: 'photo',
        id: 'waiting',
        status: { code: StatusCode.ANNOTATION_PENDING },
        data: { concepts: [{ id: 'emu', value: 1 }] },
      },
      frame('f1', 0, 0),
      frame('f2', 1000, 0.5),
    ]
    succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
    succeeded(await server.call('PostDatasets', { userAppId: app.userAppId, datasets: [{ id: 'set' }] }))
    const datasetInputs = ['photo', 'plain', 'film', 'words', 'broken'].map((id) => ({ input: { id } }))
    succeeded(await server.call('PostDatasetInputs', { ...at(), datasetInputs }))
    await server.services.jobs.start(server.services)
  })
  after(() => server[Symbol.asyncDispose]())

  const at = () => ({ userAppId: app.userAppId, datasetId: 'set' })
  const post = (...datasetVersions: object[]) => server.call('PostDatasetVersions', { ...at(), datasetVersions })
  const get = async (id: string) =>
    succeeded(await server.call('GetDatasetVersion', { ...at(), datasetVersionId: id })).datasetVersion!
  const make = async (version: { id: string }) => {
    const { datasetVersions } = succeeded(await post(version))
    await server.services.jobs.idle()
    return datasetVersions[0]!
  }
  const put = (id: string, ...exports: object[]) =>
    server.call('PutDatasetVersionExports', { ...at(), datasetVersionId: id, exports })
  const download = async (id: string, format: Format, more = {}) => {
    succeeded(await put(id, { format, ...more }))
    await server.services.jobs.idle()
    const { exports } = succeeded(await put(id, { format, ...more }))
    assert.equal(exports[0]?.status?.code, StatusCode.DATASET_VERSION_EXPORT_SUCCESS, exports[0]?.status?.details)
    const row = await server.services.db.read
      .selectFrom('dataset_version_exports')
      .selectAll()
      .where('media_id', '=', /([0-9a-f]{32})\.zip$/.exec(exports[0]!.url)![1]!)
      .executeTakeFirstOrThrow()
    assert.equal(Number(exports[0]!.size), row.size)
    return readZip(await server.services.blobs.bytes(row.hash!, 1e9))
  }
  const inputsOf = (entries: ReadonlyMap<string, Buffer>, read: (bytes: Buffer) => InputBatch): Map<string, Input> => {
    const found = new Map<string, Input>()
    for (const [name, bytes] of entries) {
      if (name === 'mimetype') continue
      const { inputs } = read(bytes)
      assert.ok(name.endsWith(`_n${inputs.length}`), name)
      for (const input of inputs) found.set(input.id, input)
    }
    return found
  }
  const protobuf = (bytes: Buffer) => decodeMessage(InputBatchSchema, bytes) as InputBatch

  test('become ready by themselves and never change afterwards', async () => {
    const made = await make({ id: 'first', description: 'as it was', metadata: { m: 1 } } as { id: string })
    assert.equal(made.status?.code, StatusCode.DATASET_VERSION_PENDING)
    const ready = await get('first')
    assert.deepEqual(
      [ready.status?.code, ready.datasetId, ready.appId, ready.userId, ready.requestOrigin, ready.metadata],
      [StatusCode.DATASET_VERSION_READY, 'set', 'versions', 'admin', 1, { m: 1 }],
    )
    assert.equal(ready.metrics.total?.inputsCount, 4n)
    const before = inputsOf(await download('first', Format.CLARIFAI_DATA_PROTOBUF), protobuf)
    assert.deepEqual([...before.keys()].sort(), ['film', 'photo', 'plain', 'words'])
    const photo = before.get('photo')!
    assert.deepEqual(
      [photo.data!.concepts.map(({ id }) => id), photo.data!.regions[0]!.data!.concepts[0]!.name, photo.data!.metadata],
      [['cat'], 'Dog', { n: 1 }],
    )
    assert.equal(photo.status, undefined)
    assert.equal(before.get('film')!.data!.frames.length, 2)
    assert.equal(before.get('words')!.data!.concepts[0]!.value, 0)

    const labels = { inputId: 'plain', data: { concepts: [{ id: 'late', value: 1 }] } }
    const { annotations } = succeeded(
      await server.call('PostAnnotations', { userAppId: app.userAppId, annotations: [labels] }),
    )
    const again = inputsOf(await download('first', Format.CLARIFAI_DATA_JSON), (bytes) =>
      decodeJson(InputBatchSchema, JSON.parse(bytes.toString())),
    )
    assert.deepEqual(again.get('plain')!.data!.concepts, [])
    const remove = { userAppId: app.userAppId, inputId: 'plain', annotationId: annotations[0]!.id }
    succeeded(await server.call('DeleteAnnotation', remove))
  })

  test('the same content is the same file', async () => {
    await make({ id: 'same-1' })
    await make({ id: 'same-2' })
    const chunks = async (id: string) => {
      const { db } = server.services
      return db.read
        .selectFrom('dataset_version_chunks')
        .innerJoin('dataset_versions', 'dataset_versions.pk', 'dataset_version_chunks.version_pk')
        .select('hash')
        .where('dataset_versions.id', '=', id)
        .execute()
    }
    assert.deepEqual(await chunks('same-1'), await chunks('same-2'))
  })

  test('filters choose annotations, and empty inputs may be left out', async () => {
    const search = {
      query: { filters: [{ annotation: { data: { regions: [{ regionInfo: { boundingBox: {} } }] } } }] },
    }
    const annotationFilters = [{ id: 'boxes', search }]
    succeeded(await server.call('PostAnnotationFilters', { userAppId: app.userAppId, annotationFilters }))
    const config = (ignoreEmptyInputs: boolean) => ({
      dataConfig: { case: 'annotationFilterConfig', value: { annotationFilter: { id: 'boxes' }, ignoreEmptyInputs } },
    })
    await make({ id: 'boxes-all', ...config(false) })
    await make({ id: 'boxes-only', ...config(true) })
    const all = inputsOf(await download('boxes-all', Format.CLARIFAI_DATA_PROTOBUF), protobuf)
    const only = inputsOf(await download('boxes-only', Format.CLARIFAI_DATA_PROTOBUF), protobuf)
    assert.deepEqual([all.size, [...only.keys()].sort()], [4, ['film', 'photo']])
    assert.deepEqual(only.get('photo')!.data!.concepts, [])
    succeeded(
      await server.call('DeleteAnnotationFilters', { userAppId: app.userAppId, annotationFilterIds: ['boxes'] }),
    )
    const { dataConfig } = await get('boxes-only')
    assert.ok(dataConfig.case === 'annotationFilterConfig' && dataConfig.value.annotationFilter?.search)
    const missing = await post({ id: 'x', ...config(false) })
    refused(missing, StatusCode.CONN_DOES_NOT_EXIST)
    const bad = { annotationFilter: { search: { query: { filters: [{ annotation: { data: { concepts: [{}] } } }] } } } }
    const odd = await post({ id: 'x', dataConfig: { case: 'annotationFilterConfig', value: bad } })
    refused(odd, StatusCode.SEARCH_INVALID_REQUEST)
  })

  test('tracks are filled in between their marks where that is wished', async () => {
    await make({ id: 'dense', processingInfo: { frameInterpolationInfo: { sampleMs: 250 } } } as { id: string })
    const film = inputsOf(await download('dense', Format.CLARIFAI_DATA_PROTOBUF), protobuf).get('film')!
    assert.deepEqual(
      film.data!.frames.map(({ frameInfo, data }) => [
        frameInfo!.time,
        data!.regions[0]!.regionInfo!.boundingBox!.leftCol,
      ]),
      [
        [0, 0],
        [250, 0.125],
        [500, 0.25],
        [750, 0.375],
        [1000, 0.5],
      ],
    )
  })

  test('metrics come in groups, of which the first counts everything', async () => {
    await make({ id: 'counted' })
    const groups = async (more = {}) =>
      succeeded(await server.call('ListDatasetVersionMetricsGroups', { ...at(), datasetVersionId: 'counted', ...more }))
        .datasetVersionMetricsGroups
    const all = await groups()
    const [total] = all
    const value = ({ value }: DatasetVersionMetricsGroup) => toJson(ValueSchema, value!)
    assert.deepEqual([value(total!), total!.type], ['total', Type.DATASET_VERSION_METRICS_GROUP_TYPE_NOT_SET])
    const { metrics } = total!
    assert.deepEqual(
      [
        metrics?.inputsCount,
        metrics?.unlabeledInputsCount,
        metrics?.inputsWithMetadataCount,
        metrics?.inputsWithGeoCount,
      ],
      [4n, 2n, 1n, 1n],
    )
    assert.deepEqual(
      [metrics?.regionsCount, metrics?.boundingBoxesCount, metrics?.polygonsCount, metrics?.regionInputsCount],
      [3n, 3n, 0n, 1n],
    )
    assert.deepEqual(
      [metrics?.framesCount, metrics?.frameInputsCount, metrics?.regionFramesCount, metrics?.positiveInputTagsCount],
      [2n, 1n, 2n, 1n],
    )
    assert.equal(metrics?.regionLocationMatrix?.data.length, 100)
    const concepts = await groups({ types: [Type.CONCEPT_ID] })
    assert.deepEqual(
      concepts.map((group) => [value(group), group.metrics?.inputsCount, group.metrics?.boundingBoxesCount]),
      [
        ['bird', 1n, 2n],
        ['cat', 1n, 0n],
        ['dog', 1n, 1n],
      ],
    )
    const types = await groups({ types: [Type.INPUT_TYPE] })
    assert.deepEqual(
      types.map((group) => [value(group), group.metrics?.inputsCount]),
      [
        ['image', 2n],
        ['text', 1n],
        ['video', 1n],
      ],
    )
    const boxes = await groups({ types: [Type.BOUNDING_BOXES_COUNT] })
    assert.deepEqual(
      boxes.map((group) => [value(group), group.metrics?.inputsCount]),
      [
        [0, 2n],
        [1, 1n],
        [2, 1n],
      ],
    )
    const dogs = await groups({ values: [{ kind: { case: 'stringValue', value: 'dog' } }] })
    assert.deepEqual(dogs.map(value), ['dog'])
    assert.equal((await groups({ page: 2, perPage: 2 })).length, 2)
  })

  test('are listed, patched and deleted; what they held is released', async () => {
    await make({ id: 'gone' })
    const { datasetVersions } = succeeded(await server.call('ListDatasetVersions', at()))
    assert.equal(datasetVersions[0]!.id, 'gone')
    const none = succeeded(await server.call('ListDatasetVersions', { ...at(), requestOrigins: [2] })).datasetVersions
    assert.deepEqual(none, [])
    const change = { ...at(), datasetVersions: [{ id: 'gone', description: 'soon' }] }
    const patched = succeeded(await server.call('PatchDatasetVersions', { ...change, action: 'overwrite' }))
    assert.deepEqual([patched.datasetVersions[0]!.description, patched.datasetVersions[0]!.datasetId], ['soon', 'set'])
    refused(await server.call('PatchDatasetVersions', { ...change, action: 'merge' }), StatusCode.CONN_INVALID_REQUEST)
    refused(await post({ id: 'gone' }), StatusCode.DATASET_VERSION_CONFLICT)
    const [listed] = succeeded(await server.call('ListDatasets', { userAppId: app.userAppId })).datasets
    assert.equal(listed!.version?.id, 'gone')
    succeeded(await server.call('DeleteDatasetVersions', { ...at(), datasetVersionIds: ['gone'] }))
    const missing = await server.call('GetDatasetVersion', { ...at(), datasetVersionId: 'gone' })
    refused(missing, StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('exports are asked for again and again until they are there', async () => {
    await make({ id: 'asked' })
    const format = Format.COCO
    const [first] = succeeded(await put('asked', { format })).exports
    assert.equal(first!.status?.code, StatusCode.DATASET_VERSION_EXPORT_PENDING)
    await server.services.jobs.idle()
    const [done] = succeeded(await put('asked', { format })).exports
    assert.match(done!.url, /^https:\/\/limpid\.example\/exports\/users\/admin\/apps\/versions\/[0-9a-f]{32}\.zip$/)
    const { exportInfo } = await get('asked')
    assert.deepEqual(exportInfo?.coco, done)
    refused(await put('asked', { format: 9 }), StatusCode.CONN_INVALID_REQUEST)
    refused(await put('asked', {}), StatusCode.CONN_INVALID_REQUEST)
    refused(await put('nothing', { format }), StatusCode.CONN_DOES_NOT_EXIST)
    await server.services.db.transact((tx) =>
      tx
        .updateTable('dataset_versions')
        .set({ status_code: StatusCode.DATASET_VERSION_IN_PROGRESS })
        .where('id', '=', 'asked')
        .execute(),
    )
    refused(await put('asked', { format }), StatusCode.DATASET_VERSION_CONFLICT, /not ready/)
  })

  test('COCO has pictures with their regions in its own words, and the rest beside them', async () => {
    await make({ id: 'coco' })
    const files = await download('coco', Format.COCO)
    assert.deepEqual([...files.keys()].sort(), ['annotations/instances.json', 'annotations/labels.json'])
    const labels = JSON.parse(files.get('annotations/labels.json')!.toString())
    assert.deepEqual(
      labels.inputs.map(({ input_id, type }: { input_id: string; type: string }) => `${input_id} ${type}`).sort(),
      ['film video', 'photo image', 'plain image', 'words text'],
    )
    const names = labels.categories.map(({ name }: { name: string }) => name).sort()
    assert.deepEqual(names, ['Dog', 'bird', 'cat'])
    const tags = labels.annotations.filter((one: object) => 'category_id' in one)
    assert.deepEqual(tags.map(({ value }: { value: number }) => value).sort(), [0, 1])
  })

  test('embeddings are in an export when they are wished for', async () => {
    const vector = { inputId: 'plain', id: 'vector', data: { embeddings: [{ vector: [0.5, 1] }] } }
    succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations: [vector] }))
    await make({ id: 'vectors' })
    const format = Format.CLARIFAI_DATA_PROTOBUF
    const without = inputsOf(await download('vectors', format), protobuf)
    assert.deepEqual(without.get('plain')!.data!.embeddings, [])
    const entries = await download('vectors', format, { includeEmbeddings: true })
    assert.equal(entries.get('mimetype')!.toString(), 'application/x.clarifai-data+protobuf')
    assert.deepEqual(inputsOf(entries, protobuf).get('plain')!.data!.embeddings[0]!.vector, [0.5, 1])
  })
})
