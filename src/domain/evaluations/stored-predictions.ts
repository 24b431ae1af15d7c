import { AppError } from '../../base/errors.ts'
import type { BlobStore } from '../../blobs/blob-store.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { inputsIn } from '../datasets/versions/batches.ts'
import { CHUNK_BYTES_MAX } from './limits.ts'
import type { Prediction } from './predict.ts'

const NOTHING_SAID = new AppError(
  StatusCode.MODEL_PREDICTION_FAILED,
  'The dataset with the predictions has nothing about the input.',
)

/**
 * Predictions that are stored as a dataset version, read part by part: two parts are in memory at a time, of the others
 * only which inputs they are about. Asked for inputs in about the order of the version, it reads each part once; what
 * the version does not have is known after one round.
 */
export class StoredPredictions {
  readonly #blobs: Pick<BlobStore, 'bytes'>
  readonly #hashes: readonly string[]
  /** The part that each input is in, of the parts that were read so far. */
  readonly #partOf = new Map<string, number>()
  #read = 0
  #parts: ReadonlyMap<string, Data>[] = []

  /** `hashes` name the parts of the version in their order. */
  constructor(blobs: Pick<BlobStore, 'bytes'>, hashes: readonly string[]) {
    this.#blobs = blobs
    this.#hashes = hashes
  }

  /** What the version says about inputs, by their ids. */
  async of(ids: readonly string[]): Promise<Map<string, Prediction>> {
    const found = new Map<string, Prediction>()
    const left = new Set(ids)
    const take = (): void => {
      for (const id of left) {
        const data = this.#parts.find((part) => part.has(id))?.get(id)
        if (data && left.delete(id)) found.set(id, { data })
      }
    }
    take()
    const known = new Set([...left].flatMap((id) => this.#partOf.get(id) ?? []))
    for (const place of [...known].sort((a, b) => a - b)) {
      await this.#readPart(place)
      take()
    }
    while (left.size > 0 && this.#read < this.#hashes.length) {
      await this.#readPart(this.#read++)
      take()
    }
    for (const id of left) found.set(id, { error: NOTHING_SAID })
    return found
  }

  async #readPart(place: number): Promise<void> {
    const bytes = await this.#blobs.bytes(this.#hashes[place]!, CHUNK_BYTES_MAX)
    const part = new Map<string, Data>()
    for (const { id, data } of inputsIn({ bytes })) {
      if (!data) continue
      part.set(id, data)
      this.#partOf.set(id, place)
    }
    this.#parts = [part, ...this.#parts].slice(0, 2)
  }
}
