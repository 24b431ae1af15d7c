import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Dataset } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'

const idsOf = (datasets: readonly Dataset[]) => datasets.map(({ id }) => id)

describe('datasets', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'sets')
    await putInputs(server.services, app, [
      { id: 'cat-1', data: { concepts: [{ id: 'cat', value: 1 }] } },
      { id: 'cat-2', data: { concepts: [{ id: 'cat', value: 1 }] } },
      { id: 'dog-1', data: { concepts: [{ id: 'dog', value: 1 }] } },
      { id: 'sound', kind: 'audio' },
    ])
    await server.services.jobs.start(server.services)
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (...datasets: object[]) => server.call('PostDatasets', { userAppId: app.userAppId, datasets })
  const get = (datasetId: string, more = {}) =>
    server.call('GetDataset', { userAppId: app.userAppId, datasetId, ...more })
  const patch = (action: string, ...datasets: object[]) =>
    server.call('PatchDatasets', { userAppId: app.userAppId, datasets, action })
  const list = async (request: object) => succeeded(await server.call('ListDatasets', request)).datasets

  test('are made all or none, with what was said of them', async () => {
    const wanted = {
      id: 'one',
      description: 'the first',
      notes: 'long',
      metadata: { a: 1 },
      defaultProcessingInfo: { frameInterpolationInfo: { sampleMs: 500 } },
    }
    const { datasets } = succeeded(await post(wanted))
    const [made] = datasets
    assert.deepEqual([made!.appId, made!.userId, made!.visibility?.gettable], ['sets', 'admin', Visible.PRIVATE])
    assert.deepEqual(succeeded(await get('one')).dataset, made)
    refused(await post({ id: 'two' }, { id: 'one' }), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
    refused(await get('two'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post({}), StatusCode.CONN_INVALID_REQUEST, /no id/)
    refused(await post({ id: 'a b' }), StatusCode.CONN_INVALID_REQUEST)
    refused(await post(), StatusCode.CONN_INVALID_REQUEST)
    const fast = { frameInterpolationInfo: { sampleMs: 5 } }
    refused(await post({ id: 'two', defaultProcessingInfo: fast }), StatusCode.CONN_INVALID_REQUEST, /sample_ms/)
  })

  test('a default annotation filter has to exist, is shown whole, and stays as long as it is used', async () => {
    const search = { query: { filters: [{ annotation: { trusted: true } }] } }
    const filters = { userAppId: app.userAppId, annotationFilters: [{ id: 'trusted', search }] }
    refused(await post({ id: 'filtered', defaultAnnotationFilter: { id: 'trusted' } }), StatusCode.CONN_DOES_NOT_EXIST)
    succeeded(await server.call('PostAnnotationFilters', filters))
    const { datasets } = succeeded(await post({ id: 'filtered', defaultAnnotationFilter: { id: 'trusted' } }))
    assert.equal(datasets[0]!.defaultAnnotationFilter?.search?.query?.filters.length, 1)
    const remove = { userAppId: app.userAppId, annotationFilterIds: ['trusted'] }
    const blocked = await server.call('DeleteAnnotationFilters', remove)
    refused(blocked, StatusCode.DATABASE_CONSTRAINT_VIOLATED, /filtered/)
    succeeded(await server.call('DeleteDatasets', { userAppId: app.userAppId, datasetIds: ['filtered'] }))
    succeeded(await server.call('DeleteAnnotationFilters', remove))
  })

  test('patches are atomic; remove takes the image alone', async () => {
    const image = { url: 'https://example.com/cover.png' }
    succeeded(await post({ id: 'patched', description: 'old', metadata: { a: 1 }, image }))
    const merged = succeeded(await patch('merge', { id: 'patched', metadata: { b: 2 } })).datasets[0]!
    assert.deepEqual([merged.metadata, merged.description], [{ a: 1, b: 2 }, 'old'])
    const overwritten = succeeded(await patch('overwrite', { id: 'patched', metadata: { c: 3 }, description: 'new' }))
    assert.deepEqual([overwritten.datasets[0]!.metadata, overwritten.datasets[0]!.description], [{ c: 3 }, 'new'])
    const failed = await patch('overwrite', { id: 'patched', description: 'lost' }, { id: 'nothing' })
    refused(failed, StatusCode.CONN_DOES_NOT_EXIST)
    assert.equal(succeeded(await get('patched')).dataset?.description, 'new')
    refused(await patch('remove', { id: 'patched', description: 'new' }), StatusCode.CONN_INVALID_REQUEST, /image/)
    succeeded(await patch('remove', { id: 'patched', image }))
    assert.equal(succeeded(await get('patched')).dataset?.image, undefined)
    refused(await patch('delete', { id: 'patched' }), StatusCode.CONN_INVALID_REQUEST)
  })

  test('lists are of the app, of the user, or of everybody, as far as the caller sees', async () => {
    const ann = await server.makeUser('ann', Visible.PUBLIC)
    const open = await makeApp(server, 'open', { owner: ann, visibility: Visible.PUBLIC })
    const make = (id: string, more = {}) =>
      server.call('PostDatasets', { userAppId: open.userAppId, datasets: [{ id, ...more }] }, { key: ann.pat })
    succeeded(await make('shared', { visibility: { gettable: Visible.PUBLIC }, notes: 'birds of prey' }))
    succeeded(await make('hidden'))
    const origin = { id: 'shared', appId: 'open', userId: 'ann', resourceType: 3 }
    succeeded(await post({ id: 'marked', bookmarkOrigin: origin }))
    assert.deepEqual(idsOf(await list({ userAppId: { userId: 'ann', appId: 'open' } })), ['shared'])
    assert.deepEqual(idsOf(await list({ userAppId: { userId: 'ann' } })), ['shared'])
    assert.ok(idsOf(await list({})).includes('shared'))
    assert.ok(!idsOf(await list({})).includes('hidden'))
    const own = succeeded(
      await server.call('ListDatasets', { userAppId: { userId: 'ann' } }, { key: ann.pat }),
    ).datasets
    assert.deepEqual(idsOf(own), ['hidden', 'shared'])
    assert.deepEqual(idsOf(await list({ userAppId: app.userAppId, bookmark: true })), ['marked'])
    assert.ok(!idsOf(await list({ userAppId: app.userAppId })).includes('marked'))
    assert.deepEqual(idsOf(await list({ search: 'bird', sortBy: { case: 'sortByRelevance', value: true } })), [
      'shared',
    ])
    const ascending = { sortAscending: true, sortBy: { case: 'sortById', value: true } }
    const sorted = idsOf(await list({ userAppId: app.userAppId, ...ascending }))
    assert.deepEqual(sorted, [...sorted].sort())
    assert.deepEqual(await list({ userAppId: app.userAppId, starredOnly: true }), [])
    const named = async (id: string) => idsOf(await list({ userAppId: app.userAppId, bookmark: true, id }))
    assert.deepEqual([await named('ARKE'), await named('m*d'), await named('m*r')], [['marked'], ['marked'], []])
    await server.services.db.transact((tx) =>
      tx
        .insertInto('stars')
        .columns(['user_pk', 'kind', 'resource_pk', 'created_at'])
        .expression(
          (eb) =>
            eb
              .selectFrom('datasets')
              .select(({ val }) => [val(ann.pk).as('u'), val('dataset').as('k'), 'pk', val(1).as('c')])
              .where('id', '=', 'one') as never,
        )
        .execute(),
    )
    const starred = succeeded(await get('one', { additionalFields: ['stars'] })).dataset!
    assert.deepEqual([starred.starCount, starred.isStarred], [1, false])
    const stranger = await server.call('GetDataset', { userAppId: open.userAppId, datasetId: 'hidden' })
    refused(stranger, StatusCode.CONN_DOES_NOT_EXIST)
  })

  describe('inputs', () => {
    const add = (datasetId: string, ...ids: string[]) =>
      server.call('PostDatasetInputs', {
        userAppId: app.userAppId,
        datasetId,
        datasetInputs: ids.map((id) => ({ input: { id } })),
      })
    const members = async (datasetId: string) =>
      succeeded(await server.call('ListDatasetInputs', { userAppId: app.userAppId, datasetId })).datasetInputs.map(
        ({ input }) => input!.id,
      )

    test('come in each for itself, twice without harm, and go without leaving the app', async () => {
      succeeded(await post({ id: 'members' }))
      const mixed = await add('members', 'cat-1', 'nothing', 'dog-1')
      assert.equal(mixed.status?.code, StatusCode.MIXED_STATUS)
      assert.deepEqual(
        mixed.datasetInputs.map(({ input }) => input?.status?.code),
        [StatusCode.DATASET_INPUT_SUCCESS, StatusCode.CONN_DOES_NOT_EXIST, StatusCode.DATASET_INPUT_SUCCESS],
      )
      succeeded(await add('members', 'cat-1'))
      refused(await add('members', 'nothing'), StatusCode.FAILURE)
      refused(await add('nowhere', 'cat-1'), StatusCode.CONN_DOES_NOT_EXIST)
      assert.deepEqual((await members('members')).sort(), ['cat-1', 'dog-1'])
      const at = { userAppId: app.userAppId, datasetId: 'members' }
      const one = succeeded(await server.call('GetDatasetInput', { ...at, inputId: 'cat-1' })).datasetInput!
      assert.equal(one.input?.data?.concepts[0]?.id, 'cat')
      assert.ok(one.createdAt)
      refused(await server.call('GetDatasetInput', { ...at, inputId: 'cat-2' }), StatusCode.CONN_DOES_NOT_EXIST)
      const absent = await server.call('DeleteDatasetInputs', { ...at, inputIds: ['dog-1', 'cat-2'] })
      refused(absent, StatusCode.CONN_DOES_NOT_EXIST)
      succeeded(await server.call('DeleteDatasetInputs', { ...at, inputIds: ['dog-1'] }))
      assert.deepEqual(await members('members'), ['cat-1'])
      succeeded(await server.call('GetInput', { userAppId: app.userAppId, inputId: 'dog-1' }))
    })

    test('are found by a search, by a job that can be looked up', async () => {
      succeeded(await post({ id: 'found' }))
      const at = { userAppId: app.userAppId, datasetId: 'found' }
      const filters = [{ annotation: { data: { concepts: [{ id: 'cat', value: 1 }] } } }]
      const started = succeeded(await server.call('PostDatasetInputs', { ...at, search: { query: { filters } } }))
      assert.equal(started.bulkOperation?.status?.code, StatusCode.BULK_OPERATION_PENDING)
      const jobId = started.datasetInputsSearchAddJob!.id
      await server.services.jobs.idle()
      const { job } = succeeded(await server.call('GetDatasetInputsSearchAddJob', { userAppId: app.userAppId, jobId }))
      assert.deepEqual(
        [job?.status?.code, job?.status?.percentCompleted, job?.datasetId],
        [StatusCode.JOB_COMPLETED, 100, 'found'],
      )
      assert.deepEqual((await members('found')).sort(), ['cat-1', 'cat-2'])
      const both = await server.call('PostDatasetInputs', {
        ...at,
        search: {},
        datasetInputs: [{ input: { id: 'cat-1' } }],
      })
      refused(both, StatusCode.CONN_INVALID_REQUEST, /both/)
      const ranked = await server.call('PostDatasetInputs', {
        ...at,
        search: { query: { ranks: [{ annotation: { inputId: 'nowhere' } }] } },
      })
      refused(ranked, StatusCode.SEARCH_INVALID_REQUEST)
      const unknown = await server.call('GetDatasetInputsSearchAddJob', {
        userAppId: app.userAppId,
        jobId: '0'.repeat(32),
      })
      refused(unknown, StatusCode.CONN_DOES_NOT_EXIST)
      // Another bulk operation is no such job.
      const inputSource = { case: 'inputIds' as const, value: { inputIds: ['cat-1'] } }
      const operation = { operation: { case: 'deleteGeo' as const, value: {} } }
      const { bulkOperation } = succeeded(
        await server.call('PostBulkOperations', {
          userAppId: app.userAppId,
          bulkOperations: [{ inputSource, operation }],
        }),
      )
      const other = { userAppId: app.userAppId, jobId: bulkOperation[0]!.id }
      refused(await server.call('GetDatasetInputsSearchAddJob', other), StatusCode.CONN_DOES_NOT_EXIST)
      await server.services.jobs.idle()
    })
  })
})
