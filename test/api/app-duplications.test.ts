import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import {
  AnnotationSchema,
  type AppDuplicationFiltersSchema,
  type AppDuplicationSchema,
  type Model,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { duplicateAppJob } from '../../src/domain/app-duplications/job.ts'
import { picture } from '../../src/media/test-images.ts'
import { inputPks } from '../../src/store/repos/inputs.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { onEachEngine, type Place } from '../store/kit.ts'

type Wish = MessageInitShape<typeof AppDuplicationSchema>
type Filter = MessageInitShape<typeof AppDuplicationFiltersSchema>

const ALL = {
  copyConcepts: true,
  copyInputs: true,
  copyAnnotations: true,
  copyModels: true,
  copyWorkflows: true,
  copyInstalledModuleVersions: true,
}

onEachEngine('app duplications', (engine) => {
  let server: TestServer
  let runtime: FakeRuntime
  let place: Place
  let source: TestApp
  let png: Uint8Array
  let apps = 0

  before(async () => {
    place = await engine.place()
    const { location } = place
    png = await picture(64, 48).png().toBuffer()
    runtime = new FakeRuntime()
    server = await startTestServer({
      overrides: runtime.services,
      settings: 'url' in location ? { databaseUrl: location.url } : {},
    })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await place.remove()
  })
  beforeEach(async () => {
    source = await makeSource(`source-${apps++}`)
  })

  const clarifai = (id: string) => ({ id, userId: 'clarifai', appId: 'main' })

  /** An app with a model of its own behind its default workflow, whose embedding is that of its version. */
  async function makeSource(id: string, visibility: number = Visible.PRIVATE): Promise<TestApp> {
    const app = await makeApp(server, id, { visibility })
    const { userAppId } = app
    const concepts = [{ id: 'dog', name: 'Dog' }, { id: 'cat' }, { id: 'unused' }]
    succeeded(await server.call('PostConcepts', { userAppId, concepts }))
    const languages = [{ id: 'de', name: 'Hund' }]
    succeeded(await server.call('PostConceptLanguages', { userAppId, conceptId: 'dog', conceptLanguages: languages }))
    const gettable = { gettable: visibility }
    succeeded(
      await server.call('PostModels', {
        userAppId,
        models: [{ id: 'crop', modelTypeId: 'image-crop', visibility: gettable }],
      }),
    )
    const made = succeeded(
      await server.call('PostModelVersions', {
        userAppId,
        modelId: 'crop',
        modelVersions: [{ visibility: gettable, outputInfo: { params: { margin: 1.5 } } }],
      }),
    )
    const version = made.model!.modelVersion!.id
    const nodes = [
      { id: 'find', model: clarifai('face-detection') },
      {
        id: 'crop',
        model: { id: 'crop', ...userAppId, modelVersion: { id: version } },
        nodeInputs: [{ nodeId: 'find' }],
      },
    ]
    const workflows = [{ id: 'flow', nodes, visibility: gettable }]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows }))
    const change = { id, defaultWorkflow: { id: 'flow', ...userAppId } }
    succeeded(
      await server.call('PatchApps', { userAppId: { userId: userAppId.userId }, apps: [change], action: 'overwrite' }),
    )
    runtime.answer = ({ engine: of }) =>
      of === 'image-crop' ? { data: data({ embeddings: [{ vector: [1, 0] }] }) } : {}
    const inputs = [
      { id: 'photo', data: { image: { base64: png }, concepts: [{ id: 'dog', value: 1 }], metadata: { n: 1 } } },
      { id: 'words', data: { text: { raw: 'some words' }, geo: { geoPoint: { latitude: 1, longitude: 2 } } } },
      { id: 'more', data: { text: { raw: 'more words' }, concepts: [{ id: 'cat', value: 0 }] } },
    ]
    succeeded(await server.call('PostInputs', { userAppId, inputs }))
    const box = { boundingBox: { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 } }
    const annotations = [
      { inputId: 'photo', id: 'box', data: { regions: [{ regionInfo: box, data: { concepts: [{ id: 'dog' }] } }] } },
      { inputId: 'words', id: 'vector', data: { embeddings: [{ vector: [1, 2, 3], numDimensions: 3 }] } },
    ]
    await server.services.jobs.idle()
    succeeded(await server.call('PostAnnotations', { userAppId, annotations }))
    await annotateByModel(app, version)
    return app
  }

  /** What the app's own model could have found out of the picture. */
  async function annotateByModel(app: TestApp, versionId: string): Promise<void> {
    const { db, clock } = server.services
    const { pk } = await db.read
      .selectFrom('model_versions')
      .select('pk')
      .where('id', '=', versionId)
      .executeTakeFirstOrThrow()
    const inputPk = (await inputPks(db.read, app.pk, ['photo'])).get('photo')!
    const model = { case: 'model', value: { id: 'crop', ...app.userAppId, modelVersion: { id: versionId } } } as const
    const message = create(AnnotationSchema, {
      id: 'found',
      data: { embeddings: [{ vector: [0.5, 0.5] }] },
      worker: { worker: model },
    })
    const draft = { appPk: app.pk, inputPk, message, trusted: false, conceptPk: () => undefined, vectorsBy: pk }
    const worker = { kind: 'model_version', id: versionId, pk } as const
    const statusCode = StatusCode.ANNOTATION_SUCCESS
    await db.transact((tx) => storeAnnotations(tx, [{ ...draft, worker, statusCode }], clock.now()))
  }

  const post = (wish: Wish, key?: string, from: TestApp = source) =>
    server.call('PostAppDuplications', { userAppId: from.userAppId, appDuplications: [wish] }, key ? { key } : {})
  const get = async (id: string, user: TestUser = server.admin) =>
    succeeded(
      await server.call(
        'GetAppDuplication',
        { userAppId: { userId: user.id }, appDuplicationId: id },
        { key: user.pat },
      ),
    ).appDuplication!
  const progressOf = ({ progress }: { progress: readonly { field: string; value: number }[] }) =>
    Object.fromEntries(progress.map(({ field, value }) => [field, value]))

  async function duplicate(filter: Filter, destinationApp: Wish['destinationApp']) {
    const [made] = succeeded(await post({ filter, destinationApp })).appDuplications
    await server.services.jobs.idle()
    const done = await get(made!.id)
    assert.equal(done.status?.code, StatusCode.APP_DUPLICATION_SUCCESS, done.status?.details)
    return done
  }

  /** All that the copy of an app should have in common with its source. */
  async function contentsOf(userAppId: TestApp['userAppId']) {
    const { inputs } = await server.call('ListInputs', { userAppId })
    const { annotations } = await server.call('ListAnnotations', { userAppId, listAllAnnotations: true })
    const { concepts } = await server.call('ListConcepts', { userAppId })
    const { conceptLanguages } = await server.call('ListConceptLanguages', { userAppId, conceptId: 'dog' })
    return {
      inputs: inputs.map(({ id, data, status }) => [
        id,
        status?.code,
        data?.text?.url.replace(/.*\//, ''),
        data?.concepts.map((concept) => [concept.id, concept.name, concept.value]),
        data?.metadata,
        data?.geo?.geoPoint,
        data?.image?.imageInfo,
        data?.image?.hosted?.sizes,
      ]),
      annotations: annotations.map(({ id, inputId, data, userId, status }) => [
        inputId,
        id,
        userId,
        status?.code,
        data?.regions.map((region) => [region.id, region.regionInfo, region.data?.concepts.map((c) => [c.id, c.name])]),
        data?.embeddings.map(({ vector }) => vector),
      ]),
      concepts: concepts.map(({ id, name }) => [id, name]),
      conceptLanguages: conceptLanguages.map(({ id, name }) => [id, name]),
    }
  }

  const appPk = async (id: string) => (await server.services.directory.app(server.admin.pk, id))!.pk
  const rowsOf = async (
    table: 'texts' | 'inputs' | 'annotations' | 'media' | 'embeddings' | 'annotation_concepts',
    id: string,
  ) =>
    server.services.db.read
      .selectFrom(table as 'inputs')
      .selectAll()
      .where('app_pk', '=', await appPk(id))
      .orderBy('pk' as never)
      .execute()

  test('copies all of an app into a new one, which is like it and works by itself', async () => {
    const id = `copy-${apps}`
    const [pending] = succeeded(
      await post({ filter: ALL, destinationApp: { id, description: 'mine' } }),
    ).appDuplications
    assert.equal(pending!.status?.code, StatusCode.APP_DUPLICATION_PENDING)
    assert.deepEqual([pending!.destinationApp?.id, pending!.destinationApp?.description], [id, 'mine'])
    await server.services.jobs.idle()
    const done = await get(pending!.id)
    assert.equal(done.status?.code, StatusCode.APP_DUPLICATION_SUCCESS, done.status?.details)
    const copied = progressOf(done)
    assert.deepEqual(copied, {
      concepts: 3,
      models: 1,
      workflows: 2,
      inputs: 3,
      annotations: 3,
      installed_module_versions: 0,
    })
    const userAppId = { ...source.userAppId, appId: id }
    assert.deepEqual(await contentsOf(userAppId), await contentsOf(source.userAppId))

    const { workflow } = succeeded(await server.call('GetWorkflow', { userAppId, workflowId: '' }))
    const node = workflow!.nodes.find((each) => each.id === 'crop')!
    assert.deepEqual([workflow!.id, node.model?.appId], ['flow', id])
    const { model } = succeeded(await server.call('GetModel', { userAppId, modelId: 'crop' }))
    assert.equal(model!.modelVersion?.id, node.model?.modelVersion?.id)
    assert.equal(model!.modelVersion?.outputInfo?.params?.margin, 1.5)
    const theirs = succeeded(await server.call('GetModel', { userAppId: source.userAppId, modelId: 'crop' }))
    assert.notEqual(theirs.model!.modelVersion?.id, model!.modelVersion?.id)

    const { pk, id: versionId } = await server.services.db.read
      .selectFrom('model_versions')
      .select(['pk', 'id'])
      .where('id', '=', model!.modelVersion!.id)
      .executeTakeFirstOrThrow()
    const vectors = (await rowsOf('embeddings', id)) as unknown as { model_version_pk: number }[]
    assert.deepEqual(vectors.map((row) => row.model_version_pk).sort(), [0, pk])
    const found = { userAppId, inputId: 'photo', annotationId: 'found' }
    const by = succeeded(await server.call('GetAnnotation', found)).annotation!.worker!.worker.value as Model
    assert.deepEqual([by.modelVersion?.id, by.appId], [versionId, id])

    const counts = succeeded(await server.call('GetInputCount', { userAppId })).counts
    assert.deepEqual([counts?.processed, counts?.toProcess], [3, 0])
    const search = {
      searches: [{ query: { filters: [{ annotation: { data: { concepts: [{ id: 'dog', value: 1 }] } } }] } }],
    }
    const { hits } = succeeded(await server.call('PostInputsSearches', { userAppId, ...search }))
    assert.deepEqual(
      hits.map(({ input }) => input?.id),
      ['photo'],
    )
    // The source can go, and what the copy shares with it stays.
    succeeded(await server.call('DeleteApp', { userAppId: source.userAppId }))
    await server.services.jobs.idle()
    const blobs = await server.services.db.read
      .selectFrom('media_files')
      .innerJoin('media', 'media.pk', 'media_files.media_pk')
      .innerJoin('blobs', 'blobs.hash', 'media_files.hash')
      .select(['media_files.hash', 'blobs.ref_count'])
      .where('media.app_pk', '=', await appPk(id))
      .execute()
    assert.ok(blobs.length > 0 && blobs.every(({ ref_count }) => ref_count > 0))
  })

  test('copies what the filter says alone; inputs without what models found are processed again', async () => {
    const id = `part-${apps}`
    const done = await duplicate({ copyConcepts: true, copyInputs: true }, { id })
    assert.deepEqual(progressOf(done), { concepts: 3, inputs: 3 })
    const userAppId = { ...source.userAppId, appId: id }
    const { annotations } = await server.call('ListAnnotations', { userAppId, listAllAnnotations: true })
    assert.ok(annotations.every(({ id: annotation }) => annotation !== 'box' && annotation !== 'vector'))
    const { inputs } = succeeded(await server.call('ListInputs', { userAppId }))
    assert.deepEqual(
      inputs.map((input) => input.data?.concepts.map((concept) => concept.id)),
      [['cat'], [], ['dog']],
    )
    refused(await server.call('GetModel', { userAppId, modelId: 'crop' }), StatusCode.MODEL_DOES_NOT_EXIST)
    const { workflow } = succeeded(await server.call('GetWorkflow', { userAppId, workflowId: '' }))
    assert.deepEqual(
      [workflow!.id, workflow!.nodes.find((each) => each.id === 'crop')?.model?.appId],
      ['flow', source.userAppId.appId],
    )
  })

  test('into an app that is there: what has an id of its own stays, nothing is doubled', async () => {
    const into = await makeApp(server, `into-${apps}`)
    const inputs = [
      { id: 'words', data: { text: { raw: 'other words' } } },
      { id: 'own', data: { text: { raw: 'x' } } },
    ]
    succeeded(await server.call('PostInputs', { userAppId: into.userAppId, inputs }))
    succeeded(
      await server.call('PostConcepts', { userAppId: into.userAppId, concepts: [{ id: 'dog', name: 'Köter' }] }),
    )
    const first = await duplicate(
      { copyConcepts: true, copyInputs: true },
      into.userAppId && { id: into.userAppId.appId },
    )
    assert.deepEqual(progressOf(first), { concepts: 2, inputs: 2 })
    // The picture is the same, so its box can come later; the text of the same id is another one.
    const second = await duplicate(ALL, { id: into.userAppId.appId })
    assert.deepEqual(progressOf(second), {
      concepts: 0,
      models: 1,
      workflows:
        2 -
        Number(
          (await server.call('GetWorkflow', { userAppId: source.userAppId, workflowId: 'Universal' })).status?.code ===
            10000,
        ),
      inputs: 0,
      annotations: 2,
      installed_module_versions: 0,
    })
    const { userAppId } = into
    const { annotations } = await server.call('ListAnnotations', { userAppId, listAllAnnotations: true })
    const box = annotations.filter(({ id }) => id === 'box')
    assert.deepEqual(
      box.map(({ inputId, data }) => [inputId, data?.regions[0]?.data?.concepts[0]?.name]),
      [['photo', 'Köter']],
    )
    assert.ok(annotations.every(({ id }) => id !== 'vector'))
    const third = await duplicate(ALL, { id: into.userAppId.appId })
    assert.deepEqual(new Set(Object.values(progressOf(third))), new Set([0]))
  })

  /** What else an app has that copies bring along: graphs, relations, filters, searches, datasets. */
  async function addSets(userAppId: TestApp['userAppId']): Promise<void> {
    succeeded(
      await server.call('PostKnowledgeGraphs', { userAppId, knowledgeGraphs: [{ id: 'graph', name: 'Graph' }] }),
    )
    const relate = async (conceptId: string, id: string, predicate: string, knowledgeGraphId = '') => {
      const conceptRelations = [{ objectConcept: { id, ...userAppId }, predicate, knowledgeGraphId }]
      succeeded(await server.call('PostConceptRelations', { userAppId, conceptId, conceptRelations }))
    }
    await relate('dog', 'unused', 'hyponym', 'graph')
    await relate('unused', 'cat', 'hypernym')
    await relate('dog', 'cat', 'synonym')
    const search = { query: { filters: [{ annotation: { data: { concepts: [{ id: 'dog', value: 1 }] } } }] } }
    const annotationFilters = [{ id: 'dogs', search }]
    succeeded(await server.call('PostAnnotationFilters', { userAppId, annotationFilters }))
    const searches = [{ id: 'saved', name: 'Saved', save: true, ...search }]
    succeeded(await server.call('PostSearches', { userAppId, searches }))
    const datasets = [
      { id: 'set', description: 'A set', defaultAnnotationFilter: { id: 'dogs' }, metadata: { m: 1 } },
      { id: 'empty' },
    ]
    succeeded(await server.call('PostDatasets', { userAppId, datasets }))
    for (const id of ['words', 'photo']) {
      const datasetInputs = [{ input: { id } }]
      succeeded(await server.call('PostDatasetInputs', { userAppId, datasetId: 'set', datasetInputs }))
    }
  }

  /** The same things of an app, without what is another in each. */
  async function setsOf(userAppId: TestApp['userAppId']) {
    const graphs = succeeded(await server.call('ListKnowledgeGraphs', { userAppId })).knowledgeGraphs
    const relations = succeeded(await server.call('ListConceptRelations', { userAppId })).conceptRelations
    const filters = succeeded(await server.call('ListAnnotationFilters', { userAppId })).annotationFilters
    const saved = succeeded(await server.call('ListSearches', { userAppId })).searches
    const { datasets } = succeeded(
      await server.call('ListDatasets', { userAppId, sortBy: { case: 'sortById', value: true } }),
    )
    const members = async (datasetId: string) =>
      (await server.call('ListDatasetInputs', { userAppId, datasetId })).datasetInputs.map(({ input }) => input?.id)
    const found = await server.call('PostAnnotationsSearches', {
      userAppId,
      searches: [{ query: { filters: [{ annotation: { data: { concepts: [{ id: 'dog', value: 1 }] } } }] } }],
    })
    return {
      graphs: graphs.map(({ id, name }) => [id, name]),
      relations: relations
        .map((one) => [one.subjectConcept?.id, one.predicate, one.objectConcept?.id, one.knowledgeGraphId].join(' '))
        .sort(),
      filters: filters.map(({ id, search }) => [id, search?.query?.filters.length]),
      saved: saved.map(({ id, name }) => [id, name]),
      datasets: await Promise.all(
        datasets.map(async ({ id, description, defaultAnnotationFilter, metadata }) => [
          id,
          description,
          defaultAnnotationFilter?.id,
          metadata,
          await members(id),
        ]),
      ),
      hits: found.hits.map(({ input }) => input?.id).sort(),
    }
  }

  test('datasets, saved searches, annotation filters, knowledge graphs and relations come along, also of a torn job', async () => {
    const { userAppId } = source
    await addSets(userAppId)
    const id = `sets-${apps}`
    await whileTorn(server, duplicateAppJob, async () => {
      succeeded(await post({ filter: ALL, destinationApp: { id } }))
    })
    const copy = { ...userAppId, appId: id }
    const sets = await setsOf(copy)
    assert.deepEqual(sets, await setsOf(userAppId))
    assert.equal(sets.relations.length, 3)
    assert.deepEqual(sets.datasets[0]?.at(-1), ['words', 'photo'])
    // What comes to the source later comes to the copy with another duplication; what is there is not doubled.
    const inputs = [{ id: 'late', data: { text: { raw: 'late words' } }, datasetIds: ['set'] }]
    succeeded(await server.call('PostInputs', { userAppId, inputs }))
    await server.services.jobs.idle()
    const again = await duplicate({ copyConcepts: true, copyInputs: true }, { id })
    assert.deepEqual(progressOf(again), { concepts: 0, inputs: 1 })
    const later = await setsOf(copy)
    assert.deepEqual(later.datasets[0]?.at(-1), ['words', 'photo', 'late'])
    assert.equal(later.relations.length, 3)
  })

  test('relations that contradict those of the destination stay behind; without inputs so do sets of them', async () => {
    const { userAppId } = source
    await addSets(userAppId)
    const into = await makeApp(server, `against-${apps}`)
    const concepts = [{ id: 'dog' }, { id: 'unused' }, { id: 'cat' }]
    succeeded(await server.call('PostConcepts', { userAppId: into.userAppId, concepts }))
    succeeded(
      await server.call('PostConceptRelations', {
        userAppId: into.userAppId,
        conceptId: 'unused',
        conceptRelations: [{ objectConcept: { id: 'cat', ...into.userAppId }, predicate: 'hyponym' }],
      }),
    )
    await duplicate({ copyConcepts: true }, { id: into.userAppId.appId })
    const { relations, datasets, saved, filters } = await setsOf(into.userAppId)
    assert.deepEqual(relations, ['dog hyponym unused graph', 'dog synonym cat ', 'unused hyponym cat '])
    assert.deepEqual([datasets, saved, filters], [[], [], []])
  })

  test('installed module versions come along without keys, where the other owner could install them', async () => {
    const { userAppId } = source
    succeeded(await server.call('PostModules', { userAppId, modules: [{ id: 'module', description: 'A module' }] }))
    succeeded(
      await server.call('PostModuleVersions', {
        userAppId,
        moduleId: 'module',
        moduleVersions: [{ id: '1_0_0', gitCommitUrl: 'https://github.com/someone/module/commit/abc' }],
      }),
    )
    const installedModuleVersions = [
      { id: 'install', moduleVersion: { id: '1_0_0', moduleId: 'module', ...userAppId } },
    ]
    succeeded(await server.call('PostInstalledModuleVersions', { userAppId, installedModuleVersions }))
    const id = `installs-${apps}`
    const done = await duplicate({ copyInstalledModuleVersions: true }, { id })
    assert.deepEqual(progressOf(done), { installed_module_versions: 1 })
    const copies = succeeded(
      await server.call('ListInstalledModuleVersions', { userAppId: { ...userAppId, appId: id } }),
    ).installedModuleVersions
    assert.deepEqual(
      copies.map((one) => [one.id, one.moduleVersion?.moduleId, one.moduleVersion?.appId, one.keyId]),
      [['install', 'module', userAppId.appId, '']],
    )
  })

  test('a server that is killed again and again loses and doubles nothing', async () => {
    const id = `torn-${apps}`
    let made = ''
    const torn = await whileTorn(server, duplicateAppJob, async () => {
      const [pending] = succeeded(await post({ filter: ALL, destinationApp: { id } })).appDuplications
      made = pending!.id
    })
    assert.ok(torn.tears >= 5, `${torn.tears} tears`)
    const done = await get(made)
    assert.equal(done.status?.code, StatusCode.APP_DUPLICATION_SUCCESS, done.status?.details)
    assert.deepEqual([progressOf(done).inputs, progressOf(done).annotations], [3, 3])
    assert.deepEqual(await contentsOf({ ...source.userAppId, appId: id }), await contentsOf(source.userAppId))
    for (const table of ['inputs', 'annotations', 'media', 'embeddings', 'texts'] as const) {
      assert.equal((await rowsOf(table, id)).length, (await rowsOf(table, source.userAppId.appId)).length, table)
    }
    const counts = succeeded(
      await server.call('GetInputCount', { userAppId: { ...source.userAppId, appId: id } }),
    ).counts
    assert.equal(counts?.processed, 3)
  })

  test('belongs to whoever asked for it; others copy what is public, and of their own only', async () => {
    const guest = await server.makeUser(`guest-${apps}`, Visible.PUBLIC)
    refused(await post({ filter: { copyConcepts: true } }, guest.pat), StatusCode.CONN_DOES_NOT_EXIST)
    await server.services.db.transact((tx) =>
      tx.updateTable('users').set({ visibility: Visible.PUBLIC }).where('pk', '=', server.admin.pk).execute(),
    )
    server.services.directory.invalidate()
    const open = await makeSource(`open-${apps}`, Visible.PUBLIC)
    const hidden = [{ id: 'hidden', modelTypeId: 'image-crop' }]
    succeeded(await server.call('PostModels', { userAppId: open.userAppId, models: hidden }))
    const filter = { copyConcepts: true, copyModels: true }
    const foreign = { id: source.userAppId.appId, userId: source.userAppId.userId }
    refused(
      await post({ filter, destinationApp: { id: 'nope', userId: 'admin' } }, guest.pat, open),
      StatusCode.APP_DUPLICATION_INVALID_REQUEST,
      /made for you alone/,
    )
    refused(
      await post({ filter, destinationApp: foreign }, guest.pat, open),
      StatusCode.APP_DUPLICATION_INVALID_REQUEST,
    )
    const [made] = succeeded(await post({ filter }, guest.pat, open)).appDuplications
    await server.services.jobs.idle()
    const done = await get(made!.id, guest)
    assert.deepEqual(progressOf(done), { concepts: 3, models: 1 })
    assert.equal(done.destinationApp?.userId, guest.id)
    const { models } = succeeded(
      await server.call(
        'ListModels',
        { userAppId: { userId: guest.id, appId: done.destinationApp!.id } },
        { key: guest.pat },
      ),
    )
    assert.deepEqual(
      models.map((model) => [model.id, model.visibility?.gettable]),
      [['crop', Visible.PRIVATE]],
    )
    const list = async (user: TestUser, key = user.pat) =>
      server.call('ListAppDuplications', { userAppId: { userId: user.id } }, { key })
    assert.deepEqual(
      succeeded(await list(guest)).appDuplications.map((each) => each.id),
      [made!.id],
    )
    refused(await list(server.admin, guest.pat), StatusCode.CONN_INSUFFICIENT_SCOPES)
    const theirs = { userAppId: { userId: 'admin' }, appDuplicationId: made!.id }
    refused(await server.call('GetAppDuplication', theirs), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('refused: filters without what they need, places that cannot be, ids that are taken', async () => {
    const bad = StatusCode.APP_DUPLICATION_INVALID_REQUEST
    refused(await post({}), bad, /nothing to copy/)
    refused(await post({ filter: { copyInputs: true } }), bad, /copy_inputs without copy_concepts/)
    refused(await post({ filter: { copyConcepts: true, copyAnnotations: true } }), bad, /without copy_inputs/)
    refused(await post({ filter: { copyModels: true } }), bad, /copy_models without copy_concepts/)
    const filter = { copyConcepts: true }
    refused(await post({ filter, destinationApp: { id: source.userAppId.appId } }), bad, /into itself/)
    refused(await post({ filter, existingAppId: 'nowhere' }), bad, /no app 'nowhere'/)
    refused(await post({ filter, existingAppId: 'a', newAppId: 'b' }), bad, /leave out new_app_id/)
    refused(await post({ filter, newAppId: source.userAppId.appId }), StatusCode.DATABASE_DUPLICATE_KEY)
    refused(await post({ filter, destinationApp: { id: 'not an id' } }), StatusCode.CONN_INVALID_REQUEST)
    succeeded(await post({ filter, id: `once-${apps}`, newAppId: `first-${apps}` }))
    refused(await post({ filter, id: `once-${apps}`, newAppId: `second-${apps}` }), StatusCode.DATABASE_DUPLICATE_KEY)
    assert.equal(await server.services.directory.app(server.admin.pk, `second-${apps}`), undefined)
    const many = Array.from({ length: 17 }, () => ({ filter }))
    const request = { userAppId: source.userAppId, appDuplications: many }
    refused(await server.call('PostAppDuplications', request), bad, /send 1 to 16/)
    const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: ['Apps_Get', 'Concepts_Get'] })
    refused(await post({ filter }, key), StatusCode.CONN_INSUFFICIENT_SCOPES, /Apps_Add/)
    await server.services.jobs.idle()
  })

  test('fails with a reason when the destination is deleted before the end, and is still known', async () => {
    const id = `gone-${apps}`
    let made = ''
    const torn = await whileTorn(server, duplicateAppJob, async () => {
      const [pending] = succeeded(await post({ filter: ALL, destinationApp: { id } })).appDuplications
      made = pending!.id
      succeeded(await server.call('DeleteApp', { userAppId: { ...source.userAppId, appId: id } }))
    })
    assert.ok(torn.checkpoints >= 0)
    const done = await get(made)
    assert.equal(done.status?.code, StatusCode.APP_DUPLICATION_FAILED)
    assert.match(done.status!.details, /destination app was deleted/)
    assert.equal(done.destinationApp, undefined)
  })
})
