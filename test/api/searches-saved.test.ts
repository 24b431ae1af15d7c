import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { toTimestamp } from '../../src/base/timestamps.ts'
import { Search_Metric } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { setInputTexts, textWords } from '../../src/store/repos/texts.ts'
import { makeApp, refused, succeeded } from '../kit/apps.ts'
import { byVector, type FilterInit, idsOf, putZoo, type SearchInit, SearchKit, withConcept } from '../kit/searching.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

onEachEngine('searches that are saved, older or refused', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine)
    await putZoo(kit)
  })
  after(() => kit[Symbol.asyncDispose]())

  describe('the older form', () => {
    const older = async (...ands: object[]) => {
      const answer = await kit.server.call('PostSearches', { userAppId: kit.userAppId, query: { ands } as never })
      return idsOf(succeeded(answer).hits)
    }
    const input = (data: object) => ({ input: { data } })

    test('filters by labels, where 0 means without; by kinds, datasets, statuses and ids', async () => {
      assert.deepEqual(await older(input({ concepts: [{ id: 'dog', value: 1 }] })), ['middle', 'near'])
      assert.deepEqual(await older(input({ concepts: [{ name: 'dog', value: 1 }] })), ['middle', 'near'])
      assert.deepEqual(await older(input({ concepts: [{ id: 'dog', value: 0 }] })), ['far', 'side'])
      assert.deepEqual(await older({ ...input({ concepts: [{ id: 'dog', value: 1 }] }), negate: true }), [
        'far',
        'side',
      ])
      assert.deepEqual(await older(input({ image: {} })), ['middle', 'near'])
      assert.deepEqual(await older({ input: { id: 'near', data: { image: {} } } }), ['near'])
      assert.deepEqual(await older({ input: { status: { code: StatusCode.INPUT_PENDING } } }), ['waiting'])
      assert.deepEqual(await older({ input: { datasetIds: ['nowhere'] } }), [])
      assert.deepEqual(await older({ annotation: { data: { concepts: [{ id: 'ear', value: 1 }] } } }), ['near'])
    })

    test('wants all of the metadata, and all parts and concepts of one input', async () => {
      assert.deepEqual(await older(input({ metadata: { place: 'zoo', tags: ['a'] } })), ['middle'])
      assert.deepEqual(await older(input({ metadata: { place: 'home', tags: ['a'] } })), [])
      assert.deepEqual(await older(input({ metadata: { place: 'zoo' }, image: {} })), ['middle'])
      const both = ['dog', 'cat'].map((id) => ({ id, value: 1 }))
      assert.deepEqual(await older(input({ concepts: both })), [])
      const geo = { geoPoint: { latitude: 40.7, longitude: -74 }, geoLimit: { type: 'withinKilometers', value: 1000 } }
      assert.deepEqual(await older(input({ geo })), ['far'])
      const geoBox = [{ geoPoint: { latitude: 41, longitude: -75 } }, { geoPoint: { latitude: 40, longitude: -73 } }]
      assert.deepEqual(await older(input({ geo: { geoBox } }), input({ video: {} })), ['far'])
    })

    test('ranks by likeness and by concepts', async () => {
      assert.deepEqual(await older({ output: { input: { id: 'near' } } }, { negate: true, input: { id: 'near' } }), [
        'middle',
        'side',
        'far',
      ])
      assert.deepEqual(await older({ output: { data: { concepts: [{ id: 'cat', value: 1 }] } } }), ['side', 'middle'])
      assert.deepEqual(await older({ negate: true, output: { input: { id: 'near' } } }), [
        'far',
        'side',
        'middle',
        'near',
      ])
      const dogs = { input: { data: { concepts: [{ id: 'dog', value: 1 }] } } }
      assert.deepEqual(await older({ output: { input: { id: 'side' } } }, dogs), ['middle', 'near'])
    })

    test('answers the query that it was asked, and takes searches too', async () => {
      const query = { ands: [{ input: { id: 'near' } }] }
      const answer = succeeded(await kit.server.call('PostSearches', { userAppId: kit.userAppId, query }))
      assert.equal(answer.query?.ands[0]?.input?.id, 'near')
      const searches = [{ query: { filters: [withConcept('cat')] } }]
      const newer = succeeded(await kit.server.call('PostSearches', { userAppId: kit.userAppId, searches }))
      assert.deepEqual([idsOf(newer.hits), newer.searches.length], [['side'], 1])
    })
  })

  describe('saved', () => {
    const UA = () => ({ userAppId: kit.userAppId })

    test('are kept without being run, run by their id, listed, changed and deleted', async () => {
      const search = { id: 'dogs', save: true, name: 'all dogs', query: { filters: [withConcept('dog')] } }
      const saved = succeeded(await kit.inputs(search))
      assert.deepEqual([saved.hits, saved.id, saved.searches[0]?.name], [[], 'dogs', 'all dogs'])
      refused(await kit.inputs(search), StatusCode.DATABASE_DUPLICATE_KEY)
      const run = succeeded(await kit.server.call('PostSearchesByID', { ...UA(), id: 'dogs' }))
      assert.deepEqual(idsOf(run.hits), ['middle', 'near'])
      const page = { page: 2, perPage: 1 }
      const second = succeeded(await kit.server.call('PostSearchesByID', { ...UA(), id: 'dogs', pagination: page }))
      assert.deepEqual(idsOf(second.hits), ['near'])
      assert.equal(succeeded(await kit.server.call('GetSearch', { ...UA(), id: 'dogs' })).search?.name, 'all dogs')
      for (const rpc of ['PatchInputsSearches', 'PatchAnnotationsSearches', 'PatchSearches'] as const) {
        const searches = [{ id: 'dogs', query: { filters: [withConcept('cat')] } }]
        succeeded(await kit.server.call(rpc, { ...UA(), searches, action: 'overwrite' }))
        assert.deepEqual(idsOf(succeeded(await kit.server.call('PostSearchesByID', { ...UA(), id: 'dogs' })).hits), [
          'side',
        ])
        const action = 'merge'
        assert.notEqual((await kit.server.call(rpc, { ...UA(), searches, action })).status?.code, StatusCode.SUCCESS)
      }
      const listed = succeeded(await kit.server.call('ListSearches', UA())).searches
      assert.deepEqual(
        listed.map(({ id }) => id),
        ['dogs'],
      )
      succeeded(await kit.server.call('DeleteSearch', { ...UA(), id: 'dogs' }))
      refused(await kit.server.call('DeleteSearch', { ...UA(), id: 'dogs' }), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await kit.server.call('GetSearch', { ...UA(), id: 'dogs' }), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await kit.server.call('PostSearchesByID', { ...UA(), id: 'dogs' }), StatusCode.CONN_DOES_NOT_EXIST)
    })

    test('keep how they are to be run, also in the older form and without an id', async () => {
      const ranks = [byVector([1, 0, 0, 0])]
      const made = succeeded(
        await kit.inputs({ save: true, minValue: 0.8, algorithm: 'brute_force', query: { ranks } }),
      )
      assert.match(made.id, /^[0-9a-f]{32}$/)
      const run = succeeded(await kit.server.call('PostSearchesByID', { ...UA(), id: made.id }))
      assert.deepEqual(idsOf(run.hits), ['near', 'middle'])
      const ands = [{ input: { data: { concepts: [{ id: 'cat', value: 1 }] } } }]
      const searches = [{ id: 'old', save: true, query: { ands } }]
      succeeded(await kit.server.call('PostSearches', { ...UA(), searches }))
      assert.deepEqual(idsOf(succeeded(await kit.server.call('PostSearchesByID', { ...UA(), id: 'old' })).hits), [
        'side',
      ])
    })

    test('several at once, or none of them; what could never be run is not saved', async () => {
      const searches = ['one', 'two'].map((id) => ({ id, save: true, query: { filters: [withConcept('dog')] } }))
      succeeded(await kit.server.call('PostInputsSearches', { ...UA(), searches }))
      const again = [{ ...searches[0]!, id: 'three' }, searches[1]!]
      refused(
        await kit.server.call('PostInputsSearches', { ...UA(), searches: again }),
        StatusCode.DATABASE_DUPLICATE_KEY,
      )
      refused(await kit.server.call('GetSearch', { ...UA(), id: 'three' }), StatusCode.CONN_DOES_NOT_EXIST)
      await kit.refuses({ save: true, algorithm: 'magic' }, /no algorithm 'magic'/)
      await kit.refuses({ save: true, minValue: 2 }, /use 0 to 1/)
      const nine = Array.from({ length: 9 }, () => ({ annotation: { inputId: 'near' } }))
      await kit.refuses({ save: true, query: { ranks: nine } }, /9 ranks; use at most 8/)
      await kit.refuses({ save: true, query: { ranks: [byVector([Number.NaN])] } }, /send finite numbers/)
      const filtersOf = { algorithm: 'magic', query: { filters: [] } }
      refused(
        await kit.server.call('PostAnnotationFilters', { ...UA(), annotationFilters: [{ search: filtersOf }] }),
        StatusCode.SEARCH_INVALID_REQUEST,
        /no algorithm 'magic'/,
      )
      await kit.refuses(
        { save: true, query: { filters: [{ annotation: { data: { concepts: [{}] } } }] } },
        /neither id/,
      )
      refused(
        await kit.server.call('PostInputsSearches', { ...UA(), searches: [{ save: true }, {}] }),
        StatusCode.SEARCH_INVALID_REQUEST,
        /send them in calls of their own/,
      )
    })

    test('are not for strangers, who may search a public app', async () => {
      const owner = await kit.server.makeUser('neighbour', 50)
      const open = await makeApp(kit.server, 'open', { owner, visibility: 50 })
      const { pat: key } = await kit.server.makeUser('stranger')
      const ask = (search: SearchInit) =>
        kit.server.call('PostInputsSearches', { userAppId: open.userAppId, searches: [search] }, { key })
      succeeded(await ask({}))
      refused(await ask({ save: true }), StatusCode.CONN_INSUFFICIENT_SCOPES, /may save searches/)
      const searches = [10, 50].map((gettable) => ({ id: `for-${gettable}`, save: true, visibility: { gettable } }))
      const userAppId = open.userAppId
      succeeded(await kit.server.call('PostInputsSearches', { userAppId, searches }, { key: owner.pat }))
      const list = async (as: string) =>
        succeeded(await kit.server.call('ListSearches', { userAppId }, { key: as })).searches.map(({ id }) => id)
      assert.deepEqual(await list(owner.pat), ['for-50', 'for-10'])
      assert.deepEqual(await list(key), ['for-50'])
      succeeded(await kit.server.call('PostSearchesByID', { userAppId, id: 'for-50' }, { key }))
      refused(await kit.server.call('PostSearchesByID', { userAppId, id: 'for-10' }, { key }), 11101)
      refused(
        await kit.server.call('PostInputsSearches', { ...UA(), searches: [{}] }, { key }),
        StatusCode.CONN_DOES_NOT_EXIST,
      )
    })

    test('do not tell strangers what is in datasets that they do not see', async () => {
      const owner = await kit.server.makeUser('collector', 50)
      const open = await makeApp(kit.server, 'collected', { owner, visibility: 50 })
      const { pat: key } = await kit.server.makeUser('visitor')
      await putInputs(kit.server.services, open, [{ id: 'in' }, { id: 'out' }])
      const userAppId = open.userAppId
      for (const [id, gettable] of [['hidden', 10] as const, ['shown', 50] as const]) {
        const datasets = [{ id, visibility: { gettable } }]
        succeeded(await kit.server.call('PostDatasets', { userAppId, datasets }, { key: owner.pat }))
        const datasetInputs = [{ input: { id: 'in' } }]
        const request = { userAppId, datasetId: id, datasetInputs }
        succeeded(await kit.server.call('PostDatasetInputs', request, { key: owner.pat }))
      }
      const find = async (id: string, as: string, negate = false) => {
        const searches = [{ query: { filters: [{ negate, input: { datasetIds: [id] } }] } }]
        return idsOf(succeeded(await kit.server.call('PostInputsSearches', { userAppId, searches }, { key: as })).hits)
      }
      assert.deepEqual([await find('hidden', owner.pat), await find('shown', key)], [['in'], ['in']])
      assert.deepEqual([await find('hidden', key), await find('nowhere', key)], [[], []])
      assert.deepEqual(await find('hidden', key, true), ['out', 'in'])
      assert.deepEqual(await find('shown', key, true), ['out'])
    })

    test('as_of leaves out inputs and annotations that came later', async () => {
      assert.deepEqual(idsOf(succeeded(await kit.inputs({ asOf: { seconds: 1n, nanos: 0 } })).hits), [])
      const before = toTimestamp(kit.server.services.clock.now())
      await kit.annotate({ inputId: 'far', id: 'new', data: { concepts: [{ id: 'dog', value: 1 }] } })
      const query = { filters: [withConcept('dog')] }
      assert.deepEqual(idsOf(succeeded(await kit.inputs({ query })).hits), ['far', 'middle', 'near'])
      assert.deepEqual(idsOf(succeeded(await kit.inputs({ query, asOf: before })).hits), ['middle', 'near'])
    })

    test('times of which no database knows are before everything, or after it', async () => {
      const [first, last] = [{ seconds: -62_135_596_800n }, { seconds: 253_402_300_799n }]
      const query = { filters: [withConcept('cat')] }
      assert.deepEqual(idsOf(succeeded(await kit.inputs({ query, asOf: last })).hits), ['side'])
      assert.deepEqual(idsOf(succeeded(await kit.inputs({ query, asOf: first })).hits), [])
      const between = (startTime: object, endTime: object) =>
        kit.inputsBy(withConcept('cat'), { lastUpdatedTimeRange: { startTime, endTime } })
      assert.deepEqual(await between(first, last), ['side'])
      assert.deepEqual(await between(last, first), [])
      assert.deepEqual(await between(last, last), [])
    })
  })

  describe('refused, with words that say what to do', () => {
    const filter = (one: FilterInit, details: RegExp) => kit.refuses({ query: { filters: [one] } }, details)

    test('unknown ways to search, and pages beyond the bound', async () => {
      await kit.refuses({ algorithm: 'magic' }, /nearest_neighbor or brute_force/)
      await kit.refuses({ metric: Search_Metric.COSINE_DISTANCE }, /needs the algorithm brute_force/)
      for (const minValue of [2, -0.1, Number.NaN]) await kit.refuses({ minValue }, /use 0 to 1/)
      const code = StatusCode.SEARCH_INVALID_REQUEST
      for (const pagination of [
        { page: 11, perPage: 1000 },
        { page: 4_294_967_295, perPage: 1000 },
        { page: 10_001, perPage: 1 },
      ]) {
        await kit.refuses({}, /page \* perPage cannot exceed 10000/, code, { pagination })
      }
      const last = { page: 10, perPage: 1000 }
      assert.deepEqual(succeeded(await kit.inputs({}, { pagination: last })).hits, [])
      assert.notEqual((await kit.inputs({}, { pagination: { page: 1, perPage: 1001 } })).status?.code, 10000)
    })

    test('no search, or several that are to be run', async () => {
      for (const searches of [[], [{}, {}]]) {
        refused(
          await kit.server.call('PostInputsSearches', { userAppId: kit.userAppId, searches }),
          StatusCode.SEARCH_INVALID_REQUEST,
          /send one/,
        )
      }
      const searches = Array.from({ length: 33 }, () => ({}))
      refused(
        await kit.server.call('PostInputsSearches', { userAppId: kit.userAppId, searches, onlyCount: true }),
        StatusCode.SEARCH_INVALID_REQUEST,
        /at most 32/,
      )
    })

    test('places that are nowhere', async () => {
      const geo = (one: object): FilterInit => ({ annotation: { data: { geo: one as never } } })
      const corner = (latitude: number, longitude: number) => ({ geoPoint: { latitude, longitude } })
      await filter(geo({ geoBox: [corner(1, 1)] }), /has 1 points; send exactly two/)
      await filter(geo({ geoBox: [corner(1, 1), corner(2, 2), corner(3, 3)] }), /has 3 points/)
      await filter(geo({ geoBox: [corner(Number.NaN, 1), corner(2, 2)] }), /not a number/)
      await filter(geo({ geoBox: [corner(91, 1), corner(2, 2)] }), /latitude.*-90 to 90/)
      const near = (latitude: number, longitude: number, geoLimit: object = { value: 1 }) =>
        geo({ geoPoint: { latitude, longitude }, geoLimit })
      await filter(near(100, 0), /latitude.*-90 to 90/)
      await filter(near(0, 181), /longitude.*-180 to 180/)
      await filter(near(0, 0, { type: 'withinParsecs', value: 1 }), /no geo limit 'withinParsecs'; use withinMiles/)
      await filter(near(0, 0, { value: -1 }), /0 or more/)
      await filter(near(0, 0, { value: Number.NaN }), /0 or more/)
      await filter(geo({}), /says no place/)
      await filter(geo({ geoLimit: { type: 'withinMiles', value: 1 } }), /says no place/)
      assert.deepEqual(await kit.inputsBy(near(0, 0, { type: 'withinRadians', value: 3e38 })), ['far'])
    })

    test('values, ways and fields that there are none of', async () => {
      for (const value of [Number.NaN, -1, 1.5, Number.NEGATIVE_INFINITY]) {
        await filter(withConcept('dog', value), /concept 'dog' in a filter has the value .*; use 0 to 1/)
        const concepts = [{ id: 'dog', value }]
        await kit.refuses({ query: { ranks: [{ annotation: { data: { concepts } } }] } }, /in a rank has the value/)
      }
      const mixed = [
        { id: 'dog', value: 1 },
        { id: 'cat', value: 0 },
      ]
      await kit.refuses({ query: { ranks: [{ annotation: { data: { concepts: mixed } } }] } }, /rank of their own/)
      await kit.refuses({ metric: 99 as Search_Metric }, /no metric 99/)
      const labels = { concepts: [{ id: 'dog', value: 1 }] }
      await filter({ input: { data: labels } }, /put labels into its annotation/)
      await filter({ input: { data: { metadata: { place: 'zoo' } } } }, /put labels into its annotation/)
      await filter({ annotation: { data: { regions: [{ data: labels }] } } }, /labels of parts in data/)
      await filter({ annotation: { data: { embeddings: [{ vector: [1] }] } } }, /cannot compare embeddings/)
    })

    test('too much of anything: filters, conditions, and JSON that is deep or wide', async () => {
      const many = (count: number) => Array.from({ length: count }, () => withConcept('dog'))
      await kit.refuses({ query: { filters: many(129) } }, /has 129 filters; use at most 128/)
      const concepts = Array.from({ length: 1_001 }, (_, at) => ({ id: `c${at}`, value: 1 }))
      await filter({ annotation: { data: { concepts } } }, /have 1001 conditions; use at most 1000/)
      let deep: object = { end: 1 }
      for (let at = 0; at < 40; at++) deep = { deep }
      await filter({ annotation: { data: { metadata: deep as never } } }, /at most 16 deep/)
      const wide = Object.fromEntries(Array.from({ length: 101 }, (_, at) => [`k${at}`, at]))
      await filter({ annotation: { data: { metadata: wide } } }, /at most 100 values/)
      await filter({ annotation: { data: { concepts: [{ value: 1 }] } } }, /neither id nor name/)
      succeeded(await kit.inputs({ query: { filters: many(128) } }))
    })

    test('as much as is allowed of anything is not', async () => {
      const ids = Array.from({ length: 999 }, (_, at) => `c${at}`)
      const concepts = [...ids, 'dog'].map((id) => ({ id, value: 1 }))
      const labelled: FilterInit = { annotation: { data: { concepts } } }
      assert.deepEqual(await kit.inputsBy(labelled), ['far', 'middle', 'near'])
      assert.equal((await kit.annotationsBy(labelled)).length, 3)
      assert.deepEqual(await kit.inputsBy({ ...labelled, negate: true }), ['side'])
      const named: FilterInit = {
        annotation: { data: { concepts: concepts.map(({ id: name }) => ({ name, value: 1 })) } },
      }
      assert.deepEqual(await kit.inputsBy(named), ['far', 'middle', 'near'])
      assert.deepEqual(await kit.inputsBy({ input: { datasetIds: [...ids, 'none'] } }), [])
      const { services } = kit.server
      const texts = Array.from({ length: 20 }, (_, at) => `text-${at}`)
      const put = await putInputs(
        services,
        kit.app,
        texts.map((id) => ({ id, kind: 'text' })),
      )
      const worded = [...put.values()].map((inputPk) => ({ inputPk, text: textWords(['zebra']) }))
      await services.db.transact((tx) => setInputTexts(tx, kit.app.pk, worded))
      const zebra: FilterInit = { input: { data: { text: { raw: 'zebra OR horse' } } } }
      assert.deepEqual(await kit.inputsBy(...Array.from({ length: 128 }, () => zebra)), texts.toReversed())
    })
  })
})
