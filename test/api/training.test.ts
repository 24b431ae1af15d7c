import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { ModelVersion, ModelVersionSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { enqueueTraining } from '../../src/domain/training/job.ts'
import { trainingRecord } from '../../src/domain/training/record.ts'
import { clusterer } from '../../src/engines/clusterer.ts'
import { projection } from '../../src/engines/projection.ts'
import { picture } from '../../src/media/test-images.ts'
import { modelVersions } from '../../src/store/repos/families.ts'
import { putTraining } from '../../src/store/repos/model-trainings.ts'
import { readHead } from '../../src/store/repos/model-versions.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { EMBEDDER_VERSION, putLabelled, vectorOf } from '../kit/labelled.ts'
import { readTrainLog } from '../kit/media-door.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Given = MessageInitShape<typeof ModelVersionSchema>

const { MODEL_TRAINED, MODEL_TRAINING, MODEL_TRAINING_FAILED, MODEL_TRAINING_NO_DATA } = StatusCode
const { MODEL_QUEUED_FOR_TRAINING, MODEL_INVALID_ARGUMENT, CONN_DOES_NOT_EXIST } = StatusCode

let server: TestServer
let runtime: FakeRuntime

before(async () => {
  runtime = new FakeRuntime()
  server = await startTestServer({ overrides: runtime.services })
})
after(() => server[Symbol.asyncDispose]())

const ofConcepts = (...ids: string[]) => ({
  data: { concepts: ids.map((id) => ({ id })) },
})

/** Cats around one axis, dogs around another. */
const animals = (count: number) =>
  Array.from({ length: count }, (_, nth) => ({
    id: `in-${nth}`,
    labels: { [nth % 2 === 0 ? 'cat' : 'dog']: 1 },
    vector: vectorOf(nth % 2, nth),
  }))

async function withModel(appId: string, modelId = 'pets', modelTypeId = ''): Promise<TestApp> {
  const app = await makeApp(server, appId)
  const defaultWorkflow = { id: 'General', userId: 'clarifai', appId: 'main' }
  const patch = { userAppId: { userId: app.userAppId.userId }, apps: [{ id: appId, defaultWorkflow }] }
  succeeded(await server.call('PatchApps', { ...patch, action: 'overwrite' }))
  succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: modelId, modelTypeId }] }))
  return app
}

const post = (app: TestApp, given?: Given, modelId = 'pets') =>
  server.call('PostModelVersions', { userAppId: app.userAppId, modelId, modelVersions: given ? [given] : [] })

const get = async (app: TestApp, versionId: string, modelId = 'pets'): Promise<ModelVersion> =>
  succeeded(await server.call('GetModelVersion', { userAppId: app.userAppId, modelId, versionId })).modelVersion!

/** Trains and waits for the end. */
async function train(app: TestApp, given?: Given, modelId = 'pets'): Promise<ModelVersion> {
  const { model } = succeeded(await post(app, given, modelId))
  await server.services.jobs.idle()
  return get(app, model!.modelVersion!.id, modelId)
}

const recordOf = async (versionId: string) => {
  const [pk] = await versionPksOf(server.services.db.read, versionId)
  return (await trainingRecord(server.services.db.read, pk!))!
}

/** What the newest version computes with. */
const headOf = async (versionId: string) => {
  const [pk] = await versionPksOf(server.services.db.read, versionId)
  return JSON.parse((await readHead(server.services.db.read, pk!))!)
}

/** Weights of each concept. */
function rowsOf({ weights }: { readonly weights: string }): number[][] {
  const all = [...new Float32Array(Uint8Array.from(Buffer.from(weights, 'base64')).buffer)]
  return Array.from({ length: all.length / 6 }, (_, at) => all.slice(at * 6, at * 6 + 6))
}

const nearly = (one: readonly number[][], other: readonly number[][]): boolean =>
  one.every((row, at) => row.every((value, axis) => Math.abs(value - other[at]![axis]!) < 0.3))

