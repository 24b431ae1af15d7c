import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ConceptRelation } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const PUBLIC_DOG = 'ai_8S2Vq3cR'

/** A relation in three words. */
const words = ({ subjectConcept, predicate, objectConcept }: ConceptRelation) =>
  `${subjectConcept?.id} ${predicate} ${objectConcept?.id}`

describe('concept relations', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'kitchen')
    const concepts = ['honey', 'food', 'nectar', 'sugar', 'thing', 'a', 'b', 'c', 'tomato'].map((id) => ({ id }))
    succeeded(await server.call('PostConcepts', { userAppId: app.userAppId, concepts }))
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (
    conceptId: string,
    ...relations: { predicate: string; object: string; graph?: string; appId?: string; userId?: string }[]
  ) =>
    server.call('PostConceptRelations', {
      userAppId: app.userAppId,
      conceptId,
      conceptRelations: relations.map(({ predicate, object, graph = '', appId = '', userId = '' }) => ({
        predicate,
        objectConcept: { id: object, appId, userId },
        knowledgeGraphId: graph,
      })),
    })
  const list = async (conceptId = '', predicate = '', knowledgeGraphId = '', page = {}) => {
    const request = { userAppId: app.userAppId, conceptId, predicate, knowledgeGraphId, ...page }
    return succeeded(await server.call('ListConceptRelations', request)).conceptRelations
  }
  const remove = (conceptId: string, ids: string[]) =>
    server.call('DeleteConceptRelations', { userAppId: app.userAppId, conceptId, ids })

  test('are answered as given, kept once and seen from both ends', async () => {
    const made = succeeded(
      await post('honey', { predicate: 'hyponym', object: 'food' }, { predicate: 'synonym', object: 'nectar' }),
    ).conceptRelations
    assert.deepEqual(made.map(words), ['honey hyponym food', 'honey synonym nectar'])
    assert.match(made[0]!.id, /^[0-9a-f]{32}$/)
    assert.deepEqual(
      [made[0]!.objectConcept?.name, made[0]!.objectConcept?.appId, made[0]!.objectConcept?.userId],
      ['food', 'kitchen', 'admin'],
    )
    const parent = succeeded(await post('food', { predicate: 'hypernym', object: 'sugar' })).conceptRelations
    assert.deepEqual(parent.map(words), ['food hypernym sugar'])

    assert.deepEqual((await list('honey')).map(words), ['honey hyponym food', 'honey synonym nectar'])
    assert.deepEqual((await list('food')).map(words), ['food hypernym honey', 'food hypernym sugar'])
    assert.deepEqual((await list('nectar')).map(words), ['nectar synonym honey'])
    assert.deepEqual((await list('food', 'hyponym')).map(words), [])
    assert.deepEqual((await list('food', 'hypernym')).map(words), ['food hypernym honey', 'food hypernym sugar'])
    assert.deepEqual((await list()).map(words), ['honey hyponym food', 'honey synonym nectar', 'sugar hyponym food'])
    assert.deepEqual((await list('', 'hypernym')).map(words), ['food hypernym honey', 'food hypernym sugar'])
    assert.deepEqual((await list('', '', '', { page: 2, perPage: 2 })).map(words), ['sugar hyponym food'])
    assert.equal((await list('food'))[0]!.id, made[0]!.id)
  })

  test('what is there already is refused, also from the other side, and then nothing of the call is kept', async () => {
    const before = await list()
    for (const [subject, predicate, object] of [
      ['honey', 'hyponym', 'food'],
      ['food', 'hypernym', 'honey'],
      ['nectar', 'synonym', 'honey'],
    ] as const) {
      const answer = await post(subject, { predicate: 'synonym', object: 'thing' }, { predicate, object })
      refused(answer, StatusCode.CONCEPTS_INVALID_REQUEST, /duplicate/)
    }
    assert.deepEqual(await list(), before)
  })

  test('circles are refused however long they are, in each graph by itself', async () => {
    refused(await post('a', { predicate: 'hyponym', object: 'a' }), StatusCode.CONCEPTS_INVALID_REQUEST, /itself/)
    succeeded(await post('a', { predicate: 'hyponym', object: 'b' }))
    succeeded(await post('b', { predicate: 'hyponym', object: 'c' }))
    refused(await post('c', { predicate: 'hyponym', object: 'a' }), StatusCode.CONCEPTS_INVALID_REQUEST, /circle/)
    refused(await post('a', { predicate: 'hypernym', object: 'c' }), StatusCode.CONCEPTS_INVALID_REQUEST, /circle/)
    // The two sides of one call are checked against each other as well.
    refused(
      await post('thing', { predicate: 'hyponym', object: 'a' }, { predicate: 'hypernym', object: 'c' }),
      StatusCode.CONCEPTS_INVALID_REQUEST,
      /circle/,
    )
    succeeded(
      await server.call('PostKnowledgeGraphs', { userAppId: app.userAppId, knowledgeGraphs: [{ id: 'other' }] }),
    )
    succeeded(await post('c', { predicate: 'hyponym', object: 'a', graph: 'other' }))
    assert.deepEqual((await list('', '', 'other')).map(words), ['c hyponym a'])
  })

  test('lead to public concepts and to those of other apps', async () => {
    const made = succeeded(
      await post('tomato', { predicate: 'synonym', object: PUBLIC_DOG, appId: 'main' }),
    ).conceptRelations
    assert.deepEqual(
      [made[0]!.objectConcept?.name, made[0]!.objectConcept?.appId, made[0]!.objectConcept?.userId],
      ['dog', 'main', 'clarifai'],
    )
    const garden = await makeApp(server, 'garden')
    succeeded(await server.call('PostConcepts', { userAppId: garden.userAppId, concepts: [{ id: 'fruit' }] }))
    succeeded(await post('tomato', { predicate: 'hyponym', object: 'fruit', appId: 'garden' }))
    refused(await post('tomato', { predicate: 'hyponym', object: 'fruit' }), StatusCode.CONN_DOES_NOT_EXIST)
    assert.deepEqual((await list(PUBLIC_DOG)).map(words), [`${PUBLIC_DOG} synonym tomato`])

    const stranger = await server.makeUser('stranger')
    const theirs = await makeApp(server, 'theirs', { owner: stranger })
    const as = { key: stranger.pat }
    succeeded(await server.call('PostConcepts', { userAppId: theirs.userAppId, concepts: [{ id: 'secret' }] }, as))
    refused(
      await post('tomato', { predicate: 'synonym', object: 'secret', appId: 'theirs', userId: 'stranger' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('bad requests are refused by name', async () => {
    const bad = StatusCode.CONCEPTS_INVALID_REQUEST
    refused(await post('honey', { predicate: 'is', object: 'food' }), bad, /hyponym, hypernym, synonym/)
    refused(await post('honey', { predicate: 'synonym', object: '' }), bad, /object_concept/)
    refused(await post('honey', { predicate: 'synonym', object: 'nothing' }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post('nothing', { predicate: 'synonym', object: 'honey' }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post('honey', { predicate: 'synonym', object: 'food', graph: 'none' }), bad, /'none'/)
    refused(await post('honey'), bad, /at least one/)
    refused(
      await server.call('ListConceptRelations', { userAppId: app.userAppId, predicate: 'meronym' }),
      bad,
      /'meronym'/,
    )
    refused(
      await server.call('ListConceptRelations', { userAppId: app.userAppId, conceptId: 'nothing' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })

  test('are deleted under the path of either concept, all or none', async () => {
    const [first, second] = (await list('food')).map(({ id }) => id)
    refused(await remove('thing', [first!]), StatusCode.CONN_DOES_NOT_EXIST, /'thing'/)
    refused(await remove('food', [first!, 'none']), StatusCode.CONN_DOES_NOT_EXIST, /'none'/)
    assert.equal((await list('food')).length, 2)
    succeeded(await remove('food', [first!]))
    succeeded(await remove('sugar', [second!]))
    assert.deepEqual(await list('food'), [])
    // The Python client sends back the ids of a list, which may be empty.
    succeeded(await remove('food', []))
  })

  test('strangers see those of public apps that are public', async () => {
    const open = await makeApp(server, 'open', { visibility: Visible.PUBLIC })
    const guest = await server.makeUser('guest')
    await server.services.db.transact((tx) =>
      tx.updateTable('users').set({ visibility: Visible.PUBLIC }).where('id', '=', 'admin').execute(),
    )
    server.services.directory.invalidate()
    const { userAppId } = open
    succeeded(await server.call('PostConcepts', { userAppId, concepts: [{ id: 'x' }, { id: 'y' }, { id: 'z' }] }))
    const conceptRelations = [
      { predicate: 'synonym', objectConcept: { id: 'y' }, visibility: { gettable: Visible.PUBLIC } },
      { predicate: 'synonym', objectConcept: { id: 'z' } },
    ]
    succeeded(await server.call('PostConceptRelations', { userAppId, conceptId: 'x', conceptRelations }))
    const seen = succeeded(await server.call('ListConceptRelations', { userAppId }, { key: guest.pat }))
    assert.deepEqual(seen.conceptRelations.map(words), ['x synonym y'])
  })
})

test('mapping jobs make concepts synonyms of the public ones with their name, or with that of a synonym', async () => {
  await using server = await startTestServer()
  const { userAppId } = await makeApp(server, 'mapped')
  const concepts = [
    { id: 'd', name: 'DOG' },
    { id: 'h', name: 'hound' },
    { id: 'k', name: 'kitty' },
    { id: 'z', name: 'zxcv' },
    { id: 'left', name: 'cat' },
  ]
  succeeded(await server.call('PostConcepts', { userAppId, concepts }))
  succeeded(
    await server.call('PostConceptLanguages', {
      userAppId,
      conceptId: 'k',
      conceptLanguages: [{ id: 'de', name: 'Katze' }],
    }),
  )
  succeeded(await server.call('PostKnowledgeGraphs', { userAppId, knowledgeGraphs: [{ id: 'g' }] }))
  const synonym = { predicate: 'synonym', knowledgeGraphId: 'g', objectConcept: { id: 'd' } }
  succeeded(await server.call('PostConceptRelations', { userAppId, conceptId: 'h', conceptRelations: [synonym] }))
  const start = (...conceptMappingJobs: { knowledgeGraphId?: string; conceptIds: string[] }[]) =>
    server.call('PostConceptMappingJobs', { userAppId, conceptMappingJobs })
  for (const time of [1, 2]) {
    const { ids } = succeeded(await start({ knowledgeGraphId: 'g', conceptIds: ['d', 'h', 'k', 'z'] }))
    assert.equal(ids.length, 1)
    await server.services.jobs.idle()
    assert.equal((await server.services.jobs.get(ids[0]!))?.status, 'succeeded')
    const { conceptRelations } = succeeded(
      await server.call('ListConceptRelations', { userAppId, knowledgeGraphId: 'g' }),
    )
    assert.deepEqual(
      conceptRelations.map(words),
      ['h synonym d', `d synonym ${PUBLIC_DOG}`, `h synonym ${PUBLIC_DOG}`],
      `run ${time}`,
    )
  }
  refused(await start({ conceptIds: ['d'] }, { conceptIds: ['none'] }), StatusCode.CONN_DOES_NOT_EXIST, /'none'/)
  refused(await start({ conceptIds: [] }), StatusCode.CONCEPTS_INVALID_REQUEST, /concept_ids/)
  refused(await start({ knowledgeGraphId: 'x', conceptIds: ['d'] }), StatusCode.CONCEPTS_INVALID_REQUEST, /'x'/)
  refused(await start(), StatusCode.CONCEPTS_INVALID_REQUEST, /at least one/)
  assert.equal((await server.services.jobs.list({ kind: 'map-concepts' })).length, 2)
})

test('knowledge graphs are made once and listed without pages', async () => {
  await using server = await startTestServer()
  const { userAppId } = await makeApp(server, 'graphs')
  const post = (...ids: string[]) =>
    server.call('PostKnowledgeGraphs', {
      userAppId,
      knowledgeGraphs: ids.map((id) => ({ id, name: id.toUpperCase() })),
    })
  assert.deepEqual(
    succeeded(await post('plants', 'animals')).knowledgeGraphs.map(({ name }) => name),
    ['PLANTS', 'ANIMALS'],
  )
  refused(await post('stones', 'plants'), StatusCode.CONCEPTS_INVALID_REQUEST, /duplicate/)
  refused(await post('a b'), StatusCode.CONCEPTS_INVALID_REQUEST)
  refused(await post(''), StatusCode.CONCEPTS_INVALID_REQUEST, /no id/)
  const { knowledgeGraphs } = succeeded(await server.call('ListKnowledgeGraphs', { userAppId }))
  assert.deepEqual(
    knowledgeGraphs.map(({ id }) => id),
    ['plants', 'animals'],
  )
})
