import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { BulkOperationSchema, OperationSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

type Bulk = MessageInitShape<typeof BulkOperationSchema>
type Operation = MessageInitShape<typeof OperationSchema>['operation']

onEachEngine('bulk operations', (engine) => {
  let server: TestServer
  let app: TestApp
  let apps = 0

  before(async () => {
    server = await startOnEngine(engine)
  })
  after(() => server[Symbol.asyncDispose]())
  beforeEach(async () => {
    app = await makeApp(server, `bulk-${apps++}`)
    await putInputs(server.services, app, [
      { id: 'a', data: { concepts: [{ id: 'dog', value: 1 }], metadata: { set: 'one', kept: true } } },
      { id: 'b', data: { concepts: [{ id: 'dog', value: 1 }] } },
      { id: 'c', data: { geo: { geoPoint: { latitude: 1, longitude: 2 } } } },
    ])
  })

  const UA = () => ({ userAppId: app.userAppId })
  const some = (...inputIds: string[]): Bulk['inputSource'] => ({ case: 'inputIds', value: { inputIds } })
  const found = (id: string): Bulk['inputSource'] => ({
    case: 'search',
    value: { query: { filters: [{ annotation: { data: { concepts: [{ id, value: 1 }] } } }] } },
  })
  const post = (bulk: Bulk) => server.call('PostBulkOperations', { ...UA(), bulkOperations: [bulk] })
  async function run(inputSource: Bulk['inputSource'], operation: Operation) {
    const [bulk] = succeeded(await post({ inputSource, operation: { operation } })).bulkOperation
    await server.services.jobs.idle()
    const done = succeeded(await server.call('GetBulkOperation', { ...UA(), id: bulk!.id })).bulkOperation!
    assert.equal(done.status?.code, StatusCode.BULK_OPERATION_SUCCESS, done.status?.details)
    return done
  }
  const dataOf = async (inputId: string) => succeeded(await server.call('GetInput', { ...UA(), inputId })).input!.data!
  const conceptsOf = async (inputId: string) => (await dataOf(inputId)).concepts.map(({ id, value }) => [id, value])
  const membersOf = async (datasetId: string) =>
    succeeded(await server.call('ListDatasetInputs', { ...UA(), datasetId }))
      .datasetInputs.map(({ input }) => input?.id)
      .sort()

  test('add concepts, new ones too, and change values, in the inputs of a search', async () => {
    const concepts = [
      { id: 'pet', value: 1 },
      { id: 'dog', value: 0 },
    ]
    const done = await run(found('dog'), { case: 'addConcepts', value: { concepts } })
    assert.deepEqual([done.progress?.processed, done.progress?.lastProcessedId, done.createdBy], [2, 'b', 'admin'])
    assert.deepEqual(await conceptsOf('a'), [
      ['dog', 0],
      ['pet', 1],
    ])
    assert.deepEqual(await conceptsOf('c'), [])
  })

  test('delete concepts of the caller only, unless users are named', async () => {
    const helper = await server.makeUser(`helper-${apps}`)
    const collaborators = [{ user: { id: helper.id }, scopes: ['All'] }]
    succeeded(await server.call('PostCollaborators', { ...UA(), collaborators }))
    const annotations = [{ inputId: 'a', id: 'hers', data: { concepts: [{ id: 'dog', value: 1 }] } }]
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations }, { key: helper.pat }))
    const hers = async () =>
      succeeded(await server.call('GetAnnotation', { ...UA(), inputId: 'a', annotationId: 'hers' })).annotation!.data!
        .concepts.length
    const concepts = [{ name: 'dog' }]
    await run(some('a', 'b'), { case: 'deleteConcepts', value: { concepts } })
    assert.deepEqual([await conceptsOf('a'), await conceptsOf('b'), await hers()], [[], [], 1])
    await run(some('a'), { case: 'deleteConcepts', value: { concepts, userIds: [helper.id] } })
    assert.equal(await hers(), 0)
  })

  test('add and delete metadata, set and clear places', async () => {
    await run(some('a'), { case: 'addMetadata', value: { metadata: { set: 'two', more: 1 } } })
    assert.deepEqual((await dataOf('a')).metadata, { set: 'two', kept: true, more: 1 })
    await run(some('a', 'b'), { case: 'deleteMetadata', value: { metadata: { set: '' } } })
    assert.deepEqual((await dataOf('a')).metadata, { kept: true, more: 1 })
    await run(some('b'), { case: 'overwriteGeo', value: { geo: { geoPoint: { latitude: 5, longitude: 6 } } } })
    assert.equal((await dataOf('b')).geo?.geoPoint?.latitude, 5)
    await run(some('b', 'c'), { case: 'deleteGeo', value: {} })
    assert.deepEqual([(await dataOf('b')).geo, (await dataOf('c')).geo], [undefined, undefined])
  })

  test('add to, take out of and split into datasets, from a dataset as well', async () => {
    const datasets = ['all', 'train', 'test'].map((id) => ({ id }))
    succeeded(await server.call('PostDatasets', { ...UA(), datasets }))
    await run(some('a', 'b', 'c'), { case: 'addToDataset', value: { datasetId: 'all' } })
    assert.deepEqual(await membersOf('all'), ['a', 'b', 'c'])
    const split = (id: string, value: number) => ({
      dataset: { id },
      methodInfo: { case: 'percentage', value } as const,
    })
    const all: Bulk['inputSource'] = { case: 'dataset', value: { id: 'all' } }
    const datasetSplits = [split('train', 60), split('test', 40)]
    await run(all, { case: 'splitIntoDatasets', value: { datasetSplits, method: 1 } })
    assert.deepEqual([...(await membersOf('train')), ...(await membersOf('test'))].sort(), ['a', 'b', 'c'])
    await run(found('dog'), { case: 'deleteFromDataset', value: { datasetId: 'all' } })
    assert.deepEqual(await membersOf('all'), ['c'])
  })

  test('delete the annotations that a search finds, never the input-level one', async () => {
    const annotations = [
      { inputId: 'a', id: 'x', data: { concepts: [{ id: 'cat', value: 1 }] } },
      { inputId: 'b', id: 'y', data: { concepts: [{ id: 'dog', value: 1 }] } },
    ]
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations }))
    const annotationSource = { case: 'annotationSearch', value: found('dog')!.value } as Bulk['annotationSource']
    const operation = { annotationOperation: { case: 'deleteAnnotations', value: {} } } as const
    succeeded(await post({ annotationSource, operation }))
    await server.services.jobs.idle()
    const left = succeeded(await server.call('ListAnnotations', { ...UA() })).annotations
    assert.deepEqual(left.map(({ id, inputLevel }) => (inputLevel ? 'level' : id)).sort(), [
      'level',
      'level',
      'level',
      'x',
    ])
  })

  test('of collaborators change what they have said themselves, as their other calls do', async () => {
    const helper = await server.makeUser(`helper-${apps}`)
    const collaborators = [{ user: { id: helper.id }, scopes: ['All'] }]
    succeeded(await server.call('PostCollaborators', { ...UA(), collaborators }))
    const said = (id: string) => [{ inputId: 'a', id, data: { concepts: [{ id: 'dog', value: 1 }] } }]
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations: said('theirs') }))
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations: said('hers') }, { key: helper.pat }))
    const postAsHelper = (bulk: Bulk) =>
      server.call('PostBulkOperations', { ...UA(), bulkOperations: [bulk] }, { key: helper.pat })
    const concepts = [{ id: 'dog' }]
    refused(
      await postAsHelper({
        inputSource: some('a'),
        operation: { operation: { case: 'deleteConcepts', value: { concepts, userIds: [server.admin.id] } } },
      }),
      StatusCode.ANNOTATION_PERMISSION_DENIED,
      /only the owner/i,
    )
    const annotationSource = { case: 'annotationSearch', value: found('dog')!.value } as Bulk['annotationSource']
    const cat = [{ id: 'cat', value: 1 }]
    const operations: Bulk['operation'][] = [
      { operation: { case: 'addConcepts', value: { concepts: cat } } },
      { annotationOperation: { case: 'deleteAnnotations', value: {} } },
    ]
    const conceptsIn = async () =>
      succeeded(await server.call('ListAnnotations', { ...UA(), inputIds: ['a'] })).annotations.map(
        ({ id, inputLevel, data }) => [inputLevel ? 'level' : id, ...data!.concepts.map((concept) => concept.id)],
      )
    const run = async (operation: Bulk['operation']) => {
      succeeded(await postAsHelper({ annotationSource, operation }))
      await server.services.jobs.idle()
      return conceptsIn()
    }
    const [add, remove] = operations
    assert.deepEqual(await run(add), [
      ['level', 'dog'],
      ['theirs', 'dog'],
      ['hers', 'dog', 'cat'],
    ])
    assert.deepEqual(await run(remove), [
      ['level', 'dog'],
      ['theirs', 'dog'],
    ])
  })

  test('are listed however much they name, and however many there are', async () => {
    const ids = Array.from({ length: 600 }, (_, at) => `${'long-id'.padEnd(40, '-')}${at}`)
    await putInputs(
      server.services,
      app,
      ids.map((id) => ({ id })),
    )
    const done = await run(some(...ids), { case: 'deleteGeo', value: {} })
    const listed = async (page: number, perPage: number) =>
      succeeded(await server.call('ListBulkOperations', { ...UA(), page, perPage })).bulkOperation
    const [first] = await listed(1, 10)
    assert.deepEqual([first!.id, first!.progress?.processed], [done.id, 600])
    assert.ok(first!.inputSource.case === 'inputIds' && first!.inputSource.value.inputIds.length === 600)
    assert.deepEqual(await listed(2, 10), [])
  })

  test('are listed newest first, and forgotten once they have ended', async () => {
    const first = await run(some('a'), { case: 'deleteGeo', value: {} })
    const second = await run(some('b'), { case: 'deleteGeo', value: {} })
    const listed = async () =>
      succeeded(await server.call('ListBulkOperations', { ...UA(), perPage: 10 })).bulkOperation.map(({ id }) => id)
    assert.deepEqual(await listed(), [second.id, first.id])
    refused(
      await server.call('CancelBulkOperations', { ...UA(), ids: [first.id] }),
      StatusCode.BULK_OPERATION_INVALID_REQUEST,
      /has ended already/,
    )
    succeeded(await server.call('DeleteBulkOperations', { ...UA(), ids: [first.id] }))
    assert.deepEqual(await listed(), [second.id])
    refused(await server.call('GetBulkOperation', { ...UA(), id: first.id }), StatusCode.CONN_DOES_NOT_EXIST)
    const other = await makeApp(server, `other-${apps++}`)
    refused(
      await server.call('GetBulkOperation', { userAppId: other.userAppId, id: second.id }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('refuse what says too little or names what is not there', async () => {
    const no = async (bulk: Bulk, details: RegExp) =>
      refused(await post(bulk), StatusCode.BULK_OPERATION_INVALID_REQUEST, details)
    const geo: Bulk['operation'] = { operation: { case: 'deleteGeo', value: {} } }
    await no({ inputSource: some('a') }, /nothing to do/)
    await no({ operation: geo }, /on what/)
    await no({ inputSource: some('a', 'nowhere'), operation: geo }, /no input 'nowhere'/)
    await no({ inputSource: some(), operation: geo }, /names 0 inputs/)
    await no({ inputSource: { case: 'dataset', value: { id: 'none' } }, operation: geo }, /no dataset 'none'/)
    const split = () => ({ dataset: { id: 'x' }, methodInfo: { case: 'percentage', value: 70 } as const })
    const twice = { datasetSplits: [split(), split()], method: 1 }
    await no({ inputSource: some('a'), operation: { operation: { case: 'splitIntoDatasets', value: twice } } }, /140/)
    await no(
      { inputSource: some('a'), operation: { operation: { case: 'addConcepts', value: { concepts: [] } } } },
      /0 concepts/,
    )
    await no({ operation: { annotationOperation: { case: 'deleteAnnotations', value: {} } } }, /annotation_search/)
    const zero = await post({ inputSource: found('d\0g'), operation: geo })
    refused(zero, StatusCode.SEARCH_INVALID_REQUEST, /zero character/)
  })
})
