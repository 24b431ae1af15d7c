import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type FilterSchema,
  type Hit,
  type RankSchema,
  type Search,
  Search_Metric,
  type SearchSchema,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine, type Place } from '../store/kit.ts'

type FilterInit = MessageInitShape<typeof FilterSchema>
type RankInit = MessageInitShape<typeof RankSchema>
type SearchInit = MessageInitShape<typeof SearchSchema>
type SearchSettings = Pick<Search, 'algorithm' | 'minValue' | 'metric'>

// Vectors of four numbers around the first axis: `near` is like the query, `far` is its opposite.
const VECTORS = { near: [1, 0.1, 0, 0], middle: [1, 1, 0, 0], side: [0, 1, 0, 0], far: [-1, 0, 0.1, 0] }
const box = { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 }

onEachEngine('searches', (engine) => {
  let server: TestServer
  let app: TestApp
  let place: Place

  before(async () => {
    place = await engine.place()
    const { location } = place
    server = await startTestServer({ settings: 'url' in location ? { databaseUrl: location.url } : {} })
    app = await makeApp(server, 'finds')
    await putInputs(server.services, app, [
      { id: 'near', data: { concepts: [{ id: 'dog', value: 1 }] } },
      {
        id: 'middle',
        data: {
          concepts: [
            { id: 'dog', value: 1 },
            { id: 'cat', value: 0 },
          ],
          metadata: { place: 'zoo', tags: ['a', 'b'], deep: { of: 3 } },
        },
      },
      {
        id: 'side',
        kind: 'text',
        data: { concepts: [{ id: 'cat', value: 1 }], metadata: { place: 'home' } },
      },
      { id: 'far', kind: 'video', data: { geo: { geoPoint: { latitude: 40.75, longitude: -73.98 } } } },
      { id: 'waiting', data: { concepts: [{ id: 'dog', value: 1 }] }, statusCode: StatusCode.INPUT_PENDING },
    ])
    for (const [id, vector] of Object.entries(VECTORS)) {
      const annotations = [{ inputId: id, id: `v-${id}`, data: { embeddings: [{ vector, numDimensions: 4 }] } }]
      succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
    }
    const region = (id: string, concept: string) => ({
      inputId: 'near',
      id,
      data: { regions: [{ regionInfo: { boundingBox: box }, data: { concepts: [{ id: concept, value: 1 }] } }] },
    })
    const annotations = [region('r-ear', 'ear'), region('r-tail', 'tail')]
    succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await place.remove()
  })

  const ofInputs = (search: SearchInit, more = {}) =>
    server.call('PostInputsSearches', { userAppId: app.userAppId, searches: [search], ...more })
  const ofAnnotations = (search: SearchInit, more = {}) =>
    server.call('PostAnnotationsSearches', { userAppId: app.userAppId, searches: [search], ...more })
  const idsOf = (hits: readonly Hit[]) => hits.map(({ input }) => input?.id)
  const inputsBy = async (...filters: FilterInit[]) => idsOf(succeeded(await ofInputs({ query: { filters } })).hits)
  const annotationsBy = async (...filters: FilterInit[]) =>
    succeeded(await ofAnnotations({ query: { filters } })).hits.map(({ annotation }) => annotation?.id)
  const ranked = async (rank: RankInit, search: Partial<SearchSettings> = {}, filters: FilterInit[] = []) =>
    succeeded(await ofInputs({ ...search, query: { ranks: [rank], filters } })).hits
  const byVector = (vector: readonly number[]): RankInit => ({
    annotation: { data: { embeddings: [{ vector: [...vector] }] } },
  })
  const withConcept = (id: string, value = 1): FilterInit => ({ annotation: { data: { concepts: [{ id, value }] } } })

  describe('filters', () => {
    test('without any, all processed inputs come, the newest first, each with score 1', async () => {
      const { hits } = succeeded(await ofInputs({}))
      assert.deepEqual(idsOf(hits), ['far', 'side', 'middle', 'near'])
      assert.deepEqual(
        hits.map(({ score }) => score),
        [1, 1, 1, 1],
      )
      assert.equal(hits[3]!.input?.data?.concepts[0]?.id, 'dog')
    })

    test('by concept: id, name, several are alternatives, several filters must all hold, 0 asks for the negative', async () => {
      assert.deepEqual(await inputsBy(withConcept('dog')), ['middle', 'near'])
      assert.deepEqual(await inputsBy({ annotation: { data: { concepts: [{ name: 'dog', value: 1 }] } } }), [
        'middle',
        'near',
      ])
      const either = {
        annotation: {
          data: {
            concepts: [
              { id: 'dog', value: 1 },
              { id: 'cat', value: 1 },
            ],
          },
        },
      }
      assert.deepEqual(await inputsBy(either), ['side', 'middle', 'near'])
      assert.deepEqual(await inputsBy(withConcept('dog'), withConcept('cat')), [])
      assert.deepEqual(await inputsBy(withConcept('dog'), withConcept('cat', 0)), ['middle'])
      assert.deepEqual(await inputsBy({ ...withConcept('dog'), negate: true }), ['far', 'side'])
      assert.deepEqual(await inputsBy(withConcept('unknown')), [])
    })

    test('by kind of input, where empty messages ask; several kinds and a status in one filter are alternatives', async () => {
      assert.deepEqual(await inputsBy({ input: { data: { image: {} } } }), ['middle', 'near'])
      assert.deepEqual(await inputsBy({ input: { data: { text: {}, video: {} } } }), ['far', 'side'])
      assert.deepEqual(await inputsBy({ input: { data: { audio: {} } } }), [])
      const pending = { input: { status: { code: StatusCode.INPUT_PENDING } } }
      assert.deepEqual(await inputsBy(pending), ['waiting'])
    })

    test('by metadata: nested and in lists, keys of one filter are alternatives', async () => {
      const metadata = (value: object): FilterInit => ({ annotation: { data: { metadata: value as never } } })
      assert.deepEqual(await inputsBy(metadata({ place: 'zoo' })), ['middle'])
      assert.deepEqual(await inputsBy(metadata({ place: 'Zoo' })), [])
      assert.deepEqual(await inputsBy(metadata({ tags: ['b'] })), ['middle'])
      assert.deepEqual(await inputsBy(metadata({ deep: { of: 3 } })), ['middle'])
      assert.deepEqual(await inputsBy(metadata({ place: 'home', tags: ['a'] })), ['side', 'middle'])
    })

    test('by place: around a point in each unit, and in a box of two corners', async () => {
      const around = (type: string, value: number): FilterInit => ({
        annotation: { data: { geo: { geoPoint: { latitude: 40.7, longitude: -74 }, geoLimit: { type, value } } } },
      })
      for (const [type, yes, no] of [
        ['withinKilometers', 6, 5],
        ['withinMiles', 4, 3],
        ['withinDegrees', 0.06, 0.05],
        ['withinRadians', 0.001, 0.0005],
      ] as const) {
        assert.deepEqual(await inputsBy(around(type, yes)), ['far'], type)
        assert.deepEqual(await inputsBy(around(type, no)), [], type)
      }
      const corners = [{ geoPoint: { latitude: 41, longitude: -75 } }, { geoPoint: { latitude: 40, longitude: -73 } }]
      assert.deepEqual(await inputsBy({ annotation: { data: { geo: { geoBox: corners } } } }), ['far'])
    })

    test('a hit of a search of annotations is one annotation, on which all must hold', async () => {
      assert.deepEqual(await annotationsBy(withConcept('ear')), ['r-ear'])
      assert.deepEqual(await annotationsBy(withConcept('ear'), withConcept('tail')), [])
      assert.deepEqual(await inputsBy(withConcept('ear'), withConcept('tail')), ['near'])
      const boxes = { annotation: { data: { regions: [{ regionInfo: { boundingBox: {} } }] } } }
      assert.deepEqual(await annotationsBy(boxes), ['r-tail', 'r-ear'])
    })

    test('of inputs count what fits, without hits', async () => {
      const answer = succeeded(await ofInputs({ query: { filters: [withConcept('dog')] } }, { onlyCount: true }))
      assert.deepEqual([answer.hits, answer.hitCounts.map(({ estimatedTotal }) => estimatedTotal)], [[], [2n]])
    })
  })

  describe('ranks', () => {
    test('by a vector: best first, scores are (1 + cosine) / 2', async () => {
      for (const algorithm of ['', 'nearest_neighbor', 'brute_force']) {
        const hits = await ranked(byVector([1, 0, 0, 0]), { algorithm })
        assert.deepEqual(idsOf(hits), ['near', 'middle', 'side', 'far'])
        for (const [at, expected] of [0.9975, 0.8536, 0.5, 0.0025].entries()) {
          assert.ok(Math.abs(hits[at]!.score - expected) < 1e-4, `${hits[at]!.score}`)
        }
      }
    })

    test('negated the farthest come first; min_value cuts; pages follow one another', async () => {
      assert.deepEqual(idsOf(await ranked({ ...byVector([1, 0, 0, 0]), negate: true })), [
        'far',
        'side',
        'middle',
        'near',
      ])
      assert.deepEqual(idsOf(await ranked(byVector([1, 0, 0, 0]), { minValue: 0.8 })), ['near', 'middle'])
      const search = { query: { ranks: [byVector([1, 0, 0, 0])] } }
      const pages = []
      for (const page of [1, 2, 3]) {
        pages.push(idsOf(succeeded(await ofInputs(search, { pagination: { page, perPage: 2 } })).hits))
      }
      assert.deepEqual(pages, [['near', 'middle'], ['side', 'far'], []])
    })

    test('among what fits the filters', async () => {
      assert.deepEqual(idsOf(await ranked(byVector([1, 0, 0, 0]), {}, [withConcept('cat')])), ['side'])
      assert.deepEqual(idsOf(await ranked(byVector([1, 0, 0, 0]), {}, [{ ...withConcept('dog'), negate: true }])), [
        'side',
        'far',
      ])
    })

    test('like a stored input, which is found itself', async () => {
      assert.deepEqual(idsOf(await ranked({ annotation: { inputId: 'side' } })), ['side', 'middle', 'near', 'far'])
      refused(
        await ofInputs({ query: { ranks: [{ annotation: { inputId: 'waiting' } }] } }),
        StatusCode.SEARCH_BY_NOT_FULLY_INDEXED_INPUT,
      )
    })

    test('by the confidence in a concept, and its opposite', async () => {
      const rank: RankInit = { annotation: { data: { concepts: [{ id: 'cat', value: 1 }] } } }
      const hits = await ranked(rank)
      assert.deepEqual(idsOf(hits), ['side', 'middle'])
      assert.deepEqual(
        hits.map(({ score }) => score),
        [1, 0],
      )
      assert.deepEqual(idsOf(await ranked({ ...rank, negate: true })), ['middle', 'side'])
    })

    test('several count with the mean of their scores', async () => {
      const concept: RankInit = { annotation: { data: { concepts: [{ id: 'cat', value: 1 }] } } }
      const { hits } = succeeded(await ofInputs({ query: { ranks: [byVector([1, 0, 0, 0]), concept] } }))
      assert.deepEqual(idsOf(hits), ['side', 'near', 'middle', 'far'])
      assert.ok(Math.abs(hits[0]!.score - 0.75) < 1e-4)
    })

    test('of annotations: those that have the vector, or those that fit', async () => {
      const search = { query: { ranks: [byVector([1, 0, 0, 0])] } }
      const { hits } = succeeded(await ofAnnotations(search))
      assert.deepEqual(
        hits.map(({ annotation }) => annotation?.id),
        ['v-near', 'v-middle', 'v-side', 'v-far'],
      )
      const ears = succeeded(await ofAnnotations({ query: { ...search.query, filters: [withConcept('ear')] } })).hits
      assert.deepEqual(
        ears.map(({ annotation, input }) => [annotation?.id, input?.id]),
        [['r-ear', 'near']],
      )
    })
  })

  describe('changes', () => {
    test('what is added is found at once and what is deleted never again', async () => {
      await putInputs(server.services, app, [{ id: 'fresh' }])
      const annotations = [
        { inputId: 'fresh', id: 'v', data: { embeddings: [{ vector: [0, 0, 0, 1], numDimensions: 4 }] } },
      ]
      succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
      assert.equal(idsOf(await ranked(byVector([0, 0, 0, 1])))[0], 'fresh')
      succeeded(
        await server.call('DeleteAnnotation', { userAppId: app.userAppId, inputId: 'fresh', annotationId: 'v' }),
      )
      assert.ok(!idsOf(await ranked(byVector([0, 0, 0, 1]))).includes('fresh'))
      await server.services.db.transact((tx) => tx.deleteFrom('inputs').where('id', '=', 'fresh').execute())
      assert.ok(!(await inputsBy()).includes('fresh'))
    })
  })

  describe('the older form', () => {
    const older = async (...ands: object[]) =>
      idsOf(succeeded(await server.call('PostSearches', { userAppId: app.userAppId, query: { ands } as never })).hits)

    test('filters by labels, kinds, metadata (all of it) and urls; ranks by likeness', async () => {
      assert.deepEqual(await older({ input: { data: { concepts: [{ id: 'dog', value: 1 }] } } }), ['middle', 'near'])
      assert.deepEqual(await older({ input: { data: { concepts: [{ id: 'dog', value: 0 }] } } }), ['far', 'side'])
      assert.deepEqual(await older({ input: { data: { metadata: { place: 'zoo', tags: ['a'] } } } }), ['middle'])
      assert.deepEqual(await older({ input: { data: { metadata: { place: 'home', tags: ['a'] } } } }), [])
      assert.deepEqual(await older({ input: { data: { image: {} } } }), ['middle', 'near'])
      assert.deepEqual(await older({ output: { input: { id: 'near' } } }, { negate: true, input: { id: 'near' } }), [
        'middle',
        'side',
        'far',
      ])
      assert.deepEqual(await older({ output: { data: { concepts: [{ id: 'cat', value: 1 }] } } }), ['side', 'middle'])
    })
  })

  describe('saved ones', () => {
    const UA = () => ({ userAppId: app.userAppId })

    test('are kept without being run, run by their id, listed, changed and deleted', async () => {
      const search = { id: 'dogs', save: true, name: 'all dogs', query: { filters: [withConcept('dog')] } }
      const saved = succeeded(await ofInputs(search))
      assert.deepEqual([saved.hits, saved.id, saved.searches[0]?.name], [[], 'dogs', 'all dogs'])
      refused(await ofInputs(search), StatusCode.DATABASE_DUPLICATE_KEY)
      const run = succeeded(await server.call('PostSearchesByID', { ...UA(), id: 'dogs' }))
      assert.deepEqual(idsOf(run.hits), ['middle', 'near'])
      assert.equal(succeeded(await server.call('GetSearch', { ...UA(), id: 'dogs' })).search?.name, 'all dogs')
      const change = { searches: [{ id: 'dogs', query: { filters: [withConcept('cat')] } }], action: 'overwrite' }
      succeeded(await server.call('PatchInputsSearches', { ...UA(), ...change }))
      assert.deepEqual(idsOf(succeeded(await server.call('PostSearchesByID', { ...UA(), id: 'dogs' })).hits), ['side'])
      const listed = succeeded(await server.call('ListSearches', UA())).searches
      assert.deepEqual(
        listed.map(({ id }) => id),
        ['dogs'],
      )
      succeeded(await server.call('DeleteSearch', { ...UA(), id: 'dogs' }))
      refused(await server.call('DeleteSearch', { ...UA(), id: 'dogs' }), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await server.call('PostSearchesByID', { ...UA(), id: 'dogs' }), StatusCode.CONN_DOES_NOT_EXIST)
    })

    test('are not for strangers, who may search a public app', async () => {
      const owner = await server.makeUser('neighbour', 50)
      const open = await makeApp(server, 'open', { owner, visibility: 50 })
      const { pat: key } = await server.makeUser('stranger')
      const ask = (search: SearchInit) =>
        server.call('PostInputsSearches', { userAppId: open.userAppId, searches: [search] }, { key })
      succeeded(await ask({}))
      refused(await ask({ save: true }), StatusCode.CONN_INSUFFICIENT_SCOPES, /may save searches/)
    })

    test('as_of leaves out what came later', async () => {
      const asOf = { seconds: 1n, nanos: 0 }
      assert.deepEqual(idsOf(succeeded(await ofInputs({ asOf })).hits), [])
    })
  })

  describe('refused', () => {
    const no = async (search: SearchInit, details: RegExp, more = {}) =>
      refused(await ofInputs(search, more), StatusCode.SEARCH_INVALID_REQUEST, details)

    test('what cannot be asked, with words that say what to do', async () => {
      await no({ algorithm: 'magic' }, /nearest_neighbor or brute_force/)
      await no({ metric: Search_Metric.COSINE_DISTANCE }, /brute_force/)
      await no({ minValue: 2 }, /use 0 to 1/)
      await no({ minValue: Number.NaN }, /use 0 to 1/)
      await no({ query: { ranks: [{}] } }, /empty/)
      await no({ query: { ranks: [{ annotation: {} }] } }, /says nothing/)
      await no({ query: { ranks: [byVector([1, 2])] } }, /has 2 numbers, but the app has 4/)
      await no({ query: { ranks: [byVector([1, Number.NaN, 0, 0])] } }, /finite/)
      await no({ query: { ranks: [{ annotation: { inputId: 'nowhere' } }] } }, /no input 'nowhere'/)
      await no({ query: { ranks: Array.from({ length: 9 }, () => byVector([1, 0, 0, 0])) } }, /at most 8/)
      await no({}, /page \* perPage cannot exceed/, { pagination: { page: 11, perPage: 1000 } })
      refused(
        await server.call('PostInputsSearches', { userAppId: app.userAppId, searches: [] }),
        StatusCode.SEARCH_INVALID_REQUEST,
        /send one/,
      )
      refused(
        await server.call('PostInputsSearches', { userAppId: app.userAppId, searches: [{}, {}] }),
        StatusCode.SEARCH_INVALID_REQUEST,
        /send one/,
      )
    })

    test('by media that the embedder of the app does not take', async () => {
      await no({ query: { ranks: [{ annotation: { data: { text: { raw: 'a dog' } } } }] } }, /cannot compare text/)
    })
  })
})
