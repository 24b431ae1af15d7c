import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { Concept, Output } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { facePhotos, platformPhoto } from '../../src/engines/test-weights.ts'
import { encodeVideo } from '../../src/media/test-media.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const { SUCCESS, FAILURE, MIXED_STATUS } = StatusCode
const EMBEDDING_SIZE = 576
const MAIN = { userId: 'clarifai', appId: 'main' }

const node = (id: string, model: string, ...from: string[]) => ({
  id,
  model: { id: model },
  nodeInputs: from.map((nodeId) => ({ nodeId })),
})
const codes = (outputs: readonly Output[]) => outputs.map(({ status }) => status?.code)
const falling = (concepts: readonly Concept[]) =>
  concepts.every(({ value }, at) => at === 0 || value <= concepts[at - 1]!.value)

describe('predictions by real models', () => {
  let server: TestServer
  let app: TestApp
  let web: Server
  let site: string
  let platform: Buffer
  let faces: { evening: Buffer; party: Buffer }
  let video: Buffer

  before(async () => {
    platform = await platformPhoto()
    faces = await facePhotos()
    video = await encodeVideo({
      container: 'mp4',
      codec: 'mpeg4',
      width: 96,
      height: 64,
      fps: 10,
      frames: 25,
      luma: (frame, x) => (x * 2 + frame * 5) % 256,
    })
    web = createServer((request, response) => {
      if (request.url === '/platform.jpg') response.setHeader('content-type', 'image/jpeg').end(platform)
      else if (request.url === '/page.html') response.setHeader('content-type', 'text/html').end('<p>no picture</p>')
      else response.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    await once(web, 'listening')
    site = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    server = await startTestServer({ models: true, settings: { fetchAllow: '127.0.0.1' } })
    app = await makeApp(server, 'real')
  })
  after(async () => {
    web.closeAllConnections()
    web.close()
    await server[Symbol.asyncDispose]()
  })

  const predict = (modelId: string, inputs: object[], outputConfig?: object) =>
    server.call('PostModelOutputs', {
      userAppId: app.userAppId,
      modelId,
      inputs,
      model: { modelVersion: { outputInfo: { outputConfig } } },
    } as never)
  const run = (workflowId: string, inputs: object[], extra: object = {}) =>
    server.call('PostWorkflowResults', { userAppId: app.userAppId, workflowId, inputs, ...extra } as never)
  const image = (base64: Buffer) => ({ data: { image: { base64 } } })
  const byUrl = (path: string) => ({ data: { image: { url: `${site}${path}` } } })

  describe('one model', () => {
    test('tags of a photo, best first, with their owner, under limits and selections', async () => {
      const { outputs } = succeeded(await predict('general-image-recognition', [image(platform)]))
      const concepts = outputs[0]?.data?.concepts ?? []
      assert.equal(concepts.length, 20)
      assert.ok(falling(concepts))
      assert.ok(['person', 'train'].every((name) => concepts.some((concept) => concept.name === name)))
      assert.ok(
        concepts.every(({ id, appId, userId }) => id.startsWith('ai_') && appId === 'main' && userId === 'clarifai'),
      )
      const limited = succeeded(await predict('general-image-recognition', [image(platform)], { maxConcepts: 2 }))
      assert.deepEqual(limited.outputs[0]?.data?.concepts, concepts.slice(0, 2))
      const strict = succeeded(await predict('general-image-recognition', [image(platform)], { minValue: 0.2 }))
      assert.deepEqual(
        strict.outputs[0]?.data?.concepts,
        concepts.filter(({ value }) => value >= 0.2),
      )
      const wish = { selectConcepts: [{ id: 'ai_HLmqFqBf' }, { name: 'unicorn' }] }
      const selected = refused(
        await predict('general-image-recognition', [image(platform)], wish),
        MIXED_STATUS,
        /unicorn/,
      )
      assert.deepEqual(
        selected.outputs[0]?.data?.concepts.map(({ name }) => name),
        ['train'],
      )
    })

    test('pictures by address are fetched; their address stays in the echo', async () => {
      const both = succeeded(await predict('general-image-embedding', [byUrl('/platform.jpg'), image(platform)]))
      const [fetched, sent] = both.outputs.map((output) => output.data?.embeddings[0])
      assert.equal(fetched?.numDimensions, EMBEDDING_SIZE)
      assert.deepEqual(fetched?.vector, sent?.vector)
      const { image: echoed } = both.outputs[0]?.input?.data ?? {}
      assert.deepEqual([echoed?.url, echoed?.base64.length], [`${site}/platform.jpg`, 0])
    })

    test('an address that is not there fails its input, or the call when it is the only one', async () => {
      const alone = refused(await predict('general-image-recognition', [byUrl('/gone.jpg')]), FAILURE, /404/)
      assert.equal(alone.outputs[0]?.status?.code, StatusCode.INPUT_DOWNLOAD_FAILED)
      assert.match(alone.outputs[0]?.status?.details ?? '', /404.*gone\.jpg/)
      const inputs = [
        byUrl('/gone.jpg'),
        image(platform),
        byUrl('/page.html'),
        image(Buffer.from('GIF89a but no more')),
      ]
      const mixed = refused(await predict('general-image-recognition', inputs), MIXED_STATUS)
      const [gone, good, page, damaged] = codes(mixed.outputs)
      assert.deepEqual(
        [gone, good, page],
        [StatusCode.INPUT_DOWNLOAD_FAILED, SUCCESS, StatusCode.INPUT_UNSUPPORTED_FORMAT],
      )
      assert.ok(damaged !== SUCCESS && String(damaged).startsWith('30'), `${damaged}`)
      assert.ok((mixed.outputs[1]?.data?.concepts.length ?? 0) > 0)
    })

    test('media that the model does not take are refused for it', async () => {
      const text = { data: { text: { raw: 'a train' } } }
      const wrong = refused(await predict('general-image-recognition', [text]), FAILURE)
      assert.equal(wrong.outputs[0]?.status?.code, StatusCode.INPUT_UNSUPPORTED_FORMAT)
      const { outputs } = succeeded(await predict('multilingual-text-embedding', [text]))
      assert.equal(outputs[0]?.data?.embeddings[0]?.vector.length, 384)
      assert.equal(outputs[0]?.input?.data?.text?.raw, 'a train')
    })

    test('a video is answered by frames, each with the middle of its slice', async () => {
      const input = { data: { video: { base64: video } } }
      const times = async (sampleMs?: number) => {
        const response = await predict('general-image-recognition', [input], sampleMs ? { sampleMs } : undefined)
        const { data: found, input: echoed } = succeeded(response).outputs[0]!
        assert.equal(Buffer.from(echoed?.data?.video?.base64 ?? []).toString(), 'true')
        assert.ok(found?.frames.every((frame) => (frame.data?.concepts.length ?? 0) > 0))
        return found?.frames.map(({ frameInfo }) => [frameInfo?.index, Number(frameInfo?.time)])
      }
      assert.deepEqual(
        await times(500),
        [250, 750, 1250, 1750, 2250].map((time, index) => [index, time]),
      )
      assert.deepEqual((await times())?.slice(0, 2), [
        [0, 500],
        [1, 1500],
      ])
    })
  })

  describe('heads', () => {
    /** A model whose one concept is likelier the more a picture looks like the given one. */
    async function head(id: string, towards: Buffer): Promise<void> {
      const { outputs } = succeeded(await predict('general-image-embedding', [image(towards)]))
      const vector = outputs[0]?.data?.embeddings[0]?.vector ?? []
      const length = Math.hypot(...vector)
      const outputInfo = {
        data: { concepts: [{ id: `${id}-like` }] },
        params: { weights: [vector.map((value) => (10 * value) / length)], bias: [0] },
      }
      const models = [{ id, modelTypeId: 'embedding-classifier' }]
      succeeded(await server.call('PostModels', { userAppId: app.userAppId, models }))
      const modelVersions = [{ outputInfo }]
      const made = { userAppId: app.userAppId, modelId: id, modelVersions }
      succeeded(await server.call('PostModelVersions', made as never))
    }

    test('classify pictures by the embedder of the default workflow', async () => {
      await head('platformish', platform)
      const { outputs } = succeeded(await predict('platformish', [image(platform), image(faces.party)]))
      const values = outputs.map((output) => output.data?.concepts[0]?.value ?? -1)
      assert.ok(values[0]! > values[1]!, `${values}`)
      const concept = outputs[0]?.data?.concepts[0]
      assert.deepEqual([concept?.id, concept?.appId, concept?.userId], ['platformish-like', 'real', 'admin'])
    })

    test('two in a workflow share one look at the picture, and each keeps its own result', async () => {
      await head('partyish', faces.party)
      const workflows = [{ id: 'two-heads', nodes: [node('a', 'platformish'), node('b', 'partyish')] }]
      succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows }))
      const calls = async () =>
        (await server.services.runtime.stats())
          .flatMap(({ engines }) => engines)
          .filter(({ name }) => name === 'mobilenet-v3-embed')
          .reduce((sum, engine) => sum + engine.calls, 0)
      const before = await calls()
      const { results } = succeeded(await run('two-heads', [image(faces.evening)]))
      assert.equal((await calls()) - before, 1)
      assert.deepEqual(
        results[0]?.outputs.map((output) => output.data?.concepts.map(({ id }) => id)),
        [['platformish-like'], ['partyish-like']],
      )
      const single = succeeded(await predict('partyish', [image(faces.evening)]))
      assert.deepEqual(results[0]?.outputs[1]?.data?.concepts, single.outputs[0]?.data?.concepts)
    })
  })

  describe('workflows', () => {
    test('faces are found, cut out and looked at one by one', async () => {
      const { results } = succeeded(await run('Face-Sentiment', [image(faces.evening)], { userAppId: MAIN }))
      const [found, cut, expression] = results[0]?.outputs ?? []
      const regions = found?.data?.regions ?? []
      assert.equal(regions.length, 3)
      assert.ok(
        regions.every(
          ({ value, data: face }) => face?.concepts[0]?.name === 'face' && value === face.concepts[0].value,
        ),
      )
      assert.deepEqual(
        cut?.data?.regions.map(({ id }) => id),
        regions.map(({ id }) => id),
      )
      assert.ok(cut?.data?.regions.every(({ data: part }) => (part?.image?.base64.length ?? 0) > 100))
      assert.deepEqual(
        expression?.data?.regions.map(({ id }) => id),
        regions.map(({ id }) => id),
      )
      assert.ok(
        expression?.data?.regions.every(({ data: face }) => face?.concepts.length === 7 && falling(face.concepts)),
      )
    })

    test('faces are described upright for search', async () => {
      const { results } = succeeded(await run('Face-Search', [image(faces.party)], { userAppId: MAIN }))
      const described = results[0]?.outputs.at(-1)?.data?.regions ?? []
      assert.equal(described.length, results[0]?.outputs[0]?.data?.regions.length)
      assert.ok(
        described.length > 0 && described.every(({ data: face }) => face?.embeddings[0]?.numDimensions === 1024),
      )
    })

    test('an operator of the own app, made with parameters and concepts, filters what a model has found', async () => {
      const { userAppId } = app
      const outputInfo = {
        data: {
          concepts: [
            { id: 'ai_HLmqFqBf', value: 0.01 },
            { id: 'ai_L5WRoOAE', value: 0.99 },
          ],
        },
        params: { concept_threshold_type: 'GREATER_THAN' },
      }
      const models = [{ id: 'sieve', modelTypeId: 'concept-thresholder', outputInfo }]
      succeeded(await server.call('PostModels', { userAppId, models } as never))
      const nodes = [
        { ...node('tags', 'general-image-recognition'), suppressOutput: true },
        node('sieve', 'sieve', 'tags'),
      ]
      succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'sieved', nodes }] }))
      const { results } = succeeded(await run('sieved', [image(platform)]))
      assert.deepEqual(
        results[0]?.outputs.map((output) => output.data?.concepts.map(({ name }) => name)),
        [['train']],
      )
    })

    test('several inputs run together, each failing for itself', async () => {
      const inputs = [
        image(platform),
        byUrl('/gone.jpg'),
        { data: { text: { raw: 'no picture' } } },
        byUrl('/platform.jpg'),
      ]
      const response = refused(await run('General', inputs), MIXED_STATUS)
      assert.deepEqual(
        response.results.map(({ status, outputs }) => [status?.code, outputs.length]),
        [
          [SUCCESS, 2],
          [StatusCode.INPUT_DOWNLOAD_FAILED, 0],
          [StatusCode.WORKFLOW_NO_MATCHING_INPUT, 2],
          [SUCCESS, 2],
        ],
      )
      const [first, last] = [response.results[0], response.results[3]]
      assert.deepEqual(last?.outputs[0]?.data?.concepts, first?.outputs[0]?.data?.concepts)
    })

    test('a video runs through a whole workflow', async () => {
      const { results } = succeeded(
        await run('General', [{ data: { video: { base64: video } } }], {
          outputConfig: { sampleMs: 1000, maxConcepts: 1 },
        }),
      )
      const [tags, vectors] = results[0]?.outputs ?? []
      assert.deepEqual(
        tags?.data?.frames.slice(0, 2).map((frame) => [Number(frame.frameInfo?.time), frame.data?.concepts.length]),
        [
          [500, 1],
          [1500, 1],
        ],
      )
      assert.equal(vectors?.data?.frames.length, tags?.data?.frames.length)
      assert.ok(vectors?.data?.frames.every((frame) => frame.data?.embeddings[0]?.vector.length === EMBEDDING_SIZE))
    })

    test('like pictures are more similar than others', async () => {
      const { results } = succeeded(
        await server.call('PostWorkflowResultsSimilarity', {
          userAppId: app.userAppId,
          workflowId: 'Universal',
          modelVersionId: 'bb186755eda04f9cbb6fe32e816be104',
          probeInputs: [{ id: 'evening', ...image(faces.evening) }],
          poolInputs: [
            { id: 'platform', ...image(platform) },
            { id: 'same', ...image(faces.evening) },
            { id: 'party', ...image(faces.party) },
          ],
        }),
      )
      const hits = results[0]?.poolResults ?? []
      assert.deepEqual(
        hits.map(({ input }) => input?.id),
        ['same', 'party', 'platform'],
      )
      assert.ok(Math.abs(hits[0]!.score - 1) < 1e-5 && hits.every(({ score }) => score >= 0 && score <= 1))
    })
  })
})
