import type { MessageInitShape } from '@bufbuild/protobuf'
import type { FilterSchema, Hit, RankSchema, SearchSchema } from '../../src/contract/index.ts'
import type { ResponseOf } from '../../src/contract/methods.ts'
import type { StatusCode } from '../../src/contract/status-code.ts'
import type { Place, TestedEngine } from '../store/kit.ts'
import { makeApp, refused, succeeded, type TestApp } from './apps.ts'
import { startTestServer, type TestServer, type TestServerOptions } from './server.ts'

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
  async annotate(...annotations: { inputId: string; id: string; data: object }[]): Promise<void> {
    succeeded(await this.server.call('PostAnnotations', { userAppId: this.userAppId, annotations }))
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
