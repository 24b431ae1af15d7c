import { join } from 'node:path'
import { type Clock, systemClock } from '../base/clock.ts'
import { KeyLock } from '../base/key-lock.ts'
import type { Log } from '../base/log.ts'
import { RateLimiter } from '../base/rate-limiter.ts'
import { openVault } from '../base/vault-key.ts'
import { seedCatalogue } from '../catalogue/seed.ts'
import { type Config, ConfigError } from '../config/config.ts'
import { Directory } from '../domain/access/directory.ts'
import { Collecting } from '../domain/collectors/collecting.ts'
import { JOB_KINDS } from '../domain/jobs/kinds.ts'
import { SignedLinks } from '../domain/media/links.ts'
import { PublicOrigin } from '../domain/media/origin.ts'
import { sealStored } from '../domain/models/stored-secrets.ts'
import { PlanCache } from '../domain/plan-cache.ts'
import { LogPruner } from '../domain/search/prune-log.ts'
import type { Services } from '../domain/services.ts'
import { VectorShelf } from '../domain/training/shelf.ts'
import { LoginAttempts } from '../domain/users/login-attempts.ts'
import { createFetcher } from '../fetch/guarded-fetcher.ts'
import { Jobs } from '../jobs/jobs.ts'
import { Links } from '../remote/links.ts'
import { withRemotes } from '../remote/runtime.ts'
import { Runners } from '../runners/runners.ts'
import { withGuests } from '../runtime/host/guests.ts'
import { createRuntime } from '../runtime/host/runtime.ts'
import { GUEST_RSS_BYTES, GUEST_WORKERS, MAX_GUEST_RSS_BYTES, MAX_GUEST_WORK_MS } from '../runtime/limits.ts'
import { createMediaPrep } from '../runtime/media/pool.ts'
import type { Runtime } from '../runtime/protocol.ts'
import { Tuner } from '../runtime/tuning/tuner.ts'
import { type Searcher, SearchProcess } from '../search/search-process.ts'
import { openDatabase } from '../store/database.ts'
import { PRODUCT_THREADS } from '../training/limits.ts'
import { TrainerProcess } from '../training/trainer.ts'
import { readBlobRef } from '../weights/blob-ref.ts'
import { WeightStore } from '../weights/store.ts'
import type { Plan } from '../workflow/plan.ts'
import { openBlobs } from './blobs.ts'
import { ensureFirstUser } from './first-user.ts'
import { openHub } from './hub.ts'

/** The services of a running program and how to end them. */
export interface BuiltServices {
  readonly services: Services
  /** Token of the first user when it was made at random just now, to be shown once. */
  readonly newPat: string | undefined
  close(): Promise<void>
}

/** Builds everything in order; `overrides` replace single services (tests). What was opened is closed in reverse. */
export async function buildServices(
  config: Config,
  log: Log,
  overrides: Partial<Services> = {},
): Promise<BuiltServices> {
  const clock: Clock = overrides.clock ?? systemClock
  const stack = new AsyncDisposableStack()
  try {
    const db = overrides.db ?? stack.use(await openDatabase(locationOf(config), log))
    const hub = openHub(config, log)
    await seedCatalogue(db, clock, (id) => hub.files(id) !== undefined)
    const vault = overrides.vault ?? (await openVault(config.dataDir, config.secretKeys))
    await sealStored(db, vault, log)
    const newPat = await ensureFirstUser(db, config.firstUser, clock)
    const mediaLinks = await SignedLinks.open(db)
    const fetcher = overrides.fetcher ?? openFetcher(config, log)
    if (!overrides.fetcher) stack.defer(() => fetcher.close())
    const links = overrides.links ?? new Links(fetcher)
    const runners = overrides.runners ?? new Runners()
    const local = overrides.runtime ?? (await startRuntime(config, log))
    if (!overrides.runtime) stack.defer(() => local.close())
    const mediaPrep = overrides.mediaPrep ?? createMediaPrep({ workers: config.workers, log })
    if (!overrides.mediaPrep) stack.defer(() => mediaPrep.close())
    const blobs = overrides.blobs ?? (await openBlobs(config))
    if (!overrides.blobs) stack.defer(() => blobs.close())
    const search = overrides.search ?? openSearch(config, { db, clock, log }, stack)
    const trainer = overrides.trainer ?? new TrainerProcess({ threads: PRODUCT_THREADS }, log)
    if (!overrides.trainer) stack.defer(() => trainer.close())
    const services: Services = {
      config,
      log,
      clock,
      db,
      blobs,
      mediaPrep,
      vault,
      films: new KeyLock(),
      mediaLinks,
      origin: new PublicOrigin(config.publicUrl),
      directory: new Directory(db),
      weights: new WeightStore({
        dir: join(config.dataDir, 'models'),
        log,
        autoPull: config.modelPull,
        registry: config.npm,
        hub,
      }),
      plans: new PlanCache(),
      collecting: new Collecting(),
      rateLimiter: new RateLimiter(config.rateLimitPerSecond),
      logins: new LoginAttempts(),
      jobs: new Jobs<Services>({ db, clock, log }, JOB_KINDS),
      search,
      trainer,
      shelf: new VectorShelf(),
      ...overrides,
      fetcher,
      links,
      runners,
      runtime: withRemotes(local, links, runners.hub),
    }
    // First of all, as jobs use everything else.
    stack.defer(() => services.jobs.close())
    stack.defer(() => services.collecting.settled())
    return { services, newPat, close: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

const locationOf = ({ databaseUrl, dataDir }: Config) =>
  databaseUrl === undefined ? { dataDir } : { url: databaseUrl }

/** The search process, and what removes rows of the log that it has behind it. */
function openSearch(
  config: Config,
  { db, clock, log }: Pick<Services, 'db' | 'clock' | 'log'>,
  stack: AsyncDisposableStack,
): Searcher {
  const folder = join(config.dataDir, 'vectors')
  const pruner = new LogPruner(db, clock, log, folder)
  stack.defer(() => pruner.close())
  const search = new SearchProcess({ location: locationOf(config), folder }, log, (mark) => pruner.note(mark))
  stack.defer(() => search.close())
  return search
}

/** The workers, tuned to what they run, with those for models of users apart from the others. */
async function startRuntime(config: Config, log: Log): Promise<Runtime> {
  const { workers, modelBytesMax: maxBytes } = config
  const tuner = config.tune
    ? await Tuner.open({ workers, file: join(config.dataDir, 'tuning.json'), log: log.child({ part: 'tuner' }) })
    : undefined
  const pool = createRuntime({ workers, maxBytes, log, setupOf: tuner?.setupOf })
  return withGuests(tuner?.watch(pool) ?? pool, runsBroughtModels, () =>
    createRuntime({
      workers: GUEST_WORKERS,
      maxBytes,
      log,
      rssBytesMax: MAX_GUEST_RSS_BYTES,
      limits: { maxWorkMs: MAX_GUEST_WORK_MS, maxRssBytes: GUEST_RSS_BYTES },
    }),
  )
}

/** Whether a plan runs a model that a user brought: those keep apart from the others. */
export const runsBroughtModels = ({ nodes }: Plan): boolean =>
  nodes.some(({ weights }) => weights.some((id) => readBlobRef(id) !== undefined))

// The only thing that a fetcher can find wrong at its making is the allow list.
function openFetcher(config: Config, log: Log): Services['fetcher'] {
  try {
    return createFetcher({ allow: [...config.fetchAllow], log })
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error })
  }
}
