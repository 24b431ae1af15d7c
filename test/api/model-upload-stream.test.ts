import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type {
  PostModelVersionsUploadConfigSchema,
  PostModelVersionsUploadRequestSchema,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { IMPORTS_FOLDER } from '../../src/domain/models/import-version.ts'
import { colourClassifier, colourEmbedder } from '../../src/engines/onnx-model/test-models.ts'
import { packageOf } from '../../src/model-packages/test-zip.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Request = MessageInitShape<typeof PostModelVersionsUploadRequestSchema>
type Config = Omit<MessageInitShape<typeof PostModelVersionsUploadConfigSchema>, '$typeName'>

let server: TestServer
let app: TestApp

before(async () => {
  server = await startTestServer()
  app = await makeApp(server, 'streams')
  for (const id of ['visual-classifier', 'visual-embedder', 'image-crop']) {
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id, modelTypeId: id }] }))
  }
})
after(() => server[Symbol.asyncDispose]())

const config = (modelId: string, totalSize: number, more: Config = {}): Request => ({
  uploadData: {
    case: 'uploadConfig',
    value: { userAppId: app.userAppId, modelId, totalSize: BigInt(totalSize), ...more },
  },
})
const part = (data: Uint8Array, partNumber: number, rangeStart: number): Request => ({
  uploadData: { case: 'contentPart', value: { data, partNumber: BigInt(partNumber), rangeStart: BigInt(rangeStart) } },
})
/** The parts of a file, of so many bytes each. */
function partsOf(file: Buffer, bytes: number): Request[] {
  const count = Math.ceil(file.length / bytes)
  return Array.from({ length: count }, (_, at) => part(file.subarray(at * bytes, (at + 1) * bytes), at + 1, at * bytes))
}
const upload = (...requests: Request[]) => server.stream('PostModelVersionsUpload', requests)
const versionsOf = async (modelId: string) =>
  succeeded(await server.call('ListModelVersions', { userAppId: app.userAppId, modelId })).modelVersions

/** Files that uploads and imports have left. */
async function leftovers(): Promise<string[]> {
  await server.services.jobs.idle()
  return readdir(join(server.services.config.dataDir, IMPORTS_FOLDER)).catch(() => [])
}

test('a package in parts becomes a version; every answer says how much is missing', async () => {
  const file = packageOf(colourClassifier())
  const answers = await upload(config('visual-classifier', file.length), ...partsOf(file, 300))
  const [last] = answers.slice(-1)
  assert.equal(last!.status!.code, StatusCode.UPLOAD_DONE)
  for (const { status, modelVersionId } of answers.slice(0, -1)) {
    assert.deepEqual([status!.code, modelVersionId], [StatusCode.UPLOAD_IN_PROGRESS, last!.modelVersionId])
  }
  const missing = answers.map(({ bytesRemaining }) => Number(bytesRemaining))
  assert.deepEqual(missing.slice(0, 3), [file.length, file.length - 300, file.length - 600])
  assert.deepEqual([missing.at(-1), last!.status!.percentCompleted], [0, 100])
  assert.deepEqual(await leftovers(), [])
  const [version] = await versionsOf('visual-classifier')
  assert.deepEqual(
    [version!.id, version!.status!.code, version!.activeConceptCount],
    [last!.modelVersionId, StatusCode.MODEL_TRAINED, 3],
  )
})

test('a client that lost count repeats the config; newer ones wait for the version', async () => {
  const file = colourEmbedder()
  const first = config('visual-embedder', file.length, { isV3: true, modelVersion: { description: 'in parts' } })
  const answers = await upload(
    first,
    ...partsOf(file, file.length - 1).slice(0, 1),
    first,
    part(file.subarray(-1), 2, file.length - 1),
  )
  assert.deepEqual(
    answers.map(({ status, bytesRemaining }) => [status!.code, Number(bytesRemaining)]),
    [
      [StatusCode.UPLOAD_IN_PROGRESS, file.length],
      [StatusCode.UPLOAD_IN_PROGRESS, 1],
      [StatusCode.UPLOAD_IN_PROGRESS, 1],
      [StatusCode.MODEL_BUILDING, 0],
    ],
  )
  await server.services.jobs.idle()
  const [version] = await versionsOf('visual-embedder')
  assert.deepEqual([version!.status!.code, version!.description], [StatusCode.MODEL_TRAINED, 'in parts'])
})

