// Searches by the official clients: the legacy REST client, the Node SDK's Search class, the static gRPC client, curl.
import assert from 'node:assert/strict'
import { after, before, describe, mock, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Metadata } from '@grpc/grpc-js'
import { Search } from 'clarifai-nodejs'
import sharp from 'sharp'
import { call, keyMetadata, resources, service, staticClient, userApp } from './kit/grpc.ts'
import { type Named, send } from './kit/http.ts'
import { type LegacyApp, legacyClient } from './kit/legacy.ts'
import { startMediaHost } from './kit/media-host.ts'
import { PHOTO, PHOTO_BASE64 } from './kit/photo.ts'
import { PAT, startLimpid, USER } from './kit/server.ts'

const APP = 'ci_test_app_searches'
const BASE = `/v2/users/${USER}/apps/${APP}`
/** How long a test asks for what takes a moment; no test waits that long when all is well. */
const PATIENCE_MS = 60_000

const media = await startMediaHost()
const limpid = await startLimpid({ env: { LIMPID_FETCH_ALLOW: media.authority } })
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await media[Symbol.asyncDispose]()
})
const client = staticClient(limpid)
after(() => client.close())

let legacy: LegacyApp
const photoUrl = `${media.url}/photo.jpg`

before(async () => {
  mock.method(console, 'info', () => {})
  const post = async (path: string, body: object) => {
    const answer = await send(limpid.url, 'POST', path, { body })
    assert.equal(answer.body.status.code, 10000, answer.text)
    return answer.body
  }
  await post(`/v2/users/${USER}/apps`, { apps: [{ id: APP, default_workflow_id: 'General' }] })
  const keys = { keys: [{ scopes: ['All'], apps: [{ id: APP, user_id: USER }] }] }
  const made = await post(`/v2/users/${USER}/keys`, keys)
  legacy = legacyClient(limpid, { apiKey: (made.keys as Named[])[0]!.id })
  const sky = await sharp({ create: { width: 160, height: 120, channels: 3, background: '#58a6e8' } })
    .jpeg()
    .toBuffer()
  const london = { geo_point: { longitude: -0.13, latitude: 51.51 } }
  const inputs = [
    {
      id: 'photo',
      data: {
        image: { url: photoUrl },
        concepts: [
          { id: 'person', name: 'Person', value: 1 },
          { id: 'plane', value: 0 },
        ],
        metadata: { source: { kind: 'press', year: 2004 }, tags: ['a', 'b'] },
        geo: london,
      },
    },
    { id: 'sky', data: { image: { base64: sky.toString('base64') }, concepts: [{ id: 'plane', value: 1 }] } },
    { id: 'words', data: { text: { raw: 'A man carries his dog home.' } } },
  ]
  await post(`${BASE}/inputs`, { inputs })
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await pause(50)) {
    const { body } = await send(limpid.url, 'GET', `${BASE}/inputs/status`)
    const { processed, errors } = body.counts as { processed: number; errors: number }
    if (processed + errors === inputs.length) return
  }
  assert.fail('the inputs are not processed')
})

describe('the legacy client: inputs.search', () => {
  const found = async (queries: unknown, page?: { page: number; perPage: number }) =>
    (await legacy.inputs.search(queries, page)).hits.map(({ input }) => input.id)

  test('by labels, positive and negative, by id and by name', async () => {
    assert.deepEqual(await found({ concept: { id: 'person', type: 'input' } }), ['photo'])
    assert.deepEqual(await found({ concept: { name: 'Person', type: 'input' } }), ['photo'])
    assert.deepEqual(await found({ concept: { id: 'plane', type: 'input', value: false } }), ['words', 'photo'])
  })

  test('by concepts that models predict, public ones too', async () => {
    const { hits } = await legacy.inputs.search({ concept: { name: 'dog' } })
    assert.ok(
      hits.some(({ input }) => input.id === 'photo'),
      JSON.stringify(hits.map(({ input }) => input.id)),
    )
    assert.ok(hits.every(({ score }) => score >= 0 && score <= 1))
  })

  test('by likeness to a picture, by url and by bytes: the same one first', async () => {
    for (const input of [{ url: photoUrl }, { base64: PHOTO_BASE64 }]) {
      const { hits } = await legacy.inputs.search({ input })
      assert.equal(hits[0]?.input.id, 'photo')
      assert.ok(hits[0]!.score > 0.99, `${hits[0]!.score}`)
      assert.equal(hits[0]!.input.data.image?.url, photoUrl)
    }
  })

  test('by the url of an input, by metadata inside, by places, and all of them together', async () => {
    assert.deepEqual(await found({ input: { type: 'input', url: photoUrl } }), ['photo'])
    assert.deepEqual(await found({ input: { metadata: { source: { year: 2004 }, tags: ['b'] } } }), ['photo'])
    assert.deepEqual(await found({ input: { metadata: { source: { year: 2005 } } } }), [])
    const near = { latitude: 48.86, longitude: 2.35, type: 'withinKilometers', value: 1000 }
    assert.deepEqual(await found({ input: { geo: near } }), ['photo'])
    assert.deepEqual(await found({ input: { geo: { ...near, value: 100 } } }), [])
    const box = [
      { latitude: 50, longitude: -1 },
      { latitude: 52, longitude: 1 },
    ]
    assert.deepEqual(await found({ input: { geo: box } }), ['photo'])
    const both = [{ input: { url: photoUrl, geo: near } }, { concept: { id: 'person', type: 'input' } }]
    assert.deepEqual(await found(both), ['photo'])
  })

  test('page by page', async () => {
    const pages = []
    for (const page of [1, 2, 3, 4]) pages.push(...(await found([], { page, perPage: 1 })))
    assert.deepEqual(pages, ['words', 'sky', 'photo'])
  })
})

