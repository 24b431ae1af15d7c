import { createRequire } from 'node:module'
import type { LimpidServer } from './server.ts'

/** The parts of the legacy client that tests use; the package brings no types. */
export interface LegacyApp {
  readonly models: {
    predict(model: string | { id: string; version?: string }, inputs: unknown, config?: object): Promise<LegacyAnswer>
    create(model: string | object, concepts?: readonly unknown[], options?: object): Promise<LegacyModel>
    get(id: string): Promise<LegacyModel>
    list(options?: LegacyPage): Promise<LegacyList<LegacyModel>>
    search(name: string, type?: string): Promise<LegacyList<LegacyModel>>
    update(model: object): Promise<LegacyList<LegacyModel>>
    mergeConcepts(model: object): Promise<LegacyList<LegacyModel>>
    deleteConcepts(model: object): Promise<LegacyList<LegacyModel>>
    getVersions(model: string, options?: LegacyPage): Promise<LegacyAnswer>
    getVersion(model: string, version: string): Promise<LegacyAnswer>
    getOutputInfo(model: string): Promise<LegacyModel>
    delete(ids?: string | readonly string[], version?: string): Promise<LegacyAnswer>
  }
  readonly inputs: {
    create(inputs: unknown): Promise<LegacyList<LegacyInput>>
    get(id: string): Promise<LegacyInput>
    list(options?: LegacyPage): Promise<LegacyList<LegacyInput>>
    mergeConcepts(inputs: unknown): Promise<LegacyList<LegacyInput>>
    deleteConcepts(inputs: unknown): Promise<LegacyList<LegacyInput>>
    search(queries: unknown, options?: LegacyPage): Promise<LegacySearch>
    getStatus(): Promise<{ readonly counts: { readonly processed: number; readonly errors: number } }>
    /** Hands over the whole HTTP answer. */
    delete(ids: string | readonly string[]): Promise<{ readonly data: LegacyAnswer }>
  }
  readonly concepts: {
    create(concepts: unknown): Promise<LegacyList<LegacyConcept>>
    get(id: string): Promise<LegacyConcept>
    list(options?: LegacyPage): Promise<LegacyList<LegacyConcept>>
    search(name: string, language?: string): Promise<LegacyList<LegacyConcept>>
    update(concepts: unknown, action?: string): Promise<LegacyList<LegacyConcept>>
  }
  readonly workflows: {
    create(id: string, config: { modelId: string; modelVersionId?: string }): Promise<string>
    list(options?: LegacyPage): Promise<LegacyList<LegacyThing>>
    delete(id: string): Promise<LegacyAnswer>
  }
  readonly workflow: {
    predict(id: string, inputs: unknown, config?: object): Promise<LegacyAnswer>
  }
}

export interface LegacyPage {
  readonly page: number
  readonly perPage: number
}

export interface LegacyThing {
  readonly id: string
  readonly name: string
  readonly appId: string
  readonly createdAt: string
}

export interface LegacyInput extends LegacyThing {
  readonly imageUrl: string
  readonly rawData: {
    readonly data: { readonly concepts?: readonly { readonly id: string; readonly value: number }[] }
  }
}

export interface LegacyConcept extends LegacyThing {
  readonly rawData: { readonly language: string }
}

export interface LegacyModel extends LegacyThing {
  getInputs(options?: LegacyPage): Promise<{ readonly inputs: readonly LegacyThing[] }>
  readonly modelVersion: { readonly id: string; readonly status: { readonly code: number } }
  readonly outputInfo: {
    readonly data?: { readonly concepts: readonly { readonly id: string }[] }
    readonly output_config?: Readonly<Record<string, unknown>>
  }
  /** Waits until the training has ended where `sync` is true. */
  train(sync: boolean): Promise<LegacyModel>
  runModelEval(): Promise<{ readonly id: string; readonly metrics: { readonly status: { readonly code: number } } }>
}

export type LegacyList<T> = { readonly length: number; readonly rawData: readonly unknown[] } & {
  readonly [index: number]: T
}

/** What `inputs.search` hands over: JSON as it came. */
export interface LegacySearch {
  readonly status: { readonly code: number }
  readonly hits: readonly {
    readonly score: number
    readonly input: { readonly id: string; readonly data: { readonly image?: { readonly url?: string } } }
  }[]
}

/** What the client hands over as it came: JSON with snake_case names. */
export interface LegacyAnswer {
  readonly status: { readonly code: number; readonly description: string; readonly details?: string }
  readonly outputs: readonly LegacyOutput[]
  readonly results: readonly { readonly outputs: readonly LegacyOutput[] }[]
  readonly workflow: { readonly id: string }
  readonly model_version: { readonly id: string }
  readonly model_versions: readonly { readonly id: string }[]
}

export interface LegacyOutput {
  readonly status: { readonly code: number; readonly description: string; readonly details?: string }
  readonly created_at: string
  readonly model: { readonly id: string; readonly model_version: { readonly id: string } }
  readonly input: { readonly id: string }
  readonly data: { readonly concepts: readonly { id: string; name: string; value: number; app_id: string }[] }
}

/** How the client rejects: the HTTP answer stands in `response`. */
export interface LegacyRejection {
  readonly response: { readonly status: number; readonly data: LegacyAnswer }
}

const { App } = createRequire(import.meta.url)('clarifai') as { App: new (options: object) => LegacyApp }

/** The legacy REST client; with user and app it puts both into every path, else it needs an app key. */
export function legacyClient(
  server: LimpidServer,
  options: { readonly apiKey: string; readonly userId?: string; readonly appId?: string },
): LegacyApp {
  return new App({ apiEndpoint: server.url, ...options })
}
