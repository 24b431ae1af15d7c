// The Node SDK's own flows: users' apps, models and their versions, workflows from YAML and back, lists in pages.
import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, mock, test } from 'node:test'
import { App, Input, Model, User, Workflow } from 'clarifai-nodejs'
import { resources } from './kit/grpc.ts'
import { PHOTO, PHOTO_FILE } from './kit/photo.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const APP = 'ci_test_app_sdk'
const FACES = '6dc7e46bc9124c5c8824be4822abe105'
const CROPS = 'b9987421b40a46649566826ef9325303'
const EXPRESSIONS = 'a5d7776f0c064a41b48c3ce039049f65'
const FACE_WORKFLOW = `workflow:
  id: faces
  nodes:
    - id: detector
      model:
        modelId: face-detection
        modelVersionId: ${FACES}
    - id: cropper
      model:
        modelId: margin-110-image-crop
        modelVersionId: ${CROPS}
      nodeInputs:
        - nodeId: detector
    - id: expression
      model:
        modelId: face-sentiment-recognition
        modelVersionId: ${EXPRESSIONS}
      nodeInputs:
        - nodeId: cropper
`

const limpid = await startLimpid()
const files: string[] = []
after(async () => {
  await limpid[Symbol.asyncDispose]()
  for (const file of files) await rm(file, { force: true })
})
const tempFile = (name: string): string => {
  const file = join(tmpdir(), `limpid-sdk-${process.pid}-${name}`)
  files.push(file)
  return file
}
// The SDK tells of every step on the console.
before(() => {
  mock.method(console, 'info', () => {})
  mock.method(console, 'table', () => {})
})

const authConfig = { userId: USER, appId: APP, pat: PAT, base: limpid.url }
const user = new User({ ...authConfig, appId: '' })
const app = new App({ authConfig })

async function all<T>(pages: AsyncIterable<readonly T[]>): Promise<T[]> {
  return (await Array.fromAsync(pages)).flat()
}

describe('User', () => {
  test('createApp makes an app on a base workflow, once', async () => {
    const made = await user.createApp({ appId: APP, baseWorkflow: 'General' })
    assert.deepEqual([made.id, made.userId], [APP, USER])
    await assert.rejects(user.createApp({ appId: APP }), (error: Error) => {
      const { status } = error.cause as { status: { details: string } }
      return /already exists/.test(status.details)
    })
  })

  test('app finds it, listApps too, page by page', async () => {
    assert.equal((await user.app({ appId: APP }))?.id, APP)
    for (const appId of ['sdk-a', 'sdk-b', 'sdk-c']) await user.createApp({ appId })
    const pages = await Array.fromAsync(user.listApps({ perPage: 3 }))
    assert.deepEqual(
      pages.map(({ length }) => length),
      [3, 1],
    )
    assert.deepEqual(
      pages
        .flat()
        .map(({ id }) => id)
        .toSorted(),
      [APP, 'sdk-a', 'sdk-b', 'sdk-c'],
    )
  })

  test('deleteApp removes it for good', async () => {
    await user.deleteApp({ appId: 'sdk-a' })
    await assert.rejects(user.app({ appId: 'sdk-a' }), /Resource does not exist/)
    await assert.rejects(user.deleteApp({ appId: 'sdk-a' }))
  })
})

describe('App and Model', () => {
  test('createModel makes a model without a version; listModels leaves those out', async () => {
    const made = await app.createModel({ modelId: 'counter', params: { modelTypeId: 'concept-thresholder' } })
    assert.deepEqual(
      [made.id, made.appId, made.userId, made.modelTypeId],
      ['counter', APP, USER, 'concept-thresholder'],
    )
    assert.deepEqual(await all(app.listModels()), [])
  })

  test('createVersion, listVersions and deleteVersion', async () => {
    const model = new Model({ modelId: 'counter', authConfig })
    for (const description of ['first', 'second', 'third']) {
      const made = await model.createVersion(new resources.ModelVersion().setDescription(description))
      assert.equal(made?.modelVersion?.status?.code, 21100)
    }
    const versions = await all(model.listVersions())
    assert.deepEqual(
      versions.map(({ description }) => description),
      ['third', 'second', 'first'],
    )
    await model.deleteVersion(versions[0]!.id)
    assert.equal((await all(model.listVersions())).length, 2)
    await assert.rejects(model.deleteVersion(versions[0]!.id), /Resource does not exist/)
    const [listed] = await all(app.listModels())
    assert.deepEqual([listed?.id, listed?.modelVersion?.id], ['counter', versions[1]!.id])
  })

  test('model finds own and public models from the own app, with and without a version', async () => {
    assert.equal((await app.model({ modelId: 'counter' }))?.id, 'counter')
    const publicModel = await app.model({ modelId: 'face-detection', modelVersionId: FACES })
    assert.deepEqual([publicModel?.appId, publicModel?.userId], ['main', 'clarifai'])
    assert.equal(publicModel?.modelVersion?.id, FACES)
  })

  test('the public app lists its models', async () => {
    const main = new App({ authConfig: { ...authConfig, userId: 'clarifai', appId: 'main' } })
    const [page] = await Array.fromAsync(main.listModels({ perPage: 16, pageNo: 1 }))
    assert.ok(page!.length >= 14, `${page!.length} models`)
    assert.ok(page!.every(({ appId, modelVersion }) => appId === 'main' && modelVersion?.appId === 'main'))
    assert.deepEqual(await all(main.listModels({ pageNo: 1000, perPage: 500 })), [])
  })

  test('a missing model reads as the SDK expects it', async () => {
    const missing = new Model({ modelId: 'nothing', authConfig })
    await assert.rejects(missing.predict({ methodName: 'predict' }), /21200 : Model does not exist/)
  })

  test('predict takes limits and many inputs', async () => {
    const model = new Model({
      url: 'https://clarifai.com/clarifai/main/models/general-image-recognition',
      authConfig: { pat: PAT, base: limpid.url },
    })
    const inputs = ['one', 'two'].map((inputId) => Input.getInputFromBytes({ inputId, imageBytes: PHOTO }))
    const outputs = await model.predict({
      inputs,
      outputConfig: new resources.OutputConfig().setMaxConcepts(2).setMinValue(0.1),
    })
    assert.deepEqual(
      outputs.map(({ input, data }) => [input?.id, data?.conceptsList.map(({ name }) => name)]),
      [
        ['one', ['person', 'cell phone']],
        ['two', ['person', 'cell phone']],
      ],
    )
  })

  test('deleteModel', async () => {
    await app.deleteModel({ modelId: 'counter' })
    await assert.rejects(app.model({ modelId: 'counter' }), /Model does not exist/)
  })
})

