import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { toTimestamp } from '../../src/base/timestamps.ts'
import { StatTimeAggType, type StatValueAggregateQuerySchema, StatValueAggType } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import type { TestServer } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

type Query = MessageInitShape<typeof StatValueAggregateQuerySchema>
const at = (iso: string) => toTimestamp(Date.parse(iso) * 1_000)

onEachEngine('statistics', (engine) => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startOnEngine(engine)
    app = await makeApp(server, 'counted')
    const statValues = [
      { time: at('2026-01-05T10:00:10Z'), value: 2, tags: ['model:a', 'user:x'] },
      { time: at('2026-01-05T10:00:50Z'), value: 4, tags: ['model:a', 'user:y'] },
      { time: at('2026-01-11T23:59:59Z'), value: 6, tags: ['model:b', 'user:x'] },
      { time: at('2026-02-01T00:00:00Z'), value: 8, tags: [] },
    ]
    const posted = succeeded(await server.call('PostStatValues', { userAppId: app.userAppId, statValues }))
    assert.equal(posted.statValues.length, 4)
  })
  after(() => server[Symbol.asyncDispose]())

  const ask = (query: Query) =>
    server.call('PostStatValuesAggregate', { userAppId: app.userAppId, statValueAggregateQueries: [query] })
  const sums = async (query: Query) =>
    succeeded(await ask(query)).statValueAggregateResults[0]!.statValueAggregates.map(
      ({ time, aggregateValue, count, tags }) => [
        time ? new Date(Number(time.seconds) * 1_000).toISOString().slice(0, 16) : '',
        aggregateValue,
        Number(count),
        ...tags,
      ],
    )

  test('are added up or averaged, over all time or spans of it, empty spans left out', async () => {
    assert.deepEqual(await sums({}), [['', 20, 4]])
    assert.deepEqual(await sums({ statValueAggType: StatValueAggType.AVG }), [['', 5, 4]])
    assert.deepEqual(await sums({ statTimeAggType: StatTimeAggType.WEEK }), [
      ['2026-01-05T00:00', 12, 3],
      ['2026-01-26T00:00', 8, 1],
    ])
    assert.deepEqual(await sums({ statTimeAggType: StatTimeAggType.MONTH }), [
      ['2026-01-01T00:00', 12, 3],
      ['2026-02-01T00:00', 8, 1],
    ])
    assert.deepEqual((await sums({ statTimeAggType: StatTimeAggType.MINUTE })).length, 3)
  })

  test('by tags that values must have, by groups, and between times, both ends included', async () => {
    assert.deepEqual(await sums({ tags: ['model:a', 'user:y'] }), [['', 4, 1]])
    assert.deepEqual(await sums({ tagGroups: ['model'] }), [
      ['', 6, 2, 'model:a'],
      ['', 6, 1, 'model:b'],
    ])
    assert.deepEqual(await sums({ tagGroups: ['model', 'user'], tags: ['user:x'] }), [
      ['', 2, 1, 'model:a', 'user:x'],
      ['', 6, 1, 'model:b', 'user:x'],
    ])
    const [startTime, endTime] = [at('2026-01-11T23:59:59Z'), at('2026-02-01T00:00:00Z')]
    assert.deepEqual(await sums({ startTime, endTime }), [['', 14, 2]])
    assert.deepEqual(await sums({ tags: ['model:none'] }), [])
    const [first, last] = [at('0001-01-01T00:00:00Z'), at('9999-12-31T23:59:59Z')]
    assert.deepEqual(await sums({ startTime: first, endTime: last }), [['', 20, 4]])
    assert.deepEqual(await sums({ startTime: last }), [])
  })

  test('refuse tags without exactly one colon and values that are no numbers', async () => {
    for (const tag of ['plain', 'a:b:c', ':b', 'a:']) {
      refused(await ask({ tags: [tag] }), StatusCode.STATS_INVALID_REQUEST, /group:tag/)
    }
    const statValues = [{ value: Number.NaN }]
    refused(
      await server.call('PostStatValues', { userAppId: app.userAppId, statValues }),
      StatusCode.STATS_INVALID_REQUEST,
    )
    refused(await ask({ tagGroups: ['a', 'b', 'c', 'd', 'e'] }), StatusCode.STATS_INVALID_REQUEST, /at most 4/)
  })

  test('views are counted of what exists, and listed by number', async () => {
    const main = { userId: 'clarifai', appId: 'main' }
    const view = (objectId: string, viewType = 'models') =>
      server.call('PostTrendingMetricsView', { userAppId: main, viewType, objectId })
    for (const id of ['color-recognition', 'face-detection', 'face-detection']) succeeded(await view(id))
    refused(await view('no-such-model'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await view('face-detection', 'inputs'), StatusCode.CONN_INVALID_REQUEST)
    const { metrics } = succeeded(
      await server.call('ListTrendingMetricsViews', { userAppId: main, viewType: 'models' }),
    )
    assert.deepEqual(
      metrics.map(({ objectId, viewCount }) => [objectId, Number(viewCount)]),
      [
        ['face-detection', 2],
        ['color-recognition', 1],
      ],
    )
  })

  test('views tell nobody what is private in a public app', async () => {
    const open = await makeApp(server, 'open-app', { visibility: 50 })
    await server.services.db.transact((tx) =>
      tx.updateTable('users').set({ visibility: 50 }).where('pk', '=', server.admin.pk).execute(),
    )
    server.services.directory.invalidate()
    const { userAppId } = open
    const models = [
      { id: 'shown', modelTypeId: 'image-crop', visibility: { gettable: 50 } },
      { id: 'hidden', modelTypeId: 'image-crop' },
    ]
    for (const model of models) succeeded(await server.call('PostModels', { userAppId, models: [model] }))
    const view = (objectId: string, key?: string) =>
      server.call('PostTrendingMetricsView', { userAppId, viewType: 'models', objectId }, key ? { key } : {})
    for (const { id } of models) succeeded(await view(id))
    const guest = await server.makeUser('guest')
    refused(await view('hidden', guest.pat), StatusCode.CONN_DOES_NOT_EXIST)
    succeeded(await view('shown', guest.pat))
    const idsFor = async (as: object) =>
      succeeded(await server.call('ListTrendingMetricsViews', { userAppId, viewType: 'models' }, as)).metrics.map(
        ({ objectId }) => objectId,
      )
    assert.deepEqual(await idsFor({ key: guest.pat }), ['shown'])
    assert.deepEqual(await idsFor({}), ['shown', 'hidden'])
  })
})
