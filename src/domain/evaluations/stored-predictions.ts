import { AppError } from '../../base/errors.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { chunksOf } from '../../store/repos/dataset-versions.ts'
import { inputsIn } from '../datasets/versions/batches.ts'
import type { Services } from '../services.ts'
import { CHUNK_BYTES_MAX } from './limits.ts'
import type { Prediction } from './predict.ts'

const NOTHING_SAID = new AppError(
  StatusCode.MODEL_PREDICTION_FAILED,
  'The dataset with the predictions has nothing about the input.',
)

/**
 * Predictions that are stored as a dataset version, read part by part: two parts are in memory at a time. Asked for
 * inputs in about the order of the version, it reads each part once.
 */
export class StoredPredictions {
  readonly #services: Pick<Services, 'db' | 'blobs'>
  readonly #versionPk: number
  #hashes: readonly string[] | undefined
  #next = 0
  #parts: ReadonlyMap<string, Data>[] = []

  constructor(services: Pick<Services, 'db' | 'blobs'>, versionPk: number) {
    this.#services = services
    this.#versionPk = versionPk
  }

  /** What the version says about inputs, by their ids. */
  async of(ids: readonly string[]): Promise<Map<string, Prediction>> {
    const found = new Map<string, Prediction>()
    const take = (): void => {
      for (const id of ids) {
        const data = this.#parts.find((part) => part.has(id))?.get(id)
        if (data && !found.has(id)) found.set(id, { data })
      }
    }
    take()
    this.#hashes ??= (await chunksOf(this.#services.db.read, this.#versionPk)).map(({ hash }) => hash)
    // Once around, for what is asked for in another order.
    for (let read = 0; read < this.#hashes.length && found.size < ids.length; read++) {
      await this.#readNext(this.#hashes)
      take()
    }
    for (const id of ids) if (!found.has(id)) found.set(id, { error: NOTHING_SAID })
    return found
  }

  async #readNext(hashes: readonly string[]): Promise<void> {
    const bytes = await this.#services.blobs.bytes(hashes[this.#next % hashes.length]!, CHUNK_BYTES_MAX)
    this.#next++
    const part = new Map<string, Data>()
    for (const { id, data } of inputsIn({ bytes })) if (data) part.set(id, data)
    this.#parts = [part, ...this.#parts].slice(0, 2)
  }
}