describe('training a head on vectors', () => {
  test('is queued, and then trained with its log; predictions use it at once', async () => {
    const app = await withModel('first')
    await putLabelled(server, app, animals(24))
    const { model } = succeeded(await post(app, { outputInfo: ofConcepts('cat', 'dog') }))
    const queued = model!.modelVersion!
    assert.equal(queued.status?.code, MODEL_QUEUED_FOR_TRAINING)
    assert.match(queued.status?.description ?? '', /queue for training/)
    assert.equal(queued.trainInfo?.params?.enrich_dataset, 'Automatic')
    assert.deepEqual([queued.trainInfo?.params?.dataset_id, queued.trainInfo?.params?.dataset_version_id], ['', ''])
    await server.services.jobs.idle()
    const version = await get(app, queued.id)
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.ok(version.completedAt)
    assert.deepEqual([version.totalInputCount, version.activeConceptCount], [24, 2])
    const log = await readTrainLog(server, version)
    assert.match(log, /24 examples of 24 inputs, 6 numbers each/)
    assert.match(log, /cat: 12 positive, 12 negative \(12 of them assumed\)/)
    assert.equal(version.inputInfo?.baseEmbedModel?.modelVersion?.id, EMBEDDER_VERSION)
    const asked = { userAppId: app.userAppId, modelId: 'pets' }
    const shown = succeeded(await server.call('GetModelOutputInfo', asked)).model?.modelVersion?.outputInfo
    assert.deepEqual(shown?.params, { max_concepts: 20, min_value: 0, select_concepts: [] })
    const image = { base64: await picture(8, 8).png().toBuffer() }
    runtime.answer = () => ({ data: data({ concepts: [{ id: 'cat', value: 0.9 }] }) })
    const request = { userAppId: app.userAppId, modelId: 'pets', inputs: [{ data: { image } }] }
    succeeded(await server.call('PostModelOutputs', request))
    const [embed, head] = runtime.last.plan.nodes
    assert.deepEqual([embed!.engine, head!.engine], ['mobilenet-v3-embed', 'embedding-classifier'])
    const weights = new Float32Array(Uint8Array.from(Buffer.from(head!.params.weights as string, 'base64')).buffer)
    assert.equal(weights.length, 12)
    assert.ok(weights[0]! > 0 && weights[1]! < 0 && weights[6]! < 0 && weights[7]! > 0)
  })

  test('is the same again from the same data, and another after a change', async () => {
    const app = await withModel('again')
    await putLabelled(server, app, animals(24))
    const first = await train(app, { outputInfo: ofConcepts('cat', 'dog') })
    const head = await headOf(first.id)
    const second = await train(app)
    assert.notEqual(second.id, first.id)
    assert.deepEqual([second.status?.code, second.activeConceptCount], [MODEL_TRAINED, 2])
    assert.deepEqual(await headOf(second.id), head)
    assert.match(
      await readTrainLog(server, second),
      new RegExp(`nothing has changed since version ${first.id}, whose head is taken over`),
    )
    const [one, two] = [await recordOf(first.id), await recordOf(second.id)]
    assert.equal(one.done!.data.hash, two.done!.data.hash)
    assert.match(one.program, /solver \d+$/)
    await putLabelled(server, app, [{ id: 'more', labels: { cat: 1 }, vector: vectorOf(0, 99) }])
    const third = await train(app)
    assert.notEqual((await recordOf(third.id)).done!.data.hash, one.done!.data.hash)
    assert.deepEqual((await recordOf(third.id)).done!.start, { versionId: second.id, unchanged: false })
    assert.match(await readTrainLog(server, third), new RegExp(`begun with the head of version ${second.id}`))
    const cold = await train(app, {
      outputInfo: ofConcepts('cat', 'dog'),
      trainInfo: { params: { warm_start: false } },
    })
    assert.equal((await recordOf(cold.id)).done!.start, undefined)
    const wider = await train(app, { outputInfo: ofConcepts('dog', 'cat', 'bird') })
    assert.deepEqual((await recordOf(wider.id)).done!.start, { versionId: cold.id, unchanged: false })
    assert.ok(
      nearly(
        rowsOf(await headOf(wider.id))
          .slice(0, 2)
          .reverse(),
        rowsOf(await headOf(cold.id)),
      ),
    )
    assert.deepEqual(await trainingOf(first.id), one, 'a trained version does not change')
  })

  const trainingOf = recordOf

  test('mutually exclusive concepts are learned together', async () => {
    const app = await withModel('exclusive')
    await putLabelled(server, app, animals(24))
    const outputConfig = { conceptsMutuallyExclusive: true }
    const version = await train(app, { outputInfo: { ...ofConcepts('cat', 'dog'), outputConfig } })
    assert.equal(version.status?.code, MODEL_TRAINED)
    assert.equal((await headOf(version.id)).activation, 'softmax')
    assert.match(await readTrainLog(server, version), /softmax loss/)
    succeeded(
      await server.call('PostModels', {
        userAppId: app.userAppId,
        models: [{ id: 'looks', modelTypeId: 'visual-classifier' }],
      }),
    )
    // Said in the one place, it is shown in the other as well.
    const looks = {
      outputInfo: { ...ofConcepts('cat', 'dog'), outputConfig },
      trainInfo: { params: { template: 'MMClassification_ResNet_50_RSB_A1' } },
    }
    const shown = await train(app, looks, 'looks')
    assert.equal(shown.status?.code, MODEL_TRAINED, shown.status?.details)
    assert.equal(shown.trainInfo?.params?.concepts_mutually_exclusive, true)
    const again = await train(app, { outputInfo: ofConcepts('cat', 'dog'), trainInfo: looks.trainInfo }, 'looks')
    assert.equal(again.trainInfo?.params?.concepts_mutually_exclusive, false)
    assert.equal((await recordOf(again.id)).done!.start, undefined, 'another loss is begun with nothing')
  })

  test('a model that was made the old way is trained by an empty call', async () => {
    const app = await makeApp(server, 'oldest')
    await putLabelled(server, app, animals(24))
    const older = { id: 'pets', outputInfo: ofConcepts('cat', 'dog') }
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [older] }))
    assert.equal((await train(app)).status?.code, MODEL_TRAINED)
  })

  test('two at once both end', async () => {
    const app = await withModel('twice')
    await putLabelled(server, app, animals(24))
    const given = { outputInfo: ofConcepts('cat', 'dog') }
    const made = await Promise.all([post(app, given), post(app, given), post(app, given)])
    await server.services.jobs.idle()
    for (const { model } of made) {
      assert.equal((await get(app, model!.modelVersion!.id)).status?.code, MODEL_TRAINED)
    }
  })
})

