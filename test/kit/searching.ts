import type { MessageInitShape } from '@bufbuild/protobuf'
import type { FilterSchema, Hit, RankSchema, SearchSchema } from '../../src/contract/index.ts'
import type { ResponseOf } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import type { Place, TestedEngine } from '../store/kit.ts'
import { makeApp, refused, succeeded, type TestApp } from './apps.ts'
import { startTestServer, type TestServer, type TestServerOptions } from './server.ts'
import { putInputs } from './stored-inputs.ts'

export type FilterInit = MessageInitShape<typeof FilterSchema>
export type RankInit = MessageInitShape<typeof RankSchema>
export type SearchInit = MessageInitShape<typeof SearchSchema>

type More = Partial<{ pagination: { page: number; perPage: number }; onlyCount: boolean }>

/** A test server on an engine with an app to search in. */
export class SearchKit implements AsyncDisposable {
  readonly server: TestServer
  readonly app: TestApp
  readonly #place: Place

  constructor(server: TestServer, app: TestApp, place: Place) {
    this.server = server
    this.app = app
    this.#place = place
  }

  static async start(
    engine: TestedEngine,
    options: TestServerOptions = {},
    make: (server: TestServer) => Promise<TestApp> = (server) => makeApp(server, 'finds'),
  ): Promise<SearchKit> {
    const place = await engine.place()
    const { location } = place
    const settings = { ...options.settings, ...('url' in location ? { databaseUrl: location.url } : {}) }
    const server = await startTestServer({ ...options, settings })
    return new SearchKit(server, await make(server), place)
  }

  get userAppId() {
    return this.app.userAppId
  }

  inputs(search: SearchInit, more: More = {}): Promise<ResponseOf<'PostInputsSearches'>> {
    return this.server.call('PostInputsSearches', { userAppId: this.userAppId, searches: [search], ...more })
  }

  annotations(search: SearchInit, more: More = {}): Promise<ResponseOf<'PostAnnotationsSearches'>> {
    return this.server.call('PostAnnotationsSearches', { userAppId: this.userAppId, searches: [search], ...more })
  }

  /** Ids of the inputs that filters find. */
  async inputsBy(...filters: FilterInit[]): Promise<(string | undefined)[]> {
    return idsOf(succeeded(await this.inputs({ query: { filters } })).hits)
  }

  /** Ids of the annotations that filters find. */
  async annotationsBy(...filters: FilterInit[]): Promise<(string | undefined)[]> {
    const { hits } = succeeded(await this.annotations({ query: { filters } }))
    return hits.map(({ annotation }) => annotation?.id)
  }

  /** Hits of a search of inputs with one rank. */
  async ranked(rank: RankInit, search: SearchInit = {}, filters: FilterInit[] = []): Promise<Hit[]> {
    return succeeded(await this.inputs({ ...search, query: { ranks: [rank], filters } } as SearchInit)).hits
  }

  /** Fails unless the search is refused with a code, by default 40002, and words. */
  async refuses(search: SearchInit, details: RegExp, code: StatusCode = 40002, more: More = {}): Promise<void> {
    refused(await this.inputs(search, more), code, details)
  }

  /** Puts annotations through the API. */
  async annotate(...annotations: { inputId: string; id: string; data: object; status?: object }[]): Promise<void> {
    succeeded(await this.server.call('PostAnnotations', { userAppId: this.userAppId, annotations }))
    await this.#settled()
  }

  /**
   * Vector indexes take a change over once no older transaction runs anywhere on the database server, where other tests
   * may be busy; on SQLite at once.
   */
  async #settled(): Promise<void> {
    const { read } = this.server.services.db
    for (;;) {
      const waiting = await read
        .selectFrom('embedding_log')
        .select('pk')
        .where((eb) => eb.not(read.ops.settled(eb.ref('transaction_number'))))
        .limit(1)
        .executeTakeFirst()
      if (!waiting) return
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]()
    await this.#place.remove()
  }
}

/** Ids of the inputs of hits. */
export const idsOf = (hits: readonly Hit[]): (string | undefined)[] => hits.map(({ input }) => input?.id)

/** A filter by a concept. */
export const withConcept = (id: string, value = 1): FilterInit => ({
  annotation: { data: { concepts: [{ id, value }] } },
})

/** A rank by a vector. */
export const byVector = (vector: readonly number[]): RankInit => ({
  annotation: { data: { embeddings: [{ vector: [...vector] }] } },
})

const box = { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 }

/** Vectors around the first of four axes: `near` is like it, `far` its opposite. */
export const ZOO_VECTORS = { near: [1, 0.1, 0, 0], middle: [1, 1, 0, 0], side: [0, 1, 0, 0], far: [-1, 0, 0.1, 0] }

/** Puts a few inputs of all kinds with labels, places and vectors into the app; from the oldest: near, middle, side, far. */
export async function putZoo(kit: SearchKit): Promise<void> {
  const dog = { id: 'dog', value: 1 }
  await putInputs(kit.server.services, kit.app, [
    { id: 'near', data: { concepts: [dog] } },
    {
      id: 'middle',
      data: {
        concepts: [dog, { id: 'cat', value: 0 }],
        metadata: { place: 'zoo', tags: ['a', 'b'], deep: { of: 3 } },
      },
    },
    { id: 'side', kind: 'text', data: { concepts: [{ id: 'cat', value: 1 }], metadata: { place: 'home' } } },
    { id: 'far', kind: 'video', data: { geo: { geoPoint: { latitude: 40.75, longitude: -73.98 } } } },
    { id: 'waiting', data: { concepts: [dog] }, statusCode: StatusCode.INPUT_PENDING },
  ])
  await kit.annotate(
    ...Object.entries(ZOO_VECTORS).map(([inputId, vector]) => ({
      inputId,
      id: `v-${inputId}`,
      data: { embeddings: [{ vector, numDimensions: 4 }] },
    })),
  )
  const region = (id: string, concept: string) => ({
    inputId: 'near',
    id,
    data: { regions: [{ regionInfo: { boundingBox: box }, data: { concepts: [{ id: concept, value: 1 }] } }] },
  })
  await kit.annotate(region('r-ear', 'ear'), region('r-tail', 'tail'))
}
