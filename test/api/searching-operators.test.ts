import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AnnotationSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { addMedia } from '../../src/store/repos/input-media.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'

const EMBEDDER = 'multilingual-text-embedding'
/** A fake embedding: texts that begin with the same letter lie close together. */
const vectorOf = (text: string): number[] => {
  const at = text.toLowerCase().charCodeAt(0) - 97
  return [Math.cos(at / 4), Math.sin(at / 4), 0.01 * text.length]
}
const TEXTS = { apple: 'apples are red', avocado: 'avocados are green', zebra: 'zebras are striped', bare: 'cherries' }

describe('operators that search', () => {
  const runtime = new FakeRuntime()
  let server: TestServer
  let app: TestApp
  let other: TestApp

  before(async () => {
    runtime.answer = (_node, input) => ({
      data: data({ embeddings: [{ vector: vectorOf(input.text?.raw ?? ''), numDimensions: 3 }] }),
    })
    server = await startTestServer({ overrides: runtime.services })
    app = await textApp('asked')
    other = await textApp('elsewhere')
    await putTexts(app, TEXTS)
    await putTexts(other, { mango: 'mangos are far away' })
  })
  after(() => server[Symbol.asyncDispose]())

  async function textApp(id: string): Promise<TestApp> {
    const defaultWorkflow = { id: 'Text', userId: 'clarifai', appId: 'main' }
    const userAppId = { userId: 'admin', appId: id }
    succeeded(await server.call('PostApps', { userAppId: { userId: 'admin' }, apps: [{ id, defaultWorkflow }] }))
    const row = await server.services.directory.app(server.admin.pk, id)
    return { userAppId, pk: row!.pk, owner: server.admin }
  }

  /** Texts as if they had been processed: each with its vector and, where its id is no 'bare', a label. */
  async function putTexts(place: TestApp, texts: Readonly<Record<string, string>>): Promise<void> {
    const { db, clock } = server.services
    const label = (id: string) => (id === 'bare' ? [] : [{ id: id.startsWith('z') ? 'animal' : 'fruit', value: 1 }])
    const wanted = Object.keys(texts).map((id) => ({ id, kind: 'text' as const, data: { concepts: label(id) } }))
    const pks = await putInputs(server.services, place, wanted)
    const version = await db.read
      .selectFrom('model_versions')
      .innerJoin('models', 'models.pk', 'model_versions.model_pk')
      .select(['model_versions.pk', 'model_versions.id'])
      .where('models.id', '=', EMBEDDER)
      .executeTakeFirstOrThrow()
    await db.transact(async (tx) => {
      for (const [id, text] of Object.entries(texts)) {
        const inputPk = pks.get(id)!
        const message = create(AnnotationSchema, {
          data: { embeddings: [{ vector: vectorOf(text), numDimensions: 3 }] },
        })
        const worker = { kind: 'model_version', id: version.id, pk: version.pk } as const
        const draft = { appPk: place.pk, inputPk, message, worker, trusted: false, vectorsBy: version.pk }
        const statusCode = StatusCode.ANNOTATION_SUCCESS
        await storeAnnotations(tx, [{ ...draft, statusCode, conceptPk: () => undefined }], clock.now())
        const content = new TextEncoder().encode(text)
        const bytes = { size: content.length, blobSize: content.length, start: 0 }
        const file = { sizeName: 'orig', hash: id, content, contentType: 'text/plain', ...bytes }
        await addMedia(
          tx,
          place.pk,
          [{ inputPk, id: `${pks.get(id)}`.padStart(32, '0'), kind: 'text', doc: '{}', files: [file] }],
          clock.now(),
        )
      }
    })
  }

  async function operatorModel(id: string, modelTypeId: string, params: object, concepts: object[] = []) {
    const { userAppId } = app
    succeeded(await server.call('PostModels', { userAppId, models: [{ id, modelTypeId }] }))
    const outputInfo = { params: params as never, data: { concepts } }
    const made = await server.call('PostModelVersions', { userAppId, modelId: id, modelVersions: [{ outputInfo }] })
    return { made, model: { id, userId: 'admin', appId: 'asked', modelVersion: { id: made.model?.modelVersion?.id } } }
  }

  async function run(workflow: string, nodes: object[], text: string) {
    const { userAppId } = app
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: workflow, nodes }] as never }))
    const inputs = [{ data: { text: { raw: text } } }]
    const { results } = succeeded(await server.call('PostWorkflowResults', { userAppId, workflowId: workflow, inputs }))
    return results[0]!.outputs
  }
  const embed = { id: 'embed', model: { id: EMBEDDER, userId: 'clarifai', appId: 'main' } }

  test('input-searcher answers the inputs of the app that are like the text, best first, as many as wanted', async () => {
    const { model } = await operatorModel('finder', 'input-searcher', { max_results: 2 })
    const [output] = await run('find', [{ id: 'find', model }], 'apples')
    assert.deepEqual(
      output!.data?.hits.map(({ input }) => input?.id),
      ['avocado', 'apple'].sort((a, b) => TEXTS[a as 'apple'].length - TEXTS[b as 'apple'].length),
    )
    assert.ok(output!.data!.hits[0]!.score > 0.99)
  })

  test('cross-app-input-searcher searches another app, and says when there is none', async () => {
    const { model } = await operatorModel('there', 'cross-app-input-searcher', { app_id: 'elsewhere' })
    const [output] = await run('there', [{ id: 'find', model }], 'melons')
    assert.deepEqual(
      output!.data?.hits.map(({ input }) => input?.id),
      ['mango'],
    )
    const { model: lost } = await operatorModel('lost', 'cross-app-input-searcher', { app_id: 'nowhere' })
    const { userAppId } = app
    const workflows = [{ id: 'lost', nodes: [{ id: 'find', model: lost }] }]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: workflows as never }))
    const inputs = [{ data: { text: { raw: 'melons' } } }]
    const answer = await server.call('PostWorkflowResults', { userAppId, workflowId: 'lost', inputs })
    assert.match(answer.results[0]!.outputs[0]!.status!.details, /no app 'nowhere' to search/)
  })

  test('knn-concept lets labelled neighbours vote; inputs without a label have no vote', async () => {
    const concepts = [{ id: 'fruit' }, { id: 'animal' }]
    const { model } = await operatorModel('voter', 'knn-concept', { k: 2 }, concepts)
    const nodes = [embed, { id: 'vote', model, nodeInputs: [{ nodeId: 'embed' }] }]
    const outputs = await run('vote', nodes, 'bananas')
    const voted = outputs[1]!.data!.concepts
    assert.deepEqual(
      voted.map(({ id, value }) => [id, value]),
      [['fruit', 1]],
    )
  })

  test('rag-prompter puts what was found into the prompt, the nearest first', async () => {
    const template = 'Known:\n{data.hits}\nAsked: {data.text.raw}'
    const { model } = await operatorModel('rag', 'rag-prompter', { prompt_template: template, max_results: 1 })
    const [output] = await run('rag', [{ id: 'prompt', model }], 'zoo {data.hits}')
    assert.equal(output!.data?.text?.raw, `Known:\n${TEXTS.zebra}\nAsked: zoo {data.hits}`)
  })

  test('the app must be named where another one is searched', async () => {
    const { made } = await operatorModel('unnamed', 'cross-app-input-searcher', {})
    refused(made, StatusCode.MODEL_INVALID_ARGUMENT, /app_id/)
  })
})
