import type { Clock } from '../base/clock.ts'
import type { KeyLock } from '../base/key-lock.ts'
import type { Log } from '../base/log.ts'
import type { RateLimiter } from '../base/rate-limiter.ts'
import type { Vault } from '../base/vault.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Config } from '../config/config.ts'
import type { Fetcher } from '../fetch/guarded-fetcher.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Links } from '../remote/links.ts'
import type { Runners } from '../runners/runners.ts'
import type { MediaPrep } from '../runtime/media/port.ts'
import type { Runtime } from '../runtime/protocol.ts'
import type { Searcher } from '../search/search-process.ts'
import type { Database } from '../store/database.ts'
import type { Trainer } from '../training/trainer.ts'
import type { WeightStore } from '../weights/store.ts'
import type { Directory } from './access/directory.ts'
import type { Collecting } from './collectors/collecting.ts'
import type { SignedLinks } from './media/links.ts'
import type { PublicOrigin } from './media/origin.ts'
import type { PlanCache } from './plan-cache.ts'
import type { VectorShelf } from './training/shelf.ts'
import type { LoginAttempts } from './users/login-attempts.ts'

/** What the composition root builds once and every call may use. */
export interface Services {
  readonly config: Config
  readonly log: Log
  readonly clock: Clock
  readonly db: Database
  readonly blobs: BlobStore
  readonly directory: Directory
  readonly fetcher: Fetcher
  readonly weights: WeightStore
  /** Seals what is stored but never shown. */
  readonly vault: Vault
  /** Also runs plans with models of other servers. */
  readonly runtime: Runtime
  /** Where clients reach this server. */
  readonly origin: PublicOrigin
  /** Links to hosted media and logs of trainings that work without a key. */
  readonly mediaLinks: SignedLinks
  /** Lets each film be cut for players once at a time. */
  readonly films: KeyLock
  /** Looks at media and makes their hosted sizes. */
  readonly mediaPrep: MediaPrep
  /** The ways to those servers, for what is no plan: streams and methods. */
  readonly links: Links
  /** Work for runners, and the runners that are connected. */
  readonly runners: Runners
  /** Durable background work; see docs/jobs.md. */
  readonly jobs: Jobs<Services>
  readonly rateLimiter: RateLimiter
  readonly logins: LoginAttempts
  readonly plans: PlanCache
  /** Takes inputs of predictions for collectors, without anybody waiting for it. */
  readonly collecting: Collecting
  readonly search: Searcher
  readonly trainer: Trainer
  /** Vectors that trainings have read lately. */
  readonly shelf: VectorShelf
}