describe('the Node SDK: Search', () => {
  const authConfig = { userId: USER, appId: APP, pat: PAT, base: limpid.url }
  type Pages = ReturnType<Search['query']>
  const idsOf = async (pages: Pages): Promise<string[]> => {
    const hits = (await Array.fromAsync(pages)).flatMap((page) => ('hitsList' in page ? page.hitsList : []))
    return hits.map(({ input }) => input!.id)
  }

  test('without filters and ranks sends one that is empty of each, which everything fits', async () => {
    const ids = await idsOf(new Search({ authConfig, topK: 50 }).query({}))
    assert.deepEqual([...new Set(ids)].toSorted(), ['photo', 'sky', 'words'])
  })

  test('ranks by image, filters by concept, by input and by place', async () => {
    const search = (topK: number, more = {}) => new Search({ authConfig, topK, ...more })
    const types = [{ inputTypes: ['image'] as const }]
    const byUrl = await idsOf(search(1).query({ ranks: [{ imageUrl: photoUrl }], filters: types as never }))
    // The SDK goes on to further pages of its size until one is empty.
    assert.deepEqual(byUrl, ['photo', 'sky'])
    const exact = search(2, { algorithm: 'brute_force', metric: 'cosine' })
    const byBytes = await idsOf(exact.query({ ranks: [{ imageBytes: PHOTO }], filters: types as never }))
    assert.deepEqual(byBytes, ['photo', 'sky'])
    const person = [{ concepts: [{ id: 'person', value: 1 }] }]
    assert.deepEqual(await idsOf(search(5).query({ filters: person as never })), ['photo'])
    const place = [{ geoPoint: { longitude: 0, latitude: 51, geoLimit: 100 } }]
    assert.deepEqual(await idsOf(search(5).query({ filters: place as never })), ['photo'])
    const nothing = [{ inputDatasetIds: ['none'] }]
    assert.deepEqual(await idsOf(search(5).query({ filters: nothing as never })), [])
    const texts = [{ inputTypes: ['text', 'audio'] as const }]
    assert.deepEqual(await idsOf(search(5).query({ filters: texts as never })), ['words'])
  })

  test('knows the bound of pages by its words', async () => {
    const pages = new Search({ authConfig, topK: 20_000 }).query({ page: 11, perPage: 1000 })
    await assert.rejects(Array.fromAsync(pages), /current pagination settings exceed the limit/)
  })
})