describe('data', () => {
  test('a dataset is frozen for the training; a version that was named is used as it is', async () => {
    const app = await withModel('sets')
    await putLabelled(server, app, animals(24))
    const { userAppId } = app
    succeeded(await server.call('PostDatasets', { userAppId, datasets: [{ id: 'half' }] }))
    const datasetInputs = animals(24)
      .slice(0, 12)
      .map(({ id }) => ({ input: { id } }))
    succeeded(await server.call('PostDatasetInputs', { userAppId, datasetId: 'half', datasetInputs }))
    const trainInfo = { params: { dataset_id: 'half' } }
    const version = await train(app, { outputInfo: ofConcepts('cat', 'dog'), trainInfo })
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.equal(version.totalInputCount, 12)
    const { datasetVersions } = succeeded(await server.call('ListDatasetVersions', { userAppId, datasetId: 'half' }))
    assert.equal(datasetVersions[0]?.requestOrigin, 2)
    assert.equal(version.trainInfo?.params?.dataset_version_id, datasetVersions[0]?.id)
    // What a version has, it has for ever; concepts that are not listed are all that it has.
    succeeded(await server.call('DeleteInputs', { userAppId, ids: ['in-0'] }))
    await server.services.jobs.idle()
    const named = { params: { dataset_id: 'half', dataset_version_id: datasetVersions[0]!.id } }
    const strict = await train(app, { trainInfo: named })
    assert.equal(strict.status?.code, MODEL_TRAINING_FAILED)
    assert.match(strict.status?.details ?? '', /1 of 12 examples cannot be used.*invalid_data_tolerance_percent 5/)
    const lenient = await train(app, { trainInfo: { params: { ...named.params, invalid_data_tolerance_percent: 20 } } })
    assert.equal(lenient.status?.code, MODEL_TRAINED, lenient.status?.details)
    assert.deepEqual([lenient.totalInputCount, lenient.activeConceptCount], [11, 2])
    const retrained = await train(app)
    assert.equal(retrained.trainInfo?.params?.dataset_version_id, datasetVersions[0]!.id)
  })

  test('what leads nowhere ends with a sentence that says what to do', async () => {
    const app = await withModel('bad')
    const both = { outputInfo: ofConcepts('cat', 'dog') }
    const fails = async (given: Given, code: StatusCode, details: RegExp): Promise<void> => {
      const version = await train(app, given)
      assert.equal(StatusCode[version.status?.code ?? 0], StatusCode[code], version.status?.details)
      assert.match(version.status?.details ?? '', details)
      assert.match(await readTrainLog(server, version), details)
    }
    await fails(both, MODEL_TRAINING_NO_DATA, /no processed inputs .* labelled with 'cat', 'dog'/)
    await putLabelled(server, app, [
      { id: 'waits', labels: { cat: 1 }, vector: vectorOf(0, 0), statusCode: StatusCode.INPUT_PENDING },
    ])
    await fails(both, MODEL_TRAINING_NO_DATA, /no processed inputs/)
    await putLabelled(server, app, [{ id: 'no', labels: { cat: 0 }, vector: vectorOf(1, 1) }])
    await fails(both, MODEL_TRAINING_FAILED, /only negative labels/)
    await putLabelled(server, app, [{ id: 'yes', labels: { bird: 1 }, vector: vectorOf(0, 2) }])
    await fails({ outputInfo: ofConcepts('bird') }, MODEL_TRAINING_FAILED, /nothing to tell it from/)
    const alone = { ...ofConcepts('bird'), outputConfig: { conceptsMutuallyExclusive: true } }
    await fails({ outputInfo: alone }, MODEL_TRAINING_FAILED, /at least two/)
    const strict = { ...ofConcepts('bird', 'cat'), outputConfig: { failOnMissingPositiveExamples: true } }
    await fails({ outputInfo: strict }, MODEL_TRAINING_FAILED, /no inputs labelled with 'cat'/)
    await putLabelled(server, app, [
      { id: 'blind', labels: { fish: 1 } },
      { id: 'deaf', labels: { fish: 0 } },
    ])
    await fails({ outputInfo: ofConcepts('fish') }, MODEL_TRAINING_FAILED, /None of the 2 examples has a usable vector/)
    await putLabelled(server, app, [{ id: 'broken', labels: { bird: 0 }, vector: [Number.NaN, 0, 0, 0, 0, 0] }])
    await fails({ outputInfo: ofConcepts('bird') }, MODEL_TRAINING_FAILED, /1 of 2 examples cannot be used/)
  })

  test('settings that mean nothing are refused at once', async () => {
    const app = await withModel('settings')
    const outputInfo = ofConcepts('cat', 'dog')
    const wrong: [Given, RegExp][] = [
      [{ outputInfo, trainInfo: { params: { invalid_data_tolerance_percent: 101 } } }, /0 to 100/],
      [{ outputInfo, trainInfo: { params: { class_weights: 'heavy' } } }, /balanced/],
      [{ outputInfo, trainInfo: { params: { strength: 0 } } }, /strength/],
      [{ outputInfo, trainInfo: { params: { dataset_version_id: 'f'.repeat(32) } } }, /without a dataset_id/],
      [{ outputInfo: { ...outputInfo, outputConfig: { hyperParameters: '[1]' } } }, /JSON object/],
    ]
    for (const [given, details] of wrong) refused(await post(app, given), MODEL_INVALID_ARGUMENT, details)
    refused(await post(app, { outputInfo, trainInfo: { params: { dataset_id: 'none' } } }), CONN_DOES_NOT_EXIST)
    const { userAppId } = app
    const defaultWorkflow = { id: 'Empty', userId: 'clarifai', appId: 'main' }
    const patch = { userAppId: { userId: userAppId.userId }, apps: [{ id: 'settings', defaultWorkflow }] }
    succeeded(await server.call('PatchApps', { ...patch, action: 'overwrite' }))
    refused(await post(app, { outputInfo }), MODEL_INVALID_ARGUMENT, /base_embed_model/)
  })
})

