import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { decodeMessage } from '../../src/contract/binary/index.ts'
import {
  DatasetVersionExportFormat as Format,
  type Input,
  type InputBatch,
  InputBatchSchema,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { exportVersionJob } from '../../src/domain/datasets/exports/job.ts'
import { buildVersionJob } from '../../src/domain/datasets/versions/build-job.ts'
import { picture } from '../../src/media/test-images.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { readZip } from '../kit/zips.ts'

const ENGLISH = 'The quick brown fox jumps over the lazy dog, and nobody in the village is surprised by that any more.'
const GERMAN = 'Der schnelle braune Fuchs springt über den faulen Hund, und niemand im Dorf wundert sich noch darüber.'

describe('dataset versions of predictions', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    // The workers are real; language-id needs no weights.
    server = await startTestServer({ models: true })
    app = await makePlainApp(server, 'predicted')
    const { userAppId } = app
    const models = [{ id: 'language', modelTypeId: 'language-id-operator', outputInfo: { params: {} } }]
    succeeded(await server.call('PostModels', { userAppId, models }))
    succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'empty' }] }))
    succeeded(await server.call('PostDatasets', { userAppId, datasets: [{ id: 'all' }] }))
    const png = await picture(8, 8).png().toBuffer()
    const inputs = [
      { id: 'english', data: { text: { raw: ENGLISH }, concepts: [{ id: 'labelled' }] } },
      { id: 'german', data: { text: { raw: GERMAN } } },
      { id: 'photo', data: { image: { base64: png } } },
    ].map((input) => ({ ...input, datasetIds: ['all'] }))
    succeeded(await server.call('PostInputs', { userAppId, inputs }))
    await server.services.jobs.idle()
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (id: string, model: object | undefined) =>
    server.call('PostDatasetVersions', {
      userAppId: app.userAppId,
      datasetId: 'all',
      datasetVersions: [{ id, dataConfig: { case: 'modelPredictConfig', value: model ? { model } : {} } }],
    })
  const get = async (datasetVersionId: string) =>
    succeeded(await server.call('GetDatasetVersion', { userAppId: app.userAppId, datasetId: 'all', datasetVersionId }))
      .datasetVersion!
  const put = (datasetVersionId: string) =>
    server.call('PutDatasetVersionExports', {
      userAppId: app.userAppId,
      datasetId: 'all',
      datasetVersionId,
      exports: [{ format: Format.CLARIFAI_DATA_PROTOBUF }],
    })
  const inputsOf = async (datasetVersionId: string): Promise<Input[]> => {
    const { row } = await server.services.db.read
      .selectFrom('dataset_version_exports')
      .innerJoin('dataset_versions', 'dataset_versions.pk', 'dataset_version_exports.version_pk')
      .select('dataset_version_exports.hash as row')
      .where('dataset_versions.id', '=', datasetVersionId)
      .executeTakeFirstOrThrow()
    const files = await readZip(Buffer.from(await server.services.blobs.bytes(row!, 1 << 20)))
    const batches = [...files].filter(([name]) => name.startsWith('all/'))
    return batches.flatMap(([, bytes]) => (decodeMessage(InputBatchSchema, bytes) as InputBatch).inputs)
  }

  test('hold what the model says in place of what people said, and name its version; killed servers change nothing', async () => {
    let made: { id: string } | undefined
    const built = await whileTorn(server, buildVersionJob, async () => {
      made = succeeded(await post('by-model', { id: 'language' })).datasetVersions[0]
    })
    assert.ok(built.tears >= 2, `${built.tears} tears`)
    const version = await get(made!.id)
    assert.equal(version.status?.code, StatusCode.DATASET_VERSION_READY, version.status?.details)
    const named = version.dataConfig.value as { model?: { id: string; userId: string; modelVersion?: { id: string } } }
    assert.deepEqual([named.model?.id, named.model?.userId], ['language', 'admin'])
    assert.match(named.model!.modelVersion!.id, /^[0-9a-f]{32}$/)

    const exported = await whileTorn(server, exportVersionJob, () => put('by-model'))
    assert.ok(exported.tears >= 1, `${exported.tears} tears`)
    const [file] = succeeded(await put('by-model')).exports
    assert.equal(file!.status?.code, StatusCode.DATASET_VERSION_EXPORT_SUCCESS)
    const best = (await inputsOf('by-model')).map(({ id, data }) => [
      id,
      data!.concepts.toSorted((a, b) => b.value - a.value)[0]?.id,
      data!.concepts.some((concept) => concept.id === 'labelled'),
    ])
    assert.deepEqual(best, [
      ['english', 'en', false],
      ['german', 'de', false],
      // Pictures are none of its business.
      ['photo', undefined, false],
    ])
    const blobs = await server.services.db.read
      .selectFrom('dataset_version_chunks')
      .innerJoin('dataset_versions', 'dataset_versions.pk', 'dataset_version_chunks.version_pk')
      .select('dataset_version_chunks.inputs')
      .where('dataset_versions.id', '=', 'by-model')
      .execute()
    assert.equal(
      blobs.reduce((sum, { inputs }) => sum + inputs, 0),
      3,
    )
  })

  test('refused: without a model, of one that is not there or has no version', async () => {
    refused(await post('a', undefined), StatusCode.CONN_INVALID_REQUEST, /names no model/)
    refused(await post('b', { id: 'nothing' }), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(await post('c', { id: 'language', modelVersion: { id: 'nothing' } }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post('d', { id: 'empty' }), StatusCode.MODEL_UNTRAINED)
  })
})
