import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { succeeded } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { byVector, type FilterInit, idsOf, type RankInit, SearchKit } from '../kit/searching.ts'
import { onEachEngine } from '../store/kit.ts'

const TEXTS = {
  harbour: 'The old harbour: ships, cranes and a lighthouse. Ships everywhere.',
  ship: 'A ship.',
  garden: 'A garden with apple trees; the gardener was satisfied with the apples of this year.',
  dog: '我的狗在公园里跑。',
  cafe: 'Café crème, s’il vous plaît',
}
const words = (raw: string): FilterInit => ({ input: { data: { text: { raw } } } })
const byText = (raw: string): RankInit => ({ annotation: { data: { text: { raw } } } })

onEachEngine('searches by words', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine, {}, (server) => makePlainApp(server, 'texts'))
    const inputs = Object.entries(TEXTS).map(([id, raw]) => ({ id, data: { text: { raw } } }))
    succeeded(await kit.server.call('PostInputs', { userAppId: kit.userAppId, inputs }))
    await kit.server.services.jobs.idle()
    await kit.annotate(
      { inputId: 'garden', id: 'sign', data: { text: { raw: 'Keep off the grass' } } },
      {
        inputId: 'ship',
        id: 'name',
        data: {
          regions: [
            {
              regionInfo: { boundingBox: { topRow: 0.1, leftCol: 0.1, bottomRow: 0.2, rightCol: 0.2 } },
              data: { text: { raw: 'Santa Maria' } },
            },
          ],
        },
      },
    )
    const vectors = { harbour: [1, 0], ship: [0.9, 0.1], garden: [0, 1], dog: [-1, 0] }
    await kit.annotate(
      ...Object.entries(vectors).map(([inputId, vector]) => ({
        inputId,
        id: `v-${inputId}`,
        data: { embeddings: [{ vector, numDimensions: 2 }] },
      })),
    )
  })
  after(() => kit[Symbol.asyncDispose]())

  describe('filters', () => {
    test('find texts with all words, whatever their case, accents and English endings', async () => {
      const found = async (raw: string) => (await kit.inputsBy(words(raw))).sort()
      assert.deepEqual(await found('ships'), ['harbour', 'ship'])
      assert.deepEqual(await found('SHIP lighthouses'), ['harbour'])
      assert.deepEqual(await found('satisfy'), ['garden'])
      assert.deepEqual(await found('cafe CREME'), ['cafe'])
      assert.deepEqual(await found('ship garden'), [])
      assert.deepEqual(await found('nothing-like-this'), [])
    })

    test('know quotes, words that must not be there, beginnings and alternatives', async () => {
      const found = async (raw: string) => (await kit.inputsBy(words(raw))).sort()
      assert.deepEqual(await found('"old harbour"'), ['harbour'])
      assert.deepEqual(await found('"harbour old"'), [])
      assert.deepEqual(await found('"ships everywhere" crane'), ['harbour'])
      assert.deepEqual(await found('ship -lighthouse'), ['ship'])
      assert.deepEqual(await found('light*'), ['harbour'])
      assert.deepEqual(await found('light'), [])
      assert.deepEqual(await found('lighthouse OR apple -ship'), ['garden', 'harbour'])
    })

    test('find texts of languages without blanks', async () => {
      for (const raw of ['狗', '公园', '我的狗', '跑']) assert.deepEqual(await kit.inputsBy(words(raw)), ['dog'], raw)
      assert.deepEqual(await kit.inputsBy(words('狗我')), [])
    })

    test('can be negated and go with others; without a word they ask for the kind alone', async () => {
      assert.deepEqual(await kit.inputsBy({ ...words('ship'), negate: true }), ['cafe', 'dog', 'garden'])
      assert.deepEqual(await kit.inputsBy(words('ship'), words('crane')), ['harbour'])
      assert.equal((await kit.inputsBy({ input: { data: { text: {} } } })).length, 5)
    })

    test('find annotations by the texts in them, and the input-level one by the text of the input', async () => {
      const labelled = (raw: string): FilterInit => ({ annotation: { data: { text: { raw } } } })
      assert.deepEqual(await kit.annotationsBy(labelled('grass')), ['sign'])
      assert.deepEqual(await kit.annotationsBy(labelled('"santa maria"')), ['name'])
      assert.deepEqual(await kit.inputsBy(labelled('maria')), ['ship'])
      assert.deepEqual(await kit.inputsBy(words('maria')), [])
      const { hits } = succeeded(await kit.annotations({ query: { filters: [labelled('crane')] } }))
      assert.deepEqual(
        hits.map(({ annotation, input }) => [annotation?.inputLevel, input?.id]),
        [[true, 'harbour']],
      )
    })
  })

  describe('ranks', () => {
    test('by words put the texts first that have more, rarer ones, more often, in less text', async () => {
      const hits = await kit.ranked(byText('ships'), { algorithm: 'full_text' })
      assert.deepEqual(idsOf(hits), ['ship', 'harbour'])
      for (const { score } of hits) assert.ok(score > 0.5 && score < 1, `${score}`)
      const some = await kit.ranked(byText('a lighthouse, apples or dogs'), { algorithm: 'full_text' })
      assert.deepEqual(idsOf(some).slice(0, 2).sort(), ['garden', 'harbour'])
      assert.deepEqual(idsOf(await kit.ranked(byText('"old harbour" ships -crane'), { algorithm: 'full_text' })), [
        'ship',
      ])
      assert.deepEqual(idsOf(await kit.ranked(byText('zebra'), { algorithm: 'full_text' })), [])
    })

    test('have the scores of Okapi BM25, halved above 0.5', async () => {
      // Five texts of inputs and two of annotations; "cranes" stands once in one of them.
      const lengths = [10, 2, 15, 8, 6, 4, 2]
      const mean = lengths.reduce((sum, length) => sum + length) / lengths.length
      const share = 1 / (1 + 1.2 * (0.25 + (0.75 * lengths[0]!) / mean))
      const [hit] = await kit.ranked(byText('cranes'), { algorithm: 'full_text' })
      assert.ok(Math.abs(hit!.score - (1 + share) / 2) < 1e-6, `${hit!.score} ${(1 + share) / 2}`)
    })

    test('go with filters, pages, min_value and other ranks', async () => {
      const search = { algorithm: 'full_text', query: { ranks: [byText('ships apples')] } }
      const all = idsOf(succeeded(await kit.inputs(search)).hits)
      assert.equal(all.length, 3)
      const pages = []
      for (const page of [1, 2, 3, 4]) {
        pages.push(...idsOf(succeeded(await kit.inputs(search, { pagination: { page, perPage: 1 } })).hits))
      }
      assert.deepEqual(pages, all)
      assert.deepEqual(idsOf(await kit.ranked(byText('ships apples'), { algorithm: 'full_text' }, [words('tree')])), [
        'garden',
      ])
      assert.deepEqual(idsOf(await kit.ranked(byText('ships'), { algorithm: 'full_text', minValue: 0.99 })), [])
      const both = { algorithm: 'full_text', query: { ranks: [byText('ships'), byVector([-1, 0])] } }
      const { hits } = succeeded(await kit.inputs(both))
      assert.deepEqual(idsOf(hits).sort(), ['dog', 'garden', 'harbour', 'ship'])
      assert.equal(hits.find(({ input }) => input?.id === 'dog')?.score, 0.5)
    })

    test('of annotations find those that have the text', async () => {
      const found = async (raw: string) => {
        const search = { algorithm: 'full_text', query: { ranks: [byText(raw)] } }
        return succeeded(await kit.annotations(search)).hits.map(({ annotation, input }) => [
          annotation?.inputLevel ? 'input-level' : annotation?.id,
          input?.id,
        ])
      }
      assert.deepEqual(await found('maria'), [['name', 'ship']])
      assert.deepEqual(await found('lighthouse'), [['input-level', 'harbour']])
    })
  })

  test('texts that are gone are not found, and changed annotations by what they say now', async () => {
    const inputs = [{ id: 'gone', data: { text: { raw: 'xylophone' } } }]
    succeeded(await kit.server.call('PostInputs', { userAppId: kit.userAppId, inputs }))
    await kit.server.services.jobs.idle()
    assert.deepEqual(await kit.inputsBy(words('xylophone')), ['gone'])
    await kit.annotate({ inputId: 'gone', id: 'note', data: { text: { raw: 'first thoughts' } } })
    const annotations = [{ inputId: 'gone', id: 'note', data: { text: { raw: 'second thoughts' } } }]
    const { userAppId } = kit
    succeeded(await kit.server.call('PatchAnnotations', { userAppId, annotations, action: 'overwrite' }))
    const note = (raw: string): FilterInit => ({ annotation: { data: { text: { raw } } } })
    assert.deepEqual(await kit.annotationsBy(note('first')), [])
    assert.deepEqual(await kit.annotationsBy(note('second')), ['note'])
    succeeded(await kit.server.call('DeleteInput', { userAppId, inputId: 'gone' }))
    assert.deepEqual(await kit.inputsBy(words('xylophone')), [])
    assert.deepEqual(await kit.annotationsBy(note('second')), [])
    const left = await kit.server.services.db.read.selectFrom('texts').select('pk').where('words', '=', 1).execute()
    assert.deepEqual(left, [])
  })

  test('long texts, which another process reads, are found', async () => {
    const raw = `${'padding '.repeat(1_500)} needle`
    const inputs = [{ id: 'long', data: { text: { raw } } }]
    succeeded(await kit.server.call('PostInputs', { userAppId: kit.userAppId, inputs }))
    await kit.server.services.jobs.idle()
    assert.deepEqual(await kit.inputsBy(words('needles')), ['long'])
  })

  test('texts are copied with their app', async () => {
    const filter = { copyConcepts: true, copyInputs: true, copyAnnotations: true }
    const duplication = { newAppId: 'copied', filter }
    const { userAppId } = kit
    succeeded(await kit.server.call('PostAppDuplications', { userAppId, appDuplications: [duplication] }))
    await kit.server.services.jobs.idle()
    const found = async (filters: FilterInit[]) => {
      const there = { userId: userAppId.userId, appId: 'copied' }
      return idsOf(
        succeeded(await kit.server.call('PostInputsSearches', { userAppId: there, searches: [{ query: { filters } }] }))
          .hits,
      )
    }
    assert.deepEqual(await found([words('lighthouse')]), ['harbour'])
    assert.deepEqual(await found([{ annotation: { data: { text: { raw: 'grass' } } } }]), ['garden'])
  })

  test('the texts of another app neither show nor count', async () => {
    const other = await makePlainApp(kit.server, 'others')
    const inputs = [{ id: 'their', data: { text: { raw: 'ships and cranes' } } }]
    const [before] = await kit.ranked(byText('cranes'), { algorithm: 'full_text' })
    succeeded(await kit.server.call('PostInputs', { userAppId: other.userAppId, inputs }))
    await kit.server.services.jobs.idle()
    const after = await kit.ranked(byText('cranes'), { algorithm: 'full_text' })
    assert.deepEqual(
      after.map(({ input, score }) => [input?.id, score]),
      [['harbour', before!.score]],
    )
  })

  test('what has no word, too many, or nothing to look in is refused', async () => {
    const no = (filters: FilterInit[], details: RegExp) => kit.refuses({ query: { filters } }, details)
    await no([words('***')], /no word that must be there/)
    await no([words('-ship')], /no word that must be there/)
    await no([words('word '.repeat(65))], /has 65 words; use at most 64/)
    const ranks = (rank: RankInit, details: RegExp) =>
      kit.refuses({ algorithm: 'full_text', query: { ranks: [rank] } }, details)
    await ranks(byVector([1, 0]), /give the search a rank with data.text.raw/)
    await ranks({ ...byText('ship'), negate: true }, /cannot be negated/)
    await ranks({ annotation: { data: { text: { url: 'http://127.0.0.1/x' } } } }, /not in what a url has/)
    await kit.refuses({ query: { ranks: [byText('ship')] } }, /has no embedder/)
    // Words of the languages of searches are only words.
    assert.deepEqual(await kit.inputsBy(words(`"ship' NEAR(a) {x} words: ^ship ):* & ! <->`)), [])
    assert.deepEqual(await kit.inputsBy(words(`'); drop table texts; --`)), [])
  })
})