describe('trainings that are disturbed', () => {
  /** A model that is trained on texts whose vectors have yet to be computed. */
  const withTexts = async (appId: string): Promise<TestApp> => {
    const app = await withModel(appId, 'pets', 'text-classifier')
    const inputs = ['one', 'two'].map((raw, at) => ({
      id: raw,
      data: { text: { raw }, concepts: [{ id: 'cat', value: at }] },
    }))
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs }))
    await server.services.jobs.idle()
    return app
  }
  const hangs = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

  test('a version that is deleted takes its training with it', async () => {
    const app = await withTexts('deleted')
    const { promise: isRunning, resolve: runs } = Promise.withResolvers<void>()
    runtime.before = ({ signal }) => {
      runs()
      return hangs(signal)
    }
    const { model } = succeeded(await post(app, { outputInfo: ofConcepts('cat') }))
    await isRunning
    const versionId = model!.modelVersion!.id
    assert.equal((await get(app, versionId)).status?.code, MODEL_TRAINING)
    succeeded(await server.call('DeleteModelVersion', { userAppId: app.userAppId, modelId: 'pets', versionId }))
    await server.services.jobs.idle()
    runtime.before = () => {}
    const [job] = await server.services.jobs.list({ kind: 'model-training', status: 'cancelled' })
    assert.ok(job)
  })

  test('inputs that are deleted in the middle count as examples that cannot be used', async () => {
    const app = await withModel('vanishing', 'pets', 'text-classifier')
    const inputs = Array.from({ length: 40 }, (_, at) => ({
      id: `t-${at}`,
      data: { text: { raw: `${at}` }, concepts: [{ id: at % 2 ? 'cat' : 'dog', value: 1 }] },
    }))
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs }))
    await server.services.jobs.idle()
    runtime.answer = (_, { text }) => ({ data: data({ embeddings: [{ vector: [Number(text?.raw) % 2, 1] }] }) })
    let runs = 0
    runtime.before = async () => {
      // While the first part of the vectors is made, some whose turn comes later go.
      if (runs++ === 0) {
        const ids = ['t-36', 't-37', 't-38', 't-39']
        succeeded(await server.call('DeleteInputs', { userAppId: app.userAppId, ids }))
      }
    }
    const given = { outputInfo: ofConcepts('cat', 'dog') }
    const strict = await train(app, given)
    runtime.before = () => {}
    assert.equal(strict.status?.code, MODEL_TRAINING_FAILED)
    assert.match(strict.status?.details ?? '', /4 of 40 examples cannot be used .*inputs that were deleted/)
    // Nothing of them is left, and the next training does not know them.
    const next = await train(app, given)
    assert.equal(next.status?.code, MODEL_TRAINED, next.status?.details)
    assert.deepEqual([next.totalInputCount, (await recordOf(next.id)).done!.data.unusable], [36, 0])
    runtime.answer = () => ({})
  })

  test('contradictory labels and numbers that are not finite are counted, and the head is finite all the same', async () => {
    const app = await withModel('messy')
    await putLabelled(server, app, [
      ...animals(40),
      { id: 'broken', labels: { cat: 1 }, vector: [Number.NaN, 0, 0, 0, 0, 0] },
      { id: 'endless', labels: { dog: 1 }, vector: [0, Number.POSITIVE_INFINITY, 0, 0, 0, 0] },
    ])
    const annotations = [{ inputId: 'in-0', data: { concepts: [{ id: 'cat', value: 0 }] } }]
    succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
    const version = await train(app, { outputInfo: ofConcepts('cat', 'dog') })
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    const { data: found } = (await recordOf(version.id)).done!
    assert.deepEqual([found.contradictions, found.unusable, found.dropped], [1, 2, 2])
    assert.ok(
      rowsOf(await headOf(version.id))
        .flat()
        .every(Number.isFinite),
    )
  })

  test('another base embedder is another beginning; one that is gone fails the training', async () => {
    const app = await withModel('based')
    await putLabelled(server, app, animals(24))
    const given = { outputInfo: ofConcepts('cat', 'dog') }
    const first = await train(app, given)
    succeeded(
      await server.call('PostModels', {
        userAppId: app.userAppId,
        models: [{ id: 'own', modelTypeId: 'visual-embedder' }],
      }),
    )
    const embedder = await train(app, given, 'own')
    assert.equal(embedder.status?.code, MODEL_TRAINED, embedder.status?.details)
    const own = { id: 'own', userId: app.userAppId.userId, appId: app.userAppId.appId }
    const on = () => ({ ...given, inputInfo: { baseEmbedModel: own } })
    const { db, clock } = server.services
    const [ownPk] = await versionPksOf(db.read, embedder.id)
    await db.transact(async (tx) => {
      for (const { pk: _, ...vector } of await tx
        .selectFrom('embeddings')
        .selectAll()
        .where('app_pk', '=', app.pk)
        .execute()) {
        await tx
          .insertInto('embeddings')
          .values({ ...vector, model_version_pk: ownPk! })
          .execute()
      }
    })
    const pinned = await train(app, on())
    assert.equal(pinned.status?.code, MODEL_TRAINED, pinned.status?.details)
    assert.equal((await recordOf(pinned.id)).done!.start, undefined)
    // As if the embedder had gone while the version waited.
    succeeded(await server.call('DeleteModel', { userAppId: app.userAppId, modelId: 'own' }))
    const row = (await modelVersions.getByPk(db.read, (await versionPksOf(db.read, pinned.id))[0]!))!
    await db.transact(async (tx) => {
      await modelVersions.update(tx, row, { status_code: MODEL_QUEUED_FOR_TRAINING }, clock.now())
      await enqueueTraining(server.services, tx, row.pk, app.pk)
    })
    await server.services.jobs.idle()
    const version = await get(app, pinned.id)
    assert.equal(version.status?.code, MODEL_TRAINING_FAILED)
    assert.match(version.status?.details ?? '', /base embedder 'own' .* cannot be used any more/)
    const back = await train(app, { ...given, inputInfo: { baseEmbedModel: first.inputInfo!.baseEmbedModel! } })
    assert.equal(back.status?.code, MODEL_TRAINED, back.status?.details)
  })

  test('a training that takes too long says so', async () => {
    const app = await withTexts('slow')
    runtime.before = ({ signal }) => hangs(signal)
    const outputInfo = { ...ofConcepts('cat'), outputConfig: { trainingTimeout: 1 } }
    const version = await train(app, { outputInfo })
    runtime.before = () => {}
    assert.equal(version.status?.code, MODEL_TRAINING_FAILED)
    assert.match(version.status?.details ?? '', /longer than 1 seconds/)
  })
})

