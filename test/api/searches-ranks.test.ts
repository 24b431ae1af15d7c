import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { toTimestamp } from '../../src/base/timestamps.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { conceptPksNamed, labelsByValue } from '../../src/store/repos/search-labels.ts'
import { makeApp, refused, succeeded } from '../kit/apps.ts'
import {
  byVector,
  type FilterInit,
  idsOf,
  putZoo,
  type RankInit,
  type SearchInit,
  SearchKit,
  withConcept,
} from '../kit/searching.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

const EVERYTHING = { clauses: [], annotationStatuses: null, trustedOnly: false, inputStatuses: null, asOf: null }
const FIRST_AXIS = byVector([1, 0, 0, 0])
const byConcept = (id: string, value = 1): RankInit => ({ annotation: { data: { concepts: [{ id, value }] } } })

onEachEngine('ranks of searches', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine)
    await putZoo(kit)
  })
  after(() => kit[Symbol.asyncDispose]())

  const order = async (rank: RankInit, search: SearchInit = {}, filters: FilterInit[] = []) =>
    idsOf(await kit.ranked(rank, search, filters))
  const ranks = (...all: RankInit[]): SearchInit => ({ query: { ranks: all } })

  describe('by vectors', () => {
    test('best first, scores are (1 + cosine) / 2, whatever the algorithm and metric', async () => {
      const euclidean = { metric: 1 }
      const cosine = { algorithm: 'brute_force', metric: 2 }
      for (const search of [{}, { algorithm: 'nearest_neighbor' }, { algorithm: 'brute_force' }, euclidean, cosine]) {
        const hits = await kit.ranked(FIRST_AXIS, search)
        assert.deepEqual(idsOf(hits), ['near', 'middle', 'side', 'far'])
        for (const [at, expected] of [0.9975, 0.8536, 0.5, 0.0025].entries()) {
          assert.ok(Math.abs(hits[at]!.score - expected) < 1e-4, `${hits[at]!.score}`)
        }
      }
      const longer = await kit.ranked(byVector([250, 0, 0, 0]))
      assert.ok(Math.abs(longer[0]!.score - 0.9975) < 1e-4)
    })

    test('negated the farthest come first, with the opposite scores', async () => {
      const hits = await kit.ranked({ ...FIRST_AXIS, negate: true })
      assert.deepEqual(idsOf(hits), ['far', 'side', 'middle', 'near'])
      assert.ok(Math.abs(hits[0]!.score - 0.9975) < 1e-4)
    })

    test('min_value cuts, 0 nothing and 1 all but the very same; pages follow one another', async () => {
      assert.deepEqual(await order(FIRST_AXIS, { minValue: 0.8 }), ['near', 'middle'])
      assert.deepEqual(await order(byVector([1, 0.1, 0, 0]), { minValue: 0.9999 }), ['near'])
      assert.equal((await order(FIRST_AXIS, { minValue: 0 })).length, 4)
      const pages = []
      for (const page of [1, 2, 3]) {
        pages.push(idsOf(succeeded(await kit.inputs(ranks(FIRST_AXIS), { pagination: { page, perPage: 2 } })).hits))
      }
      assert.deepEqual(pages, [['near', 'middle'], ['side', 'far'], []])
    })

    test('among what fits the filters', async () => {
      assert.deepEqual(await order(FIRST_AXIS, {}, [withConcept('cat')]), ['side'])
      assert.deepEqual(await order(FIRST_AXIS, {}, [{ ...withConcept('dog'), negate: true }]), ['side', 'far'])
      assert.deepEqual(await order(FIRST_AXIS, {}, [withConcept('unknown')]), [])
    })

    test('like a stored input, which is found itself; of several vectors their mean', async () => {
      assert.deepEqual(await order({ annotation: { inputId: 'side' } }), ['side', 'middle', 'near', 'far'])
      const code = StatusCode.SEARCH_BY_NOT_FULLY_INDEXED_INPUT
      refused(await kit.inputs(ranks({ annotation: { inputId: 'waiting' } })), code, /wait until it is processed/)
      await putInputs(kit.server.services, kit.app, [{ id: 'twice' }])
      const twice = (vector: number[], at: number) => ({
        inputId: 'twice',
        id: `twice-${at}`,
        data: { embeddings: [{ vector, numDimensions: 4 }] },
      })
      await kit.annotate(twice([1, 0, 0, 0], 0), twice([0, 1, 0, 0], 1))
      const hits = await kit.ranked({ annotation: { inputId: 'twice' } })
      assert.equal(hits[0]?.input?.id, 'middle')
      assert.ok(Math.abs(hits[0]!.score - 1) < 1e-4)
      // An input with several vectors is one hit, at the place of its best.
      assert.deepEqual(await order(byVector([0, 1, 0, 0])), ['side', 'twice', 'middle', 'near', 'far'])
      succeeded(await kit.server.call('DeleteInput', { userAppId: kit.userAppId, inputId: 'twice' }))
    })

    test('of equal vectors the older come first, on whatever page', async () => {
      const ids = Array.from({ length: 7 }, (_, at) => `same-${at}`)
      await putInputs(
        kit.server.services,
        kit.app,
        ids.map((id) => ({ id, data: { concepts: [{ id: 'same', value: 1 }] } })),
      )
      const vector = [0, 0, 0, 1]
      await kit.annotate(
        ...ids.map((inputId) => ({ inputId, id: 'v', data: { embeddings: [{ vector, numDimensions: 4 }] } })),
      )
      for (const algorithm of ['nearest_neighbor', 'brute_force']) {
        const search = { algorithm, query: { ranks: [byVector(vector)], filters: [withConcept('same')] } }
        const pages = []
        for (const page of [1, 2, 3, 4]) {
          pages.push(...idsOf(succeeded(await kit.inputs(search, { pagination: { page, perPage: 2 } })).hits))
        }
        assert.deepEqual(pages, ids, algorithm)
      }
      succeeded(await kit.server.call('DeleteInputs', { userAppId: kit.userAppId, ids }))
    })
  })

  describe('by concepts', () => {
    test('by the confidence in one, of several the highest; value 0 and negate ask for the opposite', async () => {
      const hits = await kit.ranked(byConcept('cat'))
      assert.deepEqual(
        hits.map(({ input, score }) => [input?.id, score]),
        [
          ['side', 1],
          ['middle', 0],
        ],
      )
      assert.deepEqual(await order(byConcept('cat', 0)), ['middle', 'side'])
      assert.deepEqual(await order({ ...byConcept('cat'), negate: true }), ['middle', 'side'])
      assert.deepEqual(await order({ ...byConcept('cat', 0), negate: true }), ['side', 'middle'])
      const both = { annotation: { data: { concepts: ['cat', 'dog'].map((id) => ({ id, value: 1 })) } } }
      assert.deepEqual(await order(both), ['waiting', 'side', 'middle', 'near'].slice(1))
      assert.deepEqual(await order({ annotation: { data: { concepts: [{ name: 'cat', value: 1 }] } } }), [
        'side',
        'middle',
      ])
      assert.deepEqual(await order(byConcept('unknown')), [])
      assert.deepEqual(await order(byConcept('cat'), {}, [withConcept('dog')]), ['middle'])
    })

    test('of equal ones the newer input comes first', async () => {
      assert.deepEqual(await order(byConcept('dog')), ['middle', 'near'])
    })

    describe('of inputs with several labels', () => {
      const ids = Array.from({ length: 12 }, (_, at) => `many-${at}`)
      const pagesOf = async (rank: RankInit, rpc: 'inputs' | 'annotations', perPage: number) => {
        const found: string[] = []
        for (let page = 1; ; page++) {
          const { hits } = succeeded(await kit[rpc](ranks(rank), { pagination: { page, perPage } }))
          found.push(...hits.map(({ input, annotation }) => `${input?.id} ${rpc === 'inputs' ? '' : annotation?.id}`))
          if (hits.length < perPage) return found
        }
      }

      before(async () => {
        await putInputs(
          kit.server.services,
          kit.app,
          ids.map((id) => ({ id })),
        )
        // The oldest inputs are labelled last, and some of them twice.
        const labels = ids
          .toReversed()
          .flatMap((inputId, at) => [
            { inputId, id: `a-${inputId}`, data: { concepts: [{ id: 'fur', value: at % 3 === 0 ? 0.25 : 1 }] } },
            ...(at % 2 === 0 ? [{ inputId, id: `b-${inputId}`, data: { concepts: [{ id: 'fur', value: 0.5 }] } }] : []),
            { inputId, id: `c-${inputId}`, data: { concepts: [{ id: 'paw', value: 0.5 }] } },
          ])
        await kit.annotate(...labels)
      })
      after(() => kit.server.call('DeleteInputs', { userAppId: kit.userAppId, ids }))

      test('pages of whatever size fit together', async () => {
        const both = (value: number): RankInit => ({
          annotation: { data: { concepts: ['fur', 'paw'].map((id) => ({ id, value })) } },
        })
        for (const rank of [byConcept('fur'), byConcept('fur', 0), both(1), both(0), byConcept('paw')]) {
          for (const rpc of ['inputs', 'annotations'] as const) {
            const whole = await pagesOf(rank, rpc, 100)
            assert.equal(new Set(whole).size, whole.length)
            assert.ok(whole.length >= ids.length)
            for (const perPage of [1, 2, 5, 7]) assert.deepEqual(await pagesOf(rank, rpc, perPage), whole)
          }
        }
      })

      test('of few equal labels and of many the same come first', async () => {
        const { read } = kit.server.services.db
        const [conceptPk] = await conceptPksNamed(read, [kit.app.pk], { id: 'fur', name: '' })
        const scope = { ...EVERYTHING, appPk: kit.app.pk }
        for (const lowestFirst of [false, true]) {
          const at = { conceptPk: conceptPk!, lowestFirst }
          const all = await labelsByValue(read, scope, at, 100)
          for (let limit = 1; limit <= all.length; limit++) {
            assert.deepEqual(await labelsByValue(read, scope, at, limit), all.slice(0, limit))
            assert.deepEqual(await labelsByValue(read, scope, at, limit, 1), all.slice(0, limit))
          }
        }
      })

      test('labels that are not done, or came later than as_of, do not count', async () => {
        const asOf = toTimestamp(kit.server.services.clock.now())
        const concepts = [{ id: 'claw', value: 1 }]
        const status = { code: StatusCode.ANNOTATION_PENDING }
        await kit.annotate(
          { inputId: 'many-1', id: 'pending', data: { concepts }, status },
          { inputId: 'many-2', id: 'later', data: { concepts } },
        )
        const found = (rank: RankInit, search: SearchInit = {}) => order(rank, search, [withConcept('paw')])
        for (const rank of [byConcept('claw'), byConcept('claw', 0)]) {
          assert.deepEqual([await order(rank), await found(rank)], [['many-2'], ['many-2']])
          assert.deepEqual([await order(rank, { asOf }), await found(rank, { asOf })], [[], []])
        }
      })

      test('the opposite is that of the highest, among all and among those that fit filters', async () => {
        const scores = async (filters: FilterInit[]) =>
          new Map((await kit.ranked(byConcept('fur', 0), {}, filters)).map(({ input, score }) => [input?.id, score]))
        const all = await scores([])
        assert.deepEqual([all.get('many-11'), all.get('many-10'), all.get('many-8')], [0.5, 0, 0.75])
        assert.deepEqual(await scores([withConcept('paw')]), all)
      })

      test('a hit has the annotation with the best label, with and without filters', async () => {
        const annotations = async (filters: FilterInit[]) =>
          (await kit.ranked(byConcept('fur'), {}, filters)).map(({ annotation }) => annotation?.id)
        const found = await annotations([])
        assert.ok(found.includes('b-many-11') && found.includes('a-many-9') && !found.includes('a-many-11'))
        assert.deepEqual(await annotations([withConcept('paw')]), found)
      })
    })
  })

  describe('several', () => {
    test('count with the mean of their scores; one that knows nothing of an input counts as 0', async () => {
      const { hits } = succeeded(await kit.inputs(ranks(FIRST_AXIS, byConcept('cat'))))
      assert.deepEqual(idsOf(hits), ['side', 'near', 'middle', 'far'])
      for (const [at, expected] of [0.75, 0.9975 / 2, 0.8536 / 2, 0.0025 / 2].entries()) {
        assert.ok(Math.abs(hits[at]!.score - expected) < 1e-4)
      }
    })

    test('find what is in the middle of each of their lists, and pages fit together', async () => {
      const count = 2_400
      const ids = Array.from({ length: count }, (_, at) => `level-${at}`)
      await putInputs(
        kit.server.services,
        kit.app,
        ids.map((id, at) => {
          const part = at / count
          const concepts = [
            { id: 'rises', value: part },
            { id: 'falls', value: 1 - part ** 2 },
          ]
          return { id, data: { concepts } }
        }),
      )
      const search = ranks(byConcept('rises'), byConcept('falls'))
      const page = async (number: number, perPage: number) =>
        idsOf(succeeded(await kit.inputs(search, { pagination: { page: number, perPage } })).hits)
      const found = [...(await page(1, 120)), ...(await page(2, 120)), ...(await page(3, 120))]
      assert.equal(found[0], `level-${count / 2}`)
      assert.deepEqual(found, await page(1, 360))
      await kit.server.services.db.transact((tx) =>
        tx.deleteFrom('inputs').where('id', 'like', 'level-%').where('app_pk', '=', kit.app.pk).execute(),
      )
    })

    test('that say nothing are no ranks, as clients send one that is empty', async () => {
      for (const rank of [{}, { annotation: {} }, { annotation: { data: {} } }]) {
        assert.deepEqual(idsOf(succeeded(await kit.inputs(ranks(rank))).hits), ['far', 'side', 'middle', 'near'])
      }
      assert.deepEqual(idsOf(succeeded(await kit.inputs(ranks({}, FIRST_AXIS))).hits)[0], 'near')
    })
  })

  test('of annotations find those that have the vector or label, or those that fit', async () => {
    const found = async (search: SearchInit) =>
      succeeded(await kit.annotations(search)).hits.map(({ annotation, input }) => [annotation?.id, input?.id])
    assert.deepEqual(await found(ranks(FIRST_AXIS)), [
      ['v-near', 'near'],
      ['v-middle', 'middle'],
      ['v-side', 'side'],
      ['v-far', 'far'],
    ])
    assert.deepEqual(await found(ranks(byConcept('ear'))), [['r-ear', 'near']])
    assert.deepEqual(await found({ query: { ranks: [FIRST_AXIS], filters: [withConcept('ear')] } }), [
      ['r-ear', 'near'],
    ])
  })

  test('count the hits of a rank', async () => {
    const searches = [{ query: { ranks: [FIRST_AXIS] }, minValue: 0.8 }]
    const answer = await kit.server.call('PostInputsSearches', { userAppId: kit.userAppId, searches, onlyCount: true })
    assert.deepEqual(
      succeeded(answer).hitCounts.map(({ estimatedTotal }) => estimatedTotal),
      [2n],
    )
  })

  test('what is added is found at once and what is deleted never again', async () => {
    await putInputs(kit.server.services, kit.app, [{ id: 'fresh' }])
    const axis = byVector([0, 0, 0, 1])
    await kit.annotate({
      inputId: 'fresh',
      id: 'v',
      data: { embeddings: [{ vector: [0, 0, 0, 1], numDimensions: 4 }] },
    })
    assert.equal((await order(axis))[0], 'fresh')
    const { userAppId } = kit
    succeeded(await kit.server.call('DeleteAnnotation', { userAppId, inputId: 'fresh', annotationId: 'v' }))
    assert.ok(!(await order(axis)).includes('fresh'))
    await kit.server.services.db.transact((tx) => tx.deleteFrom('inputs').where('id', '=', 'fresh').execute())
    assert.ok(!(await kit.inputsBy()).includes('fresh'))
  })

  describe('are refused', () => {
    test('where a vector is none, or of a length or version that the app does not have', async () => {
      await kit.refuses(ranks(byVector([1, 2])), /has 2 numbers, but the app has 4/)
      await kit.refuses(ranks(byVector([])), /is empty or has something that is no number/)
      for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
        await kit.refuses(ranks(byVector([1, bad, 0, 0])), /finite/)
      }
      const unknown = { annotation: { ...FIRST_AXIS.annotation, modelVersionId: 'f'.repeat(32) } }
      await kit.refuses(ranks(unknown), /no model version 'f+' to rank by; name one of an embedder/)
      assert.equal((await order(byVector([0, 0, 0, 0]))).length, 4)
      const { userAppId } = await makeApp(kit.server, 'vectorless')
      refused(
        await kit.server.call('PostInputsSearches', { userAppId, searches: [ranks(FIRST_AXIS)] }),
        StatusCode.SEARCH_INVALID_REQUEST,
        /^The app has no vectors to compare the embedding of a rank with; add inputs first\.$/,
      )
    })

    test('where they name nothing that is there, or there are too many', async () => {
      await kit.refuses(ranks({ annotation: { inputId: 'nowhere' } }), /no input 'nowhere'/)
      await kit.refuses(ranks({ annotation: { data: { concepts: [{ value: 1 }] } } }), /neither id nor name/)
      await kit.refuses(ranks({ annotation: { data: { metadata: { a: 1 } } } }), /says nothing to compare with/)
      await kit.refuses(ranks(...Array.from({ length: 9 }, () => FIRST_AXIS)), /at most 8/)
      await kit.refuses(ranks({ annotation: { data: { text: { raw: 'a dog' } } } }), /cannot compare text/)
    })
  })
})
