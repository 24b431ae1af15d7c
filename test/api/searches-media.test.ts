import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { picture } from '../../src/media/test-images.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { FileHost } from '../kit/inputs.ts'
import { byVector, type FilterInit, idsOf, type RankInit, SearchKit, withConcept } from '../kit/searching.ts'
import { onEachEngine } from '../store/kit.ts'

// Directions of things; a picture or text lies where what it shows lies.
const DIRECTIONS: Readonly<Record<string, readonly number[]>> = {
  dog: [1, 0, 0],
  wolf: [0.9, 0.3, 0],
  cat: [0, 1, 0],
  car: [0, 0, 1],
}
const NAMES = Object.keys(DIRECTIONS)

onEachEngine('ranks by media', (engine) => {
  const runtime = new FakeRuntime()
  const shows = new Map<string, string>()
  const pictures = new Map<string, Buffer>()
  let files: FileHost
  let publicDog: string
  let kit: SearchKit

  /** What a fake model sees: the thing that the picture was made for, or that the text names. */
  const thing = (bytes: Uint8Array | undefined, text: string | undefined): string =>
    bytes?.length ? (shows.get(hash('sha256', bytes)) ?? 'car') : (NAMES.find((name) => text?.includes(name)) ?? 'car')

  before(async () => {
    files = await FileHost.start()
    for (const [at, name] of NAMES.entries()) {
      const jpeg = await picture(64 + at, 48)
        .jpeg()
        .toBuffer()
      pictures.set(name, jpeg)
      shows.set(hash('sha256', jpeg), name)
      files.files.set(`/${name}.jpg`, jpeg)
    }
    runtime.answer = (node, input) => {
      const name = thing(input.image?.base64, input.text?.raw)
      if (node.outputFields.some((field) => field.includes('embeddings'))) {
        return { data: data({ embeddings: [{ vector: [...DIRECTIONS[name]!], numDimensions: 3 }] }) }
      }
      // The model knows the public concept; how sure it is lies in the picture.
      const sure: Record<string, number> = { dog: 0.95, wolf: 0.6, cat: 0.3, car: 0.05 }
      const concepts = [{ id: publicDog, name: 'dog', value: sure[name]! }]
      return { data: data({ concepts }) }
    }
    const settings = { fetchAllow: '127.0.0.1' }
    kit = await SearchKit.start(engine, { overrides: runtime.services, settings }, (server) =>
      makeAppWith(server, 'pictures', { id: 'General', userId: 'clarifai', appId: 'main' }),
    )
  })
  before(async () => {
    const conceptQuery = { name: 'dog' }
    const { userAppId } = kit
    const { concepts } = succeeded(await kit.server.call('PostConceptsSearches', { userAppId, conceptQuery }))
    publicDog = concepts.find(({ name, appId }) => name === 'dog' && appId === 'main')!.id
  })
  after(async () => {
    await kit[Symbol.asyncDispose]()
    await files[Symbol.asyncDispose]()
  })

  async function makeAppWith(server: SearchKit['server'], id: string, defaultWorkflow: object): Promise<TestApp> {
    const apps = [{ id, defaultWorkflow }]
    succeeded(await server.call('PostApps', { userAppId: { userId: server.admin.id }, apps }))
    const row = await server.services.directory.app(server.admin.pk, id)
    return { userAppId: { userId: server.admin.id, appId: id }, pk: row!.pk, owner: server.admin }
  }
  const add = async (app: TestApp, inputs: object[]) => {
    succeeded(await kit.server.call('PostInputs', { userAppId: app.userAppId, inputs }))
    await kit.server.services.jobs.idle()
  }
  const found = async (app: TestApp, rank: RankInit, more: object = {}, filters: FilterInit[] = []) => {
    const searches = [{ query: { ranks: [rank], filters }, ...more }]
    return succeeded(await kit.server.call('PostInputsSearches', { userAppId: app.userAppId, searches })).hits
  }
  const byImage = (image: object): RankInit => ({ annotation: { data: { image } } })
  const byText = (raw: string): RankInit => ({ annotation: { data: { text: { raw } } } })

  describe('in an app of pictures', () => {
    before(() =>
      add(
        kit.app,
        NAMES.map((id) => ({ id, data: { image: { url: `${files.url}/${id}.jpg` } } })),
      ),
    )
    beforeEach(() => {
      runtime.runs.length = 0
    })

    test('by url, by bytes, by an input and by a vector: the same order and scores', async () => {
      const expected = ['dog', 'wolf', 'cat', 'car']
      const ranks = [
        byImage({ url: `${files.url}/dog.jpg` }),
        byImage({ base64: pictures.get('dog')! }),
        { annotation: { inputId: 'dog' } },
        byVector(DIRECTIONS.dog!),
      ]
      for (const rank of ranks) {
        const hits = await found(kit.app, rank)
        assert.deepEqual(idsOf(hits).slice(0, 2), expected.slice(0, 2))
        assert.ok(Math.abs(hits[0]!.score - 1) < 1e-6 && Math.abs(hits[3]!.score - 0.5) < 1e-6)
        assert.deepEqual(idsOf(hits).sort(), [...expected].sort())
      }
    })

    test('of a picture that is not in the app, among what fits filters, negated, in the older form', async () => {
      files.files.set('/again.jpg', pictures.get('cat')!)
      const again = byImage({ url: `${files.url}/again.jpg` })
      assert.equal(idsOf(await found(kit.app, again))[0], 'cat')
      const only = { input: { id: 'wolf' } }
      assert.deepEqual(idsOf(await found(kit.app, again, {}, [only])), ['wolf'])
      assert.equal(idsOf(await found(kit.app, { ...again, negate: true })).at(-1), 'cat')
      const ands = [{ output: { input: { data: { image: { url: `${files.url}/dog.jpg` } } } } }]
      const older = await kit.server.call('PostSearches', { userAppId: kit.userAppId, query: { ands } })
      assert.deepEqual(idsOf(succeeded(older).hits).slice(0, 2), ['dog', 'wolf'])
    })

    test('only the embedder runs, and of the version that is named', async () => {
      const { inputs: listed } = succeeded(await kit.server.call('ListInputs', { userAppId: kit.userAppId }))
      assert.equal(listed.length, 4)
      await found(kit.app, byImage({ base64: pictures.get('dog')! }))
      assert.equal(runtime.last.plan.nodes.length, 1)
      const modelVersionId = 'bb186755eda04f9cbb6fe32e816be104'
      const rank = { annotation: { modelVersionId, data: { image: { base64: pictures.get('cat')! } } } }
      assert.equal(idsOf(await found(kit.app, rank))[0], 'cat')
      const unknown = { annotation: { ...rank.annotation, modelVersionId: 'f'.repeat(32) } }
      await kit.refuses({ query: { ranks: [unknown] } }, /no embedder of version 'f+' for image; name one that it has/)
      const stored = { annotation: { inputId: 'dog', modelVersionId: 'f'.repeat(32) } }
      await kit.refuses({ query: { ranks: [stored] } }, /no model version 'f+' to rank by/)
    })

    test('by concepts that models have predicted, by id, by name and by its name in a language', async () => {
      const byConcept = (concept: object): RankInit => ({ annotation: { data: { concepts: [concept] } } })
      for (const concept of [{ id: publicDog }, { name: 'dog' }]) {
        const hits = await found(kit.app, byConcept({ ...concept, value: 1 }))
        assert.deepEqual(idsOf(hits), ['dog', 'wolf', 'cat', 'car'])
        assert.ok(Math.abs(hits[0]!.score - 0.95) < 1e-6)
      }
      const opposite = await found(kit.app, byConcept({ id: publicDog, value: 0 }))
      assert.deepEqual(idsOf(opposite), ['car', 'cat', 'wolf', 'dog'])
      const ands = [{ output: { data: { concepts: [{ name: 'dog', value: 1 }] } } }]
      const older = await kit.server.call('PostSearches', { userAppId: kit.userAppId, query: { ands } })
      assert.deepEqual(idsOf(succeeded(older).hits), ['dog', 'wolf', 'cat', 'car'])
      const { db } = kit.server.services
      const { pk } = await db.read
        .selectFrom('concepts')
        .select('pk')
        .where('id', '=', publicDog)
        .executeTakeFirstOrThrow()
      const names = { id: 'de', name: 'Hund', definition: '', doc: '{}', created_at: 1, modified_at: 1 }
      await db.transact((tx) =>
        tx
          .insertInto('concept_languages')
          .values({ concept_pk: pk, ...names })
          .execute(),
      )
      const german = [{ output: { data: { concepts: [{ name: 'Hund', value: 1 }] } } }]
      const inGerman = { ands: german, language: 'de' }
      const answer = await kit.server.call('PostSearches', { userAppId: kit.userAppId, query: inGerman })
      assert.equal(idsOf(succeeded(answer).hits)[0], 'dog')
      const unknown = await kit.server.call('PostSearches', { userAppId: kit.userAppId, query: { ands: german } })
      assert.deepEqual(succeeded(unknown).hits, [])
    })

    test('what models predicted passes filters that name the model, at the value that is asked for', async () => {
      const modelVersionId = 'aa7f35c01e0642fda5cf400f543e7c40'
      const predicted = (value: number): FilterInit[] => [
        { annotation: { modelVersionId } },
        { annotation: { data: { concepts: [{ id: publicDog, value }] } } },
      ]
      assert.deepEqual(await kit.inputsBy(...predicted(1)), ['wolf', 'dog'])
      assert.deepEqual(await kit.inputsBy(...predicted(0.2)), ['cat', 'wolf', 'dog'])
      assert.deepEqual(await kit.inputsBy(predicted(1)[1]!), [])
    })

    test('by concepts that people have said', async () => {
      const label = [{ inputId: 'car', id: 'said', data: { concepts: [{ id: 'vehicle', value: 1 }] } }]
      succeeded(await kit.server.call('PostAnnotations', { userAppId: kit.userAppId, annotations: label }))
      const rank = { annotation: { data: { concepts: [{ id: 'vehicle', value: 1 }] } } }
      assert.deepEqual(idsOf(await found(kit.app, rank)), ['car'])
      assert.deepEqual(await kit.inputsBy(withConcept('vehicle')), ['car'])
    })

    test('a picture that cannot be had or is none refuses the search; the next one is answered', async () => {
      files.files.set('/torn.jpg', Buffer.from('this is no picture'))
      await kit.refuses({ query: { ranks: [byImage({ url: `${files.url}/gone.jpg` })] } }, /cannot be used.*404/, 30002)
      refused(
        await kit.inputs({ query: { ranks: [byImage({ base64: Buffer.from('no picture') })] } }),
        StatusCode.INPUT_UNSUPPORTED_FORMAT,
      )
      refused(
        await kit.inputs({ query: { ranks: [byImage({ url: `${files.url}/torn.jpg` })] } }),
        StatusCode.INPUT_UNSUPPORTED_FORMAT,
      )
      refused(
        await kit.inputs({ query: { ranks: [byImage({ url: 'http://127.0.0.2:1/x.jpg' })] } }),
        StatusCode.INPUT_INVALID_URL,
      )
      runtime.before = () => {
        throw new Error('the worker is gone')
      }
      const answer = await kit.inputs({ query: { ranks: [byImage({ base64: pictures.get('dog')! })] } })
      assert.notEqual(answer.status?.code, StatusCode.SUCCESS)
      runtime.before = () => {}
      assert.equal((await found(kit.app, byImage({ base64: pictures.get('dog')! }))).length, 4)
    })

    test('needs the scope Predict, which searches by vectors and inputs do not', async () => {
      const key = await kit.server.makeKey({
        kind: 'app_key',
        userPk: kit.server.admin.pk,
        appPk: kit.app.pk,
        scopes: ['Search', 'Apps_Get', 'Inputs_Get', 'Annotations_Get', 'Concepts_Get', 'Models_Get', 'Workflows_Get'],
      })
      const ask = (rank: RankInit) =>
        kit.server.call(
          'PostInputsSearches',
          { userAppId: kit.userAppId, searches: [{ query: { ranks: [rank] } }] },
          { key },
        )
      succeeded(await ask({ annotation: { inputId: 'dog' } }))
      refused(await ask(byImage({ base64: pictures.get('dog')! })), StatusCode.CONN_INSUFFICIENT_SCOPES, /Predict/)
    })
  })

  test('in an app of texts: by likeness, by words and by both', async () => {
    const app = await makeAppWith(kit.server, 'texts', { id: 'Text', userId: 'clarifai', appId: 'main' })
    const texts = {
      kennel: 'a dog in its kennel',
      pack: 'the wolf runs',
      sofa: 'a cat on the sofa',
      road: 'kennel road',
    }
    await add(
      app,
      Object.entries(texts).map(([id, raw]) => ({ id, data: { text: { raw } } })),
    )
    const order = async (more: object) => idsOf(await found(app, byText('dog kennel'), more))
    assert.deepEqual((await order({})).slice(0, 2), ['kennel', 'pack'])
    assert.deepEqual(await order({ algorithm: 'full_text' }), ['kennel', 'road'])
    const both = await found(app, byText('dog kennel'), { algorithm: 'hybrid' })
    assert.equal(idsOf(both)[0], 'kennel')
    assert.equal(both[0]!.score, 1)
    // Second by words and third or fourth by likeness, second by likeness alone.
    const place = (id: string) => both.find(({ input }) => input?.id === id)!.score
    assert.ok(Math.abs(place('pack') - 61 / 62 / 2) < 1e-6)
    assert.ok(place('road') > 0.95 && place('road') < 1)
    const among = await found(app, byText('dog kennel'), { algorithm: 'hybrid' }, [
      { input: { data: { text: { raw: 'road OR wolf' } } } },
    ])
    assert.deepEqual(
      among.map(({ input, score }) => [input?.id, Math.round(score * 1e4) / 1e4]),
      [
        ['road', Math.round(((1 + 61 / 62) / 2) * 1e4) / 1e4],
        ['pack', 0.5],
      ],
    )
  })

  test('in an app whose embedder takes pictures and texts each finds the other', async () => {
    const app = await makeAppWith(kit.server, 'joint', { id: 'Empty', userId: 'clarifai', appId: 'main' })
    const { userAppId } = app
    const nodes = [{ id: 'embed', model: { id: 'multimodal-clip-embed', userId: 'clarifai', appId: 'main' } }]
    succeeded(await kit.server.call('PostWorkflows', { userAppId, workflows: [{ id: 'clip', nodes }] }))
    const apps = [{ id: 'joint', defaultWorkflow: { id: 'clip', ...userAppId } }]
    succeeded(
      await kit.server.call('PatchApps', { userAppId: { userId: userAppId.userId }, apps, action: 'overwrite' }),
    )
    await add(app, [
      ...NAMES.map((id) => ({ id, data: { image: { base64: pictures.get(id)! } } })),
      { id: 'words', data: { text: { raw: 'a wolf howls' } } },
    ])
    assert.equal(idsOf(await found(app, byText('my cat')))[0], 'cat')
    assert.deepEqual(
      idsOf(await found(app, byText('a wolf')))
        .slice(0, 2)
        .sort(),
      ['wolf', 'words'],
    )
    assert.deepEqual(
      idsOf(await found(app, byImage({ base64: pictures.get('wolf')! })))
        .slice(0, 2)
        .sort(),
      ['wolf', 'words'],
    )
  })
})