describe('vectors that the app does not have', () => {
  test('are computed once and kept for the next training', async () => {
    const app = await withModel('fresh', 'kinds', 'text-classifier')
    const texts = ['good day', 'fine day', 'bad night', 'poor night']
    const inputs = texts.map((raw, at) => ({
      id: `t-${at}`,
      data: { text: { raw }, concepts: [{ id: at < 2 ? 'good' : 'bad', value: 1 }] },
    }))
    runtime.answer = (_, input) => {
      const raw = input.text?.raw ?? ''
      return { data: data({ embeddings: [{ vector: raw.includes('day') ? [1, 0, raw.length / 99] : [0, 1, 0] }] }) }
    }
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs }))
    await server.services.jobs.idle()
    const runs = runtime.runs.length
    const version = await train(app, { outputInfo: ofConcepts('good', 'bad') }, 'kinds')
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.equal(version.inputInfo?.baseEmbedModel?.id, 'multilingual-text-embedding')
    assert.equal(runtime.runs.length, runs + 1)
    assert.equal((await train(app, undefined, 'kinds')).status?.code, MODEL_TRAINED)
    assert.equal(runtime.runs.length, runs + 1, 'nothing is computed twice')
    const request = { userAppId: app.userAppId, modelId: 'kinds', inputs: [{ data: { text: { raw: 'a day' } } }] }
    succeeded(await server.call('PostModelOutputs', request))
    assert.deepEqual(
      runtime.last.plan.nodes.map(({ engine }) => engine),
      ['minilm-embed', 'embedding-classifier'],
    )
  })
})