describe('the static gRPC client', () => {
  const request = (search: InstanceType<typeof resources.Search>) =>
    new service.PostInputsSearchesRequest().setUserAppId(userApp(APP)).setSearchesList([search])
  const labelled = (id: string, value: number) => {
    const data = new resources.Data().setConceptsList([new resources.Concept().setId(id).setValue(value)])
    return new resources.Filter().setAnnotation(new resources.Annotation().setData(data))
  }
  const searchBy = (...filters: InstanceType<typeof resources.Filter>[]) =>
    new resources.Search().setQuery(new resources.Query().setFiltersList(filters))

  test('PostInputsSearches filters, counts, saves; PostSearchesByID runs what was saved', async () => {
    const found = await call(client, client.postInputsSearches, request(searchBy(labelled('plane', 1))))
    assert.deepEqual(
      found.getHitsList().map((hit) => [hit.getInput()?.getId(), hit.getScore()]),
      [['sky', 1]],
    )
    const counting = request(searchBy(labelled('plane', 0))).setOnlyCount(true)
    const counted = await call(client, client.postInputsSearches, counting)
    assert.deepEqual(
      counted.getHitCountsList().map((count) => Number(count.getEstimatedTotal())),
      [1],
    )
    const saving = request(searchBy(labelled('plane', 1)).setId('planes').setSave(true))
    const saved = await call(client, client.postInputsSearches, saving)
    assert.deepEqual([saved.getId(), saved.getHitsList().length], ['planes', 0])
    const byId = new service.PostSearchesByIDRequest().setUserAppId(userApp(APP)).setId('planes')
    const run = await call(client, client.postSearchesByID, byId)
    assert.deepEqual(
      run.getHitsList().map((hit) => hit.getInput()?.getId()),
      ['sky'],
    )
  })

  test('PostAnnotationsSearches: a hit is one annotation', async () => {
    const both = searchBy(labelled('person', 1), labelled('plane', 0))
    const asking = new service.PostAnnotationsSearchesRequest().setUserAppId(userApp(APP)).setSearchesList([both])
    const found = await call(client, client.postAnnotationsSearches, asking)
    const [hit, ...others] = found.getHitsList()
    assert.equal(others.length, 0)
    assert.deepEqual([hit?.getAnnotation()?.getInputLevel(), hit?.getInput()?.getId()], [true, 'photo'])
  })

  test('PostTrackAnnotationsSearches and its stream answer an input without frames with none', async () => {
    const asking = new service.PostTrackAnnotationsSearchesRequest().setUserAppId(userApp(APP)).setInputId('photo')
    const answer = await call(client, client.postTrackAnnotationsSearches, asking)
    assert.deepEqual([answer.getStatus()?.getCode(), answer.getAnnotationsList()], [10000, []])
    const streaming = new service.StreamTrackAnnotationsSearchesRequest()
      .setUserAppId(userApp(APP))
      .setInputId('photo')
      .setTrackId('t')
    assert.deepEqual(await Array.fromAsync(client.streamTrackAnnotationsSearches(streaming, keyMetadata())), [])
  })

  test('a call that asks how it was done is told in a trailer', async () => {
    const metadata = keyMetadata()
    metadata.set('x-limpid-explain', '1')
    const trailer = await new Promise<Metadata>((resolve, reject) => {
      const running = client.postInputsSearches(request(searchBy(labelled('plane', 1))), metadata, (error) => {
        if (error) reject(error)
      })
      running.on('status', (status) => resolve(status.metadata))
    })
    const [told] = JSON.parse(String(trailer.get('x-limpid-explain')[0])) as { filters: string[]; found: number }[]
    assert.deepEqual([told?.filters, told?.found], [['concept'], 1])
  })
})

describe('JSON', () => {
  const search = (body: object, headers = {}) => send(limpid.url, 'POST', `${BASE}/inputs/searches`, { body, headers })
  const idsOf = (body: { readonly [name: string]: unknown }) =>
    (body.hits as { readonly input: Named }[]).map(({ input }) => input.id)

  test('empty messages are not dropped: they ask for a kind', async () => {
    const { body } = await search({ searches: [{ query: { filters: [{ input: { data: { text: {} } } }] } }] })
    assert.deepEqual(idsOf(body), ['words'])
  })

  test('words are found in texts', async () => {
    const filters = [{ input: { data: { text: { raw: 'dogs carried' } } } }]
    assert.deepEqual(idsOf((await search({ searches: [{ query: { filters } }] })).body), ['words'])
    const ranks = [{ annotation: { data: { text: { raw: 'who carries a cat?' } } } }]
    const ranked = await search({ searches: [{ algorithm: 'full_text', query: { ranks } }] })
    assert.deepEqual(idsOf(ranked.body), ['words'])
  })

  test('the plan of a search is told in a header, to whom asks for it', async () => {
    const body = { searches: [{ query: { filters: [{ input: { data: { image: {} } } }] } }] }
    const silent = await search(body)
    assert.equal(silent.headers.get('x-limpid-explain'), null)
    const { headers } = await search(body, { 'x-limpid-explain': '1' })
    const [told] = JSON.parse(headers.get('x-limpid-explain')!) as Record<string, unknown>[]
    assert.deepEqual([told?.hits, told?.filters, told?.found], ['inputs', ['media'], 2])
    assert.ok(Array.isArray(told?.road))
  })

  test('refusals have status 400 and say what to do', async () => {
    const { http, body } = await search({ searches: [{ algorithm: 'magic' }] })
    assert.deepEqual([http, body.status.code], [400, 40002])
    const picture = [{ annotation: { data: { image: { url: `${media.url}/nothing.jpg` } } } }]
    const lost = await search({ searches: [{ query: { ranks: picture } }] })
    assert.notEqual(lost.body.status.code, 10000)
    assert.match(lost.body.status.details!, /cannot be used/)
  })
})
