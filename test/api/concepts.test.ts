import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const DOG = 'ai_8S2Vq3cR'

describe('concepts', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'zoo')
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (concepts: { id?: string; name?: string; value?: number }[]) =>
    server.call('PostConcepts', { userAppId: app.userAppId, concepts })

  test('a concept by id alone is named like its id; by name alone it gets an id', async () => {
    const { concepts } = succeeded(await post([{ id: 'red panda' }, { name: 'okapi', value: 0 }]))
    assert.deepEqual(
      concepts.map(({ name, value, language, appId, userId }) => ({ name, value, language, appId, userId })),
      ['red panda', 'okapi'].map((name) => ({ name, value: 1, language: 'en', appId: 'zoo', userId: 'admin' })),
    )
    assert.match(concepts[1]!.id, /^[0-9a-f]{32}$/)
    assert.ok(concepts[0]!.createdAt)
    const got = succeeded(await server.call('GetConcept', { userAppId: app.userAppId, conceptId: 'red panda' }))
    assert.deepEqual(got.concept, concepts[0])
  })

  test('a duplicate fails the whole call and stores nothing of it', async () => {
    succeeded(await post([{ id: 'yak' }]))
    refused(await post([{ id: 'gnu' }, { id: 'yak' }]), StatusCode.CONCEPTS_INVALID_REQUEST, /duplicate/)
    refused(
      await server.call('GetConcept', { userAppId: app.userAppId, conceptId: 'gnu' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('bad ids, empty and over-long lists are refused', async () => {
    refused(await post([{ id: 'a/b' }]), StatusCode.CONCEPTS_INVALID_REQUEST)
    refused(await post([{ id: 'x'.repeat(129) }]), StatusCode.CONCEPTS_INVALID_REQUEST)
    refused(await post([{}]), StatusCode.CONCEPTS_INVALID_REQUEST, /no id/)
    refused(await post([]), StatusCode.CONCEPTS_INVALID_REQUEST)
    refused(await post(Array.from({ length: 129 }, (_, i) => ({ id: `n${i}` }))), StatusCode.CONCEPTS_INVALID_REQUEST)
    refused(await post([{ id: 'long', name: 'x'.repeat(17_000) }]), StatusCode.CONCEPTS_INVALID_REQUEST, /name/)
  })

  test('a concept of a public model is found from every app but never changed', async () => {
    const got = succeeded(await server.call('GetConcept', { userAppId: app.userAppId, conceptId: DOG }))
    assert.deepEqual(
      [got.concept?.name, got.concept?.appId, got.concept?.userId, got.concept?.language],
      ['dog', 'main', 'clarifai', 'en'],
    )
    refused(
      await server.call('PatchConcepts', {
        userAppId: app.userAppId,
        concepts: [{ id: DOG, name: 'cat' }],
        action: 'overwrite',
      }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('patching renames and keeps what is not named; other actions are refused', async () => {
    succeeded(
      await server.call('PostConcepts', {
        userAppId: app.userAppId,
        concepts: [{ id: 'emu', name: 'emu', definition: 'a bird', metadata: { legs: 2 } }],
      }),
    )
    const patch = { userAppId: app.userAppId, concepts: [{ id: 'emu', name: 'Emu' }] }
    const { concepts } = succeeded(await server.call('PatchConcepts', { ...patch, action: 'overwrite' }))
    assert.deepEqual(
      [concepts[0]?.name, concepts[0]?.definition, concepts[0]?.metadata],
      ['Emu', 'a bird', { legs: 2 }],
    )
    for (const action of ['merge', 'remove', '']) {
      refused(
        await server.call('PatchConcepts', { ...patch, action }),
        StatusCode.CONCEPTS_INVALID_REQUEST,
        /overwrite/,
      )
    }
    refused(
      await server.call('PatchConcepts', { ...patch, concepts: [{ id: 'nothing' }], action: 'overwrite' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('lists go page by page in the order of creation and narrow by a part of the id', async () => {
    const many = await makeApp(server, 'many')
    const ids = Array.from({ length: 7 }, (_, i) => `bird-${i}`)
    succeeded(
      await server.call('PostConcepts', {
        userAppId: many.userAppId,
        concepts: [...ids.map((id) => ({ id })), { id: 'fish', name: 'no bird' }],
      }),
    )
    const list = async (query: { page?: number; perPage?: number; id?: string }) =>
      succeeded(await server.call('ListConcepts', { userAppId: many.userAppId, ...query })).concepts.map(({ id }) => id)
    assert.deepEqual(await list({ perPage: 3 }), ids.slice(0, 3))
    assert.deepEqual(await list({ perPage: 3, page: 3 }), [ids[6], 'fish'])
    assert.deepEqual(await list({ page: 999_999_999 }), [])
    assert.deepEqual(await list({ id: 'IRD' }), ids)
    assert.deepEqual(await list({ id: '*-3' }), ['bird-3'])
    assert.deepEqual(await list({ id: '%' }), [])
    refused(
      await server.call('ListConcepts', { userAppId: many.userAppId, perPage: 1001 }),
      StatusCode.CONN_INVALID_REQUEST,
    )
  })

  test('keys without the scope, strangers and unknown apps get nothing', async () => {
    const key = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key', scopes: ['Apps_Get'] })
    refused(await server.call('ListConcepts', {}, { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Get/)
    const stranger = await server.makeUser('stranger')
    for (const userAppId of [app.userAppId, { userId: 'admin', appId: 'none' }]) {
      refused(
        await server.call('GetConcept', { userAppId, conceptId: 'yak' }, { key: stranger.pat }),
        StatusCode.CONN_DOES_NOT_EXIST,
      )
    }
  })

  test('strangers read the concepts of a public app and cannot write them', async () => {
    const owner = await server.makeUser('open-owner', Visible.PUBLIC)
    const open = await makeApp(server, 'open', { owner, visibility: Visible.PUBLIC })
    const as = { key: owner.pat }
    succeeded(await server.call('PostConcepts', { userAppId: open.userAppId, concepts: [{ id: 'elk' }] }, as))
    const got = succeeded(await server.call('GetConcept', { userAppId: open.userAppId, conceptId: 'elk' }))
    assert.equal(got.concept?.userId, 'open-owner')
    refused(
      await server.call('PostConcepts', { userAppId: open.userAppId, concepts: [{ id: 'orc' }] }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
    )
  })
})

describe('names of concepts in further languages', () => {
  let server: TestServer
  let app: TestApp
  const conceptId = 'dog'

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'tongues')
    succeeded(
      await server.call('PostConcepts', {
        userAppId: app.userAppId,
        concepts: [{ id: conceptId, name: 'dog', definition: 'it barks' }, { id: 'cat' }],
      }),
    )
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (conceptLanguages: { id: string; name?: string; definition?: string }[], id = conceptId) =>
    server.call('PostConceptLanguages', { userAppId: app.userAppId, conceptId: id, conceptLanguages })
  const get = (language: string, id = conceptId) =>
    server.call('GetConceptLanguage', { userAppId: app.userAppId, conceptId: id, language })

  test('they are added, read, listed and renamed', async () => {
    const { conceptLanguages } = succeeded(
      await post([
        { id: 'zh', name: '狗', definition: '动物' },
        { id: 'de', name: 'Hund' },
        { id: 'pt-BR', name: 'cachorro' },
      ]),
    )
    assert.deepEqual(
      conceptLanguages.map(({ id }) => id),
      ['zh', 'de', 'pt-BR'],
    )
    assert.equal(succeeded(await get('zh')).conceptLanguage?.name, '狗')
    const listed = succeeded(
      await server.call('ListConceptLanguages', { userAppId: app.userAppId, conceptId, perPage: 2, page: 2 }),
    )
    assert.deepEqual(
      listed.conceptLanguages.map(({ name }) => name),
      ['cachorro'],
    )
    const patched = succeeded(
      await server.call('PatchConceptLanguages', {
        userAppId: app.userAppId,
        conceptId,
        conceptLanguages: [{ id: 'zh', name: '小狗' }],
        action: 'overwrite',
      }),
    )
    assert.deepEqual(
      patched.conceptLanguages.map(({ id, name, definition }) => [id, name, definition]),
      [['zh', '小狗', '动物']],
    )
  })

  test("the default language is the concept's own name", async () => {
    const own = succeeded(await get('en')).conceptLanguage
    assert.deepEqual([own?.id, own?.name, own?.definition], ['en', 'dog', 'it barks'])
    refused(await post([{ id: 'en', name: 'hound' }]), StatusCode.CONCEPTS_INVALID_REQUEST, /duplicate/)
  })

  test('duplicates, unknown languages, nameless ones and unknown concepts are refused', async () => {
    succeeded(await post([{ id: 'fr', name: 'chien' }]))
    refused(await post([{ id: 'fr', name: 'toutou' }]), StatusCode.CONCEPTS_INVALID_REQUEST, /already exists/)
    refused(await post([{ id: 'klingonese', name: 'x' }]), StatusCode.CONCEPTS_INVALID_REQUEST, /no language/)
    refused(await post([{ id: 'it' }]), StatusCode.CONCEPTS_INVALID_REQUEST, /no name/)
    refused(await post([{ id: 'it', name: 'cane' }], 'unicorn'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post([{ id: 'it', name: 'cane' }], DOG), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await get('ja'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await get('fr', 'cat'), StatusCode.CONN_DOES_NOT_EXIST)
    refused(
      await server.call('PatchConceptLanguages', {
        userAppId: app.userAppId,
        conceptId,
        conceptLanguages: [{ id: 'fr', name: 'x' }],
        action: 'remove',
      }),
      StatusCode.CONCEPTS_INVALID_REQUEST,
    )
  })

  test('a search in a language finds and answers names of that language', async () => {
    succeeded(await post([{ id: 'ja', name: 'いぬ' }]))
    const found = succeeded(
      await server.call('PostConceptsSearches', {
        userAppId: app.userAppId,
        conceptQuery: { name: 'い*', language: 'ja' },
      }),
    )
    assert.deepEqual(
      found.concepts.map(({ id, name, language }) => [id, name, language]),
      [['dog', 'いぬ', 'ja']],
    )
  })

  test('a search that names no language is one for English names', async () => {
    const german = await makeApp(server, 'german', { language: 'de' })
    const { userAppId } = german
    succeeded(await server.call('PostConcepts', { userAppId, concepts: [{ id: 'd', name: 'Hündchen' }] }))
    const names = async (language: string, name: string) =>
      succeeded(await server.call('PostConceptsSearches', { userAppId, conceptQuery: { name, language } }))
        .concepts.filter(({ appId }) => appId === 'german')
        .map((concept) => concept.name)
    assert.deepEqual(await names('de', 'hünd*'), ['Hündchen'])
    assert.deepEqual(await names('', 'hünd*'), [])
    succeeded(
      await server.call('PostConceptLanguages', {
        userAppId,
        conceptId: 'd',
        conceptLanguages: [{ id: 'en', name: 'puppy' }],
      }),
    )
    assert.deepEqual(await names('', 'pup*'), ['puppy'])
  })
})

describe('search for concepts', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'searched')
    succeeded(
      await server.call('PostConcepts', {
        userAppId: app.userAppId,
        concepts: [{ id: 'hotdog', name: 'hotdog' }, { id: 'd', name: 'dog house' }, { id: 'water' }],
      }),
    )
    succeeded(
      await server.call('PostModels', {
        userAppId: app.userAppId,
        models: [{ id: 'own', outputInfo: { data: { concepts: [{ id: 'water' }] } } }],
      }),
    )
  })
  after(() => server[Symbol.asyncDispose]())

  const search = (conceptQuery: Parameters<typeof server.call<'PostConceptsSearches'>>[1]['conceptQuery'], more = {}) =>
    server.call('PostConceptsSearches', { userAppId: app.userAppId, conceptQuery, ...more })
  const names = async (query: Parameters<typeof search>[0], more = {}) =>
    succeeded(await search(query, more)).concepts.map(({ name, appId }) => `${appId}/${name}`)

  test("the app's own come first, then the public ones; * stands for any text, letter case counts for nothing", async () => {
    assert.deepEqual(await names({ name: 'dog*' }), ['searched/dog house', 'main/dog'])
    assert.deepEqual(await names({ name: 'DOG' }), [
      'searched/hotdog',
      'searched/dog house',
      'main/dog',
      'main/hot dog',
    ])
    assert.deepEqual(await names({ name: 'hot*g' }), ['searched/hotdog', 'main/hot dog'])
  })

  test('own concepts may be left out; a use case leaves them out too', async () => {
    assert.deepEqual(await names({ name: 'dog', ignoreAppConcepts: true }), ['main/dog', 'main/hot dog'])
    assert.deepEqual(await names({ name: 'face', useCases: [2] }), ['main/face'])
    assert.deepEqual(await names({ name: 'face', useCases: [1] }), [])
    assert.deepEqual(await names({ name: 'person', useCases: [1, 2] }), ['main/person'])
    assert.deepEqual(await names({ name: 'dog house', useCases: [0] }), ['searched/dog house'])
    refused(
      await search({ name: 'dog', useCases: [99 as never] }),
      StatusCode.CONCEPTS_INVALID_REQUEST,
      /no use case 99/,
    )
  })

  test('a model or workflow as source is searched instead of all public ones', async () => {
    const detector = { case: 'model', value: { id: 'face-detection', userId: 'clarifai', appId: 'main' } } as const
    assert.deepEqual(await names({ source: detector }), [
      'searched/water',
      'searched/hotdog',
      'searched/dog house',
      'main/face',
    ])
    assert.deepEqual(await names({ source: detector, ignoreAppConcepts: true }), ['main/face'])
    const general = { case: 'workflow', value: { id: 'General', userId: 'clarifai' } } as const
    assert.deepEqual(await names({ name: 'dog', source: general, ignoreAppConcepts: true }), [
      'main/dog',
      'main/hot dog',
    ])
    const own = { case: 'model', value: { id: 'own' } } as const
    assert.deepEqual(await names({ source: own, ignoreAppConcepts: true }), ['searched/water'])
    const unknown = { case: 'model', value: { id: 'unknown' } } as const
    refused(await search({ source: unknown }), StatusCode.MODEL_DOES_NOT_EXIST)
  })

  test('in a workflow, what runs behind a detector is used for detection', async () => {
    const faces = { case: 'workflow', value: { id: 'Face-Sentiment', userId: 'clarifai' } } as const
    assert.ok((await names({ source: faces, useCases: [2] })).includes('main/happy'))
    assert.deepEqual(await names({ source: faces, useCases: [1] }), [])
    const general = { case: 'workflow', value: { id: 'General', userId: 'clarifai' } } as const
    assert.ok((await names({ source: general, useCases: [1] })).includes('main/dog'))
    assert.deepEqual(await names({ source: general, useCases: [2] }), [])
  })

  test('pages lie in the body; an empty query is refused', async () => {
    const all = await names({ name: 'dog' })
    assert.deepEqual(await names({ name: 'dog' }, { pagination: { page: 2, perPage: 3 } }), all.slice(3))
    assert.deepEqual(await names({ name: 'dog' }, { pagination: { page: 9 } }), [])
    refused(await search({}), StatusCode.CONCEPTS_INVALID_REQUEST, /empty/)
    refused(await search(undefined), StatusCode.CONCEPTS_INVALID_REQUEST, /empty/)
  })

  test('says whether an embedding model can rank by a concept', async () => {
    const rank = async (id: string) =>
      succeeded(await search({ name: 'dog' }, { extraInfo: { rankableModel: { id } } })).concepts.map(
        ({ extraInfo }) => extraInfo?.isRankable,
      )
    assert.deepEqual(new Set(await rank('multilingual-text-embedding')), new Set([true]))
    assert.deepEqual(new Set(await rank('general-image-embedding')), new Set([false]))
  })
})