describe('regions', () => {
  test('that people have drawn are cut out, embedded and learned from like whole inputs', async () => {
    const app = await withModel('drawn')
    const { userAppId } = app
    const sides = [0, 1, 2, 3].map((at) =>
      picture(40 + at, 30)
        .png()
        .toBuffer(),
    )
    const inputs = (await Promise.all(sides)).map((base64, at) => ({ id: `p-${at}`, data: { image: { base64 } } }))
    runtime.answer = () => ({})
    succeeded(await server.call('PostInputs', { userAppId, inputs }))
    await server.services.jobs.idle()
    const annotations = inputs.flatMap(({ id: inputId }) =>
      ['cat', 'dog'].map((concept, at) => {
        const boundingBox = { topRow: 0.1, leftCol: at / 2, bottomRow: 0.9, rightCol: at / 2 + 0.5 }
        const regions = [{ regionInfo: { boundingBox }, data: { concepts: [{ id: concept, value: 1 }] } }]
        return { inputId, data: { regions } }
      }),
    )
    succeeded(await server.call('PostAnnotations', { userAppId, annotations }))
    // The left half of every picture is a cat.
    runtime.answer = (node, input) =>
      node.engine === 'mobilenet-v3-embed'
        ? {
            data: data({
              regions: input.regions.map(({ id, regionInfo }) => ({
                id,
                data: { embeddings: [{ vector: vectorOf(regionInfo!.boundingBox!.leftCol > 0.2 ? 1 : 0, 1) }] },
              })),
            }),
          }
        : {}
    const runs = runtime.runs.length
    const version = await train(app, { outputInfo: ofConcepts('cat', 'dog') })
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.match(await readTrainLog(server, version), /8 examples of 4 inputs/)
    assert.deepEqual(
      runtime.runs[runs]!.plan.nodes.map(({ engine, inputs: from }) => [engine, [...from]]),
      [
        ['image-crop', []],
        ['mobilenet-v3-embed', [0]],
      ],
    )
    assert.equal((await train(app)).status?.code, MODEL_TRAINED)
    assert.equal(runtime.runs.length, runs + inputs.length, 'crops are kept as well')
  })

  test('a detector is taught by boxes alone, on its own backbone', async () => {
    const app = await withModel('boxes', 'boxes', 'visual-detector')
    await putLabelled(server, app, animals(4))
    const none = await train(app, { outputInfo: ofConcepts('cat') }, 'boxes')
    assert.equal(none.status?.code, MODEL_TRAINING_NO_DATA)
    const other = { id: 'multimodal-clip-embed', userId: 'clarifai', appId: 'main' }
    const given = { outputInfo: ofConcepts('cat'), inputInfo: { baseEmbedModel: other } }
    refused(await post(app, given, 'boxes'), MODEL_INVALID_ARGUMENT, /'general-image-embedding' alone/)
  })
})