test('what cannot follow ends the upload and leaves neither version nor file', async () => {
  const before = (await versionsOf('visual-embedder')).length
  const bytes = Buffer.from('0123456789')
  const begun = config('visual-embedder', 20)
  const cases: [Request[], StatusCode, RegExp][] = [
    [[{ ...begun }, {}], StatusCode.MODEL_INVALID_ARGUMENT, /message is empty/],
    [[begun, part(bytes, 2, 0)], StatusCode.UPLOAD_CONFLICT, /number 2; the next one is 1/],
    [[begun, part(bytes, 1, 5)], StatusCode.UPLOAD_CONFLICT, /begins at 5, but 0 bytes/],
    [[begun, part(bytes, 1, 0), part(bytes, 2, 8)], StatusCode.UPLOAD_CONFLICT, /begins at 8, but 10/],
    [[begun, part(Buffer.alloc(21), 1, 0)], StatusCode.UPLOAD_CONFLICT, /ends behind the 20 bytes/],
    [[begun, part(Buffer.alloc(0), 1, 0)], StatusCode.UPLOAD_CONFLICT, /empty/],
    [[begun, config('visual-embedder', 21)], StatusCode.UPLOAD_CONFLICT, /one model/],
    [[begun, part(bytes, 1, 0)], StatusCode.MODEL_UPLOADING_FAILED, /after 10 of 20 bytes/],
    [[config('visual-embedder', 0)], StatusCode.MODEL_INVALID_ARGUMENT, /total_size is 0/],
    [[config('visual-embedder', 2 ** 40)], StatusCode.MODEL_INVALID_ARGUMENT, /total_size/],
    [[config('visual-embedder', 9, { modelVersion: { id: 'old' } })], StatusCode.CONN_DOES_NOT_EXIST, /begin again/],
    [[config('image-crop', 9)], StatusCode.MODEL_INVALID_ARGUMENT, /cannot be brought along/],
    [[config('absent', 9)], StatusCode.MODEL_DOES_NOT_EXIST, /absent/],
    [
      [config('visual-embedder', 9, { userAppId: { userId: 'admin', appId: 'none' } })],
      StatusCode.CONN_DOES_NOT_EXIST,
      /./,
    ],
  ]
  for (const [requests, code, details] of cases) refused((await upload(...requests)).at(-1)!, code, details)
  assert.deepEqual(await leftovers(), [])
  assert.equal((await versionsOf('visual-embedder')).length, before)
})

test('an upload that the client gives up leaves nothing', async () => {
  const before = (await versionsOf('visual-embedder')).length
  const file = colourEmbedder()
  let answers = 0
  const requests = [config('visual-embedder', file.length), ...partsOf(file, 100)]
  for await (const { status } of server.streamOf('PostModelVersionsUpload', requests)) {
    assert.equal(status!.code, StatusCode.UPLOAD_IN_PROGRESS)
    if (++answers === 2) break
  }
  assert.deepEqual(await leftovers(), [])
  assert.equal((await versionsOf('visual-embedder')).length, before)
})

test('a stream that begins with a part is refused', async () => {
  const key = await server.makeKey({ userPk: server.admin.pk, kind: 'app_key', appPk: app.pk })
  const answers = await server.stream('PostModelVersionsUpload', [part(Buffer.from('x'), 1, 0)], { key })
  refused(answers.at(-1)!, StatusCode.MODEL_INVALID_ARGUMENT, /first message must be the upload_config/)
})

test('a stranger may not upload, and not even learn that the model exists', async () => {
  const { pat } = await server.makeUser('stranger')
  const [answer] = await server.stream('PostModelVersionsUpload', [config('visual-embedder', 9)], { key: pat })
  refused(answer!, StatusCode.CONN_DOES_NOT_EXIST)
})
