// Models of users that pass every check and then turn on the server, by what they are shown.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Log, silentLog } from '../../src/base/log.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { greedyTrap, hangingTrap } from '../../src/engines/onnx-model/test-models.ts'
import { runsBroughtModels } from '../../src/main/services.ts'
import { picture } from '../../src/media/test-images.ts'
import { withGuests } from '../../src/runtime/host/guests.ts'
import { createRuntime } from '../../src/runtime/host/runtime.ts'
import { makeApp, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const MIB = 1024 * 1024
const WHITE = 'white'

let server: TestServer
let app: TestApp
const stack = new AsyncDisposableStack()
/** What the pool of the users' models said of its workers. */
const said: string[] = []
const log: Log = {
  ...silentLog,
  warn: (_fields, text = '') => void said.push(text),
  error: (_fields, text = '') => void said.push(text),
  child: () => silentLog,
}

before(async () => {
  const runtime = withGuests(createRuntime({ workers: 1, log: silentLog }), runsBroughtModels, () =>
    createRuntime({
      workers: 1,
      log,
      rssBytesMax: 700 * MIB,
      limits: { cancelGraceMs: 1, maxWorkMs: 600_000 },
      closeGraceMs: 0,
    }),
  )
  stack.defer(() => runtime.close())
  server = stack.use(await startTestServer({ models: true, overrides: { runtime } }))
  app = await makeApp(server, 'traps')
})
after(() => stack.disposeAsync())

async function bring(id: string, file: Buffer): Promise<void> {
  const { userAppId } = app
  succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId: 'visual-classifier' }] }))
  const concepts = ['red', 'green', 'blue'].map((name) => ({ id: name, name }))
  const modelVersion = { outputInfo: { data: { concepts } } }
  const answers = await server.stream('PostModelVersionsUpload', [
    {
      uploadData: {
        case: 'uploadConfig',
        value: { userAppId, modelId: id, totalSize: BigInt(file.length), modelVersion },
      },
    },
    { uploadData: { case: 'contentPart', value: { data: file, partNumber: 1n, rangeStart: 0n } } },
  ])
  assert.equal(answers.at(-1)!.status!.code, StatusCode.UPLOAD_DONE, answers.at(-1)!.status!.details)
  await server.services.jobs.idle()
  const version = succeeded(await server.call('GetModelVersion', { userAppId, modelId: id })).modelVersion!
  assert.equal(version.status!.code, StatusCode.MODEL_TRAINED, version.status!.details)
}

async function show(modelId: string, what: 'white' | 'colours', signal?: AbortSignal) {
  const colours = picture(20, 10)
  const base64 = await (what === WHITE ? colours.linear(0, 255) : colours).png().toBuffer()
  const main = modelId === 'color-recognition' ? { userId: 'clarifai', appId: 'main' } : app.userAppId
  return server.call(
    'PostModelOutputs',
    { userAppId: main, modelId, inputs: [{ data: { image: { base64 } } }] },
    { signal },
  )
}

test('a model that hangs on one picture holds up nobody, is ended, and serves the next picture', async () => {
  await bring('hanging', hangingTrap())
  succeeded(await show('hanging', 'colours'))
  const abort = new AbortController()
  let over = false
  const hanging = show('hanging', WHITE, abort.signal).finally(() => {
    over = true
  })
  for (let others = 0; others < 20; others++) {
    succeeded(await show('color-recognition', 'colours'))
    assert.ok(!over, 'the picture was answered, so nothing hung')
  }
  abort.abort()
  const { status } = await hanging
  assert.equal(status!.code, StatusCode.RPC_CANCELED, status!.details)
  succeeded(await show('hanging', 'colours'))
  assert.ok(said.includes('a worker does not react to a cancellation and is killed'), said.join())
})

test('a model that takes all memory for one picture is ended, and its neighbours are answered', async () => {
  await bring('greedy', greedyTrap(1e9))
  succeeded(await show('greedy', 'colours'))
  const [{ outputs }, ...others] = await Promise.all([
    show('greedy', WHITE),
    show('hanging', 'colours'),
    show('color-recognition', 'colours'),
  ])
  assert.equal(outputs[0]!.status!.code, StatusCode.MODEL_PREDICTION_FAILED)
  assert.match(outputs[0]!.status!.details, /^The model .*\w.*\.$/)
  for (const answer of others) succeeded(answer)
  succeeded(await show('greedy', 'colours'))
})