describe('training other types', () => {
  test('a clusterer groups all inputs without labels, and answers through its embedder', async () => {
    const app = await withModel('groups', 'groups', 'clusterer')
    await putLabelled(
      server,
      app,
      animals(24).map((input) => ({ ...input, labels: {} })),
    )
    const version = await train(app, { trainInfo: { params: { coarse_clusters: 2 } } }, 'groups')
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.match(await readTrainLog(server, version), /2 clusters of 12, 12/)
    const inputs = [{ data: { image: { base64: await picture(8, 8).png().toBuffer() } } }]
    succeeded(await server.call('PostModelOutputs', { userAppId: app.userAppId, modelId: 'groups', inputs }))
    const [embed, group] = runtime.last.plan.nodes
    assert.deepEqual([embed!.engine, group!.engine], ['mobilenet-v3-embed', 'clusterer'])
    const ready = await clusterer.load({})
    const setup = { params: group!.params, concepts: [] }
    const items = [0, 1, 2].map((nth) => ({
      data: data({ embeddings: [{ vector: vectorOf(nth % 2, nth) }] }),
      scope: { signal: new AbortController().signal } as never,
    }))
    const found = (await ready.infer(items, setup)).map(({ clusters }) => clusters[0]!)
    assert.deepEqual([found[0]!.id === found[2]!.id, found[0]!.id === found[1]!.id], [true, false])
    assert.deepEqual([found[0]!.score, found[0]!.projection.length], [0.5, 2])
  })

  test('a trained embedder stands on its backbone, also below a head', async () => {
    const app = await withModel('finer', 'finer', 'visual-embedder')
    await putLabelled(server, app, animals(24))
    const version = await train(app, { outputInfo: ofConcepts('cat', 'dog') }, 'finer')
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.equal(version.inputInfo?.baseEmbedModel?.id, 'general-image-embedding')
    const inputs = [{ data: { image: { base64: await picture(8, 8).png().toBuffer() } } }]
    runtime.answer = () => ({ data: data({ embeddings: [{ vector: [1, 0] }] }) })
    succeeded(await server.call('PostModelOutputs', { userAppId: app.userAppId, modelId: 'finer', inputs }))
    const projecting = runtime.last.plan.nodes[1]!
    assert.equal(projecting.engine, 'projection')
    const ready = await projection.load({})
    const item = {
      data: data({ embeddings: [{ vector: vectorOf(0, 3) }] }),
      scope: { signal: new AbortController().signal } as never,
    }
    const [answer] = await ready.infer([item], { params: projecting.params, concepts: [] })
    assert.ok(Math.abs(Math.hypot(...answer!.embeddings[0]!.vector) - 1) < 1e-5)
    const { userAppId } = app
    succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'head' }] }))
    const head = {
      inputInfo: { baseEmbedModel: { id: 'finer', userId: userAppId.userId, appId: userAppId.appId } },
      outputInfo: { ...ofConcepts('cat'), params: { weights: [[1, 0, 0, 0, 0, 0]] } },
    }
    succeeded(await server.call('PostModelVersions', { userAppId, modelId: 'head', modelVersions: [head] }))
    succeeded(await server.call('PostModelOutputs', { userAppId, modelId: 'head', inputs }))
    assert.deepEqual(
      runtime.last.plan.nodes.map(({ engine, inputs: from }) => [engine, [...from]]),
      [
        ['mobilenet-v3-embed', []],
        ['projection', [0]],
        ['embedding-classifier', [1]],
      ],
    )
  })

  test('the time of a training is estimated from how much there is to learn', async () => {
    const app = await withModel('times')
    await putLabelled(server, app, animals(24))
    const ask = (estimatedInputCount: bigint, modelVersions: Given[]) =>
      server.call('PostModelVersionsTrainingTimeEstimate', {
        userAppId: app.userAppId,
        modelId: 'pets',
        estimatedInputCount,
        modelVersions,
      })
    const version = { outputInfo: ofConcepts('cat', 'dog') }
    const { trainingTimeEstimates } = succeeded(await ask(0n, [version, version]))
    assert.equal(trainingTimeEstimates.length, 2)
    const secondsOf = async (count: bigint): Promise<number> =>
      Number(succeeded(await ask(count, [version])).trainingTimeEstimates[0]!.seconds)
    assert.ok((await secondsOf(0n)) >= 1)
    assert.ok((await secondsOf(1_000_000n)) > (await secondsOf(10n)))
    refused(await ask(0n, []), MODEL_INVALID_ARGUMENT, /model_versions/)
    // As long as the latest trainings have taken here: these have taken two milliseconds for an example and concept.
    const before = await secondsOf(100_000n)
    const { id } = await train(app, version)
    const [pk] = await versionPksOf(server.services.db.read, id)
    const { done, ...record } = await recordOf(id)
    const slow = {
      ...record,
      done: { ...done!, data: { ...done!.data, examples: 1_000 }, milliseconds: { gathering: 1, training: 4_000 } },
    }
    await server.services.db.transact(async (tx) => {
      await tx.deleteFrom('model_trainings').where('version_pk', '!=', pk!).execute()
      await putTraining(tx, pk!, JSON.stringify(slow))
    })
    const after = await secondsOf(100_000n)
    assert.ok(before < 60 && Math.abs(after - 400) < 2, `${before} s, then ${after} s`)
    succeeded(
      await server.call('PostModels', {
        userAppId: app.userAppId,
        models: [{ id: 'cropper', modelTypeId: 'image-crop' }],
      }),
    )
    const request = { userAppId: app.userAppId, modelId: 'cropper', modelVersions: [version] }
    refused(await server.call('PostModelVersionsTrainingTimeEstimate', request), MODEL_INVALID_ARGUMENT, /not trained/)
  })
})
