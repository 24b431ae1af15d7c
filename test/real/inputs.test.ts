// What workflows are given: animated pictures, films, sound, texts by address, all of them in one call, and the options
// of calls and nodes, with real models.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Output } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { platformPhoto, speechRecording } from '../../src/engines/test-weights.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { FileHost } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

let server: TestServer
let app: TestApp
let files: FileHost
let platform: Buffer

const main = (id: string) => ({ id, userId: 'clarifai', appId: 'main' })

before(async () => {
  platform = await platformPhoto()
  files = await FileHost.start()
  files.files.set('/words.txt', Buffer.from('What a wonderful morning!'))
  files.files.set('/photo.jpg', platform)
  server = await startTestServer({ models: true, settings: { fetchAllow: '127.0.0.1' } })
  app = await makeApp(server, 'inputs')
  const nodes = [
    { id: 'tags', model: main('general-image-recognition') },
    { id: 'boxes', model: main('general-image-detection') },
    { id: 'mood', model: main('sentiment-english-vader') },
    { id: 'speech', model: main('speech-detection-silero') },
  ]
  succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows: [{ id: 'all', nodes }] }))
})
after(async () => {
  await server[Symbol.asyncDispose]()
  await files[Symbol.asyncDispose]()
})

const run = (inputs: object[], more: object = {}, workflowId = 'all') =>
  server.call('PostWorkflowResults', {
    userAppId: app.userAppId,
    workflowId,
    inputs: inputs.map((data) => ({ data })),
    ...more,
  } as never)
const image = (base64: Buffer) => ({ image: { base64 } })
const ids = (output: Output | undefined) => output!.data!.concepts.map(({ id }) => id)
/** Which nodes have found something, by their places. */
const spoke = (outputs: readonly Output[]) =>
  outputs.flatMap(({ data }, at) =>
    data!.concepts.length + data!.regions.length + data!.frames.length > 0 ? [at] : [],
  )

async function animation(): Promise<Buffer> {
  const small = await sharp(platform).resize(320).raw().toBuffer({ resolveWithObject: true })
  const { width, height } = small.info
  const blank = Buffer.alloc(small.data.length, 120)
  const raw = { width, height: height * 2, channels: 3 as const, pageHeight: height }
  return sharp(Buffer.concat([small.data, blank]), { raw, limitInputPixels: false })
    .gif({ delay: [200, 200] })
    .toBuffer()
}

describe('inputs of every kind', () => {
  test('in one call: each goes to the nodes that take it, the others stay silent', async () => {
    const gif = await animation()
    const { results } = succeeded(
      await run([
        image(platform),
        { image: { url: `${files.url}/photo.jpg` } },
        image(gif),
        { text: { url: `${files.url}/words.txt` } },
        { text: { raw: 'What a terrible night.' } },
        { audio: { base64: await speechRecording() } },
        { ...image(platform), text: { raw: 'Lovely!' } },
      ]),
    )
    assert.deepEqual(
      results.map(({ outputs }) => spoke(outputs)),
      [[0, 1], [0, 1], [0, 1], [2], [2], [3], [0, 1, 2]],
    )
    for (const { outputs } of results) {
      for (const { status } of outputs) assert.equal(status!.code, StatusCode.SUCCESS, status!.details)
    }
    assert.deepEqual(
      [3, 4, 6].map((at) => results[at]!.outputs[2]!.data!.concepts[0]!.name),
      ['positive', 'negative', 'positive'],
    )
    assert.equal(ids(results[1]!.outputs[0])[0], ids(results[0]!.outputs[0])[0])
    // The first picture of an animation stands for it.
    assert.equal(results[2]!.outputs[0]!.data!.concepts[0]!.name, 'person')
  })

  test('that are damaged or of no use to any node fail alone', async () => {
    const gif = await animation()
    const answer = await run([
      image(platform),
      image(gif.subarray(0, 400)),
      { audio: { base64: (await speechRecording()).subarray(0, 30) } },
      { text: { url: `${files.url}/absent.txt` } },
      {},
    ])
    refused(answer, StatusCode.MIXED_STATUS)
    const [good, ...bad] = answer.results
    assert.equal(good!.status!.code, StatusCode.SUCCESS)
    for (const { status, outputs } of bad) {
      // Nodes that had nothing to do with it are content, so that the input as a whole may be mixed.
      const told = [status!, ...outputs.map((output) => output.status!)]
      const reason = told.find(({ code }) => code >= 30_000 && code < 31_000)
      assert.match(reason!.details, /^[A-Z0-9].{10,}/)
      assert.notEqual(status!.code, StatusCode.SUCCESS)
    }
  })
})

describe('options', () => {
  test('of the call reach every model: number, value, choice by id and name, language', async () => {
    const tags = async (outputConfig: object) =>
      succeeded(await run([image(platform)], { outputConfig })).results[0]!.outputs[0]!.data!.concepts
    const all = await tags({})
    assert.ok(all.length > 2)
    assert.equal((await tags({ maxConcepts: 1 })).length, 1)
    assert.deepEqual(
      (await tags({ minValue: all[1]!.value - 0.001 })).map(({ id }) => id),
      all.slice(0, 2).map(({ id }) => id),
    )
    const [, train] = all
    for (const selected of [{ id: train!.id }, { name: train!.name }]) {
      assert.deepEqual(
        (await tags({ selectConcepts: [selected] })).map(({ id }) => id),
        [train!.id],
      )
    }
    // Concepts without a name in a language keep their own.
    assert.equal((await tags({ language: 'de' }))[1]!.name, 'train')
    const unknown = await run([image(platform)], { outputConfig: { language: 'klingon' } })
    refused(unknown, StatusCode.MODEL_INVALID_ARGUMENT, /There is no language 'klingon'/)
  })

  test('of a node stay with it, and a pinned version runs', async () => {
    const [, older] = (
      await server.call('ListModelVersions', {
        userAppId: { userId: 'clarifai', appId: 'main' },
        modelId: 'general-image-recognition',
      })
    ).modelVersions
    const of = (id: string, params: object | undefined, version?: string) => ({
      id,
      model: {
        ...main('general-image-recognition'),
        modelVersion: version === undefined ? undefined : { id: version },
      },
      outputInfoOverride: params && { params },
    })
    const nodes = [
      of('plain', undefined),
      of('one', { max_concepts: 1 }),
      of('chosen', { select_concepts: ['train'] }),
      of('sure', { min_value: 0.6 }),
      of('older', undefined, older!.id),
    ]
    const { userAppId } = app
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'settings', nodes }] as never }))
    const { results } = succeeded(await run([image(platform)], {}, 'settings'))
    const [plain, one, chosen, sure, old] = results[0]!.outputs
    assert.ok(ids(plain).length > 3)
    assert.deepEqual(ids(one), ids(plain).slice(0, 1))
    assert.deepEqual(
      chosen!.data!.concepts.map(({ name }) => name),
      ['train'],
    )
    assert.ok(sure!.data!.concepts.every(({ value }) => value >= 0.6) && ids(sure).length === 1)
    assert.equal(old!.model!.modelVersion!.id, older!.id)
    assert.deepEqual(ids(old), ids(plain))
    // What the call says is nearer than what the node says.
    const tight = succeeded(await run([image(platform)], { outputConfig: { maxConcepts: 2 } }, 'settings'))
    assert.deepEqual(
      tight.results[0]!.outputs.map((output) => ids(output).length),
      [2, 2, 1, 1, 2],
    )
  })
})
