import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StatusCode } from '../../contract/status-code.ts'
import type { CheckLimits } from '../../model-packages/check-process.ts'
import { modelVersions } from '../../store/repos/families.ts'
import { versionsInStatus } from '../../store/repos/version-files.ts'
import { IMPORTS_FOLDER, type ImportServices, importVersion } from './import-version.ts'
import { IMPORTS_AT_ONCE } from './limits.ts'

/**
 * Imports of models that users bring, in the background, a few at a time. The versions themselves are the queue: what
 * is MODEL_UPLOADING is to be imported, so that a stopped server goes on where it was.
 */
export class ModelImports {
  readonly #services: ImportServices
  readonly #limits: CheckLimits | undefined
  readonly #waiting: number[] = []
  readonly #running = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>()
  #closed = false

  constructor(services: ImportServices, limits?: CheckLimits) {
    this.#services = services
    this.#limits = limits
  }

  /** Imports a version, after the commit that made it MODEL_UPLOADING. */
  start(versionPk: number): void {
    if (this.#running.has(versionPk) || this.#waiting.includes(versionPk)) return
    this.#waiting.push(versionPk)
    this.#next()
  }

  /** Goes on with what a stopped server has left. */
  async resume(): Promise<void> {
    const { config, db } = this.#services
    if (this.#running.size === 0) {
      await rm(join(config.dataDir, IMPORTS_FOLDER), { recursive: true, force: true })
    }
    for (const pk of await versionsInStatus(db.read, StatusCode.MODEL_UPLOADING)) this.start(pk)
  }

  /** Ends the imports of versions that have been deleted; one that cannot be looked up goes on to its own end. */
  async prune(): Promise<void> {
    const pks = [...this.#running.keys()]
    if (pks.length === 0) return
    try {
      const left = await modelVersions.getManyByPk(this.#services.db.read, pks)
      for (const pk of pks) if (!left.has(pk)) this.#running.get(pk)?.abort.abort(new Error('the version was deleted'))
    } catch (error) {
      this.#services.log.warn({ err: error }, 'imports of deleted versions could not be looked up')
    }
  }

  /** Resolves when the import of a version has ended; at once where none is under way. */
  async done(versionPk: number): Promise<void> {
    await this.#running.get(versionPk)?.done
  }

  /** Resolves when nothing is being imported and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  /** Stops; what is under way stays MODEL_UPLOADING. */
  async close(): Promise<void> {
    this.#closed = true
    this.#waiting.length = 0
    for (const { abort } of this.#running.values()) abort.abort(new Error('the server is shutting down'))
    await this.idle()
  }

  #next(): void {
    while (!this.#closed && this.#running.size < IMPORTS_AT_ONCE && this.#waiting.length > 0) {
      const pk = this.#waiting.shift()!
      const abort = new AbortController()
      const done = importVersion(this.#services, pk, abort.signal, this.#limits)
        .catch((error: unknown) => {
          if (!abort.signal.aborted) this.#services.log.error({ err: error, versionPk: pk }, 'an import broke off')
        })
        .finally(() => {
          this.#running.delete(pk)
          this.#next()
        })
      this.#running.set(pk, { abort, done })
    }
  }
}