describe('Workflow', () => {
  test('createWorkflow reads YAML that names public models only by id and version', async () => {
    const configFilePath = tempFile('faces.yml')
    await writeFile(configFilePath, FACE_WORKFLOW)
    const made = await app.createWorkflow({ configFilePath, display: false })
    assert.deepEqual([made.id, made.appId, made.userId], ['faces', APP, USER])
    assert.deepEqual(
      made.nodesList.map(({ id, model, nodeInputsList }) => [id, model?.modelVersion?.id, nodeInputsList]),
      [
        ['detector', FACES, []],
        ['cropper', CROPS, [{ nodeId: 'detector' }]],
        ['expression', EXPRESSIONS, [{ nodeId: 'cropper' }]],
      ],
    )
  })

  test('workflow and listWorkflows find it beside the copy of the base workflow', async () => {
    assert.equal((await app.workflow({ workflowId: 'faces' }))?.id, 'faces')
    await assert.rejects(app.workflow({ workflowId: 'nothing' }))
    const own = await all(app.listWorkflows())
    assert.deepEqual(own.map(({ id }) => id).toSorted(), ['General', 'faces'])
  })

  test('predict runs it', async () => {
    const workflow = new Workflow({ workflowId: 'faces', authConfig })
    const { resultsList, workflow: used } = await workflow.predictByBytes(PHOTO, 'image')
    assert.equal(used?.id, 'faces')
    const [faces, crops, expressions] = resultsList[0]!.outputsList
    const count = faces!.data!.regionsList.length
    assert.ok(count > 0)
    assert.equal(crops!.data!.regionsList.length, count)
    const [best] = expressions!.data!.regionsList[0]!.data!.conceptsList
    assert.ok(['angry', 'disgust', 'fear', 'happy', 'sad', 'surprise', 'neutral'].includes(best!.name), best!.name)
  })

  test('predict keeps a state between calls', async () => {
    const workflow = new Workflow({ workflowId: 'General', authConfig })
    const inputs = [Input.getInputFromFile({ inputId: 'photo', imageFile: PHOTO_FILE })]
    const first = await workflow.predict({ inputs, workflowStateId: 'init' })
    assert.match(first.workflowState!.id, /^[0-9a-f]{32}$/)
    const second = await workflow.predict({ inputs, workflowStateId: first.workflowState!.id })
    assert.equal(second.workflowState?.id, first.workflowState!.id)
    await assert.rejects(workflow.predict({ inputs, workflowStateId: 'f'.repeat(32) }))
  })

  test('exportWorkflow writes YAML from which the same workflow can be made again', async () => {
    const exported = tempFile('exported.yml')
    await new Workflow({ workflowId: 'faces', authConfig }).exportWorkflow(exported)
    const text = await readFile(exported, 'utf8')
    for (const version of [FACES, CROPS, EXPRESSIONS]) assert.ok(text.includes(version), text)
    const again = await app.createWorkflow({ configFilePath: exported, generateNewId: true, display: false })
    const faces = await app.workflow({ workflowId: 'faces' })
    const shape = (workflow: typeof again | undefined) =>
      workflow!.nodesList.map(({ id, model, nodeInputsList }) => [id, model?.modelVersion?.id, nodeInputsList])
    assert.notEqual(again.id, 'faces')
    assert.deepEqual(shape(again), shape(faces))
  })

  test('listVersions, deleteWorkflow', async () => {
    const pages = await Array.fromAsync(new Workflow({ workflowId: 'faces', authConfig }).listVersions({}))
    const versions = pages.flatMap(({ workflowVersionsList }) => workflowVersionsList)
    assert.equal(versions.length, 1)
    await app.deleteWorkflow({ workflowId: 'faces' })
    await assert.rejects(app.workflow({ workflowId: 'faces' }))
  })
})
