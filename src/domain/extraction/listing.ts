import { AppError, isAppError } from '../../base/errors.ts'
import type { BucketObject, BucketPage } from '../../buckets/bucket.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { TryAgain } from '../../jobs/errors.ts'
import type { ExtractionState } from './state.ts'

/** An object, with what finds the one behind it again. */
export interface ListedObject extends BucketObject {
  readonly place: NonNullable<ExtractionState['listed']>
}

/** Objects of a bucket, page by page, from behind a place on. Throws AppError 66000 where they cannot be listed. */
export class Listing {
  readonly #list: (token: string | undefined) => Promise<BucketPage>
  readonly #after: string | undefined
  #objects: ListedObject[] = []
  #token: string | undefined
  #over = false

  constructor(list: (token: string | undefined) => Promise<BucketPage>, after: ExtractionState['listed']) {
    this.#list = list
    this.#token = after?.token
    this.#after = after?.key
  }

  /** A list of known objects. */
  static of(objects: readonly BucketObject[], after: ExtractionState['listed']): Listing {
    return new Listing(() => Promise.resolve({ objects }), after)
  }

  /** The next object, which stays the next one; undefined behind the last. */
  async peek(): Promise<ListedObject | undefined> {
    while (this.#objects.length === 0 && !this.#over) await this.#fetch()
    return this.#objects[0]
  }

  async next(): Promise<ListedObject | undefined> {
    const object = await this.peek()
    this.#objects.shift()
    return object
  }

  async #fetch(): Promise<void> {
    const token = this.#token
    const page = await this.#list(token).catch((error: unknown) => {
      const final = isAppError(error) && !(error instanceof TryAgain)
      throw final ? new AppError(StatusCode.LIST_OBJECTS_FAILED, error.details, { cause: error }) : error
    })
    if (page.next !== undefined && page.next === token) {
      throw new AppError(
        StatusCode.LIST_OBJECTS_FAILED,
        'The service names the same page again as the next one, so its list has no end; check the address.',
      )
    }
    this.#objects = this.#behind(page.objects).map((object) => ({
      ...object,
      place: { ...(token !== undefined && { token }), key: object.key },
    }))
    this.#token = page.next
    this.#over = page.next === undefined
  }

  /** Those behind the place to begin at; where its object is gone, those whose keys sort after it. */
  #behind(objects: readonly BucketObject[]): readonly BucketObject[] {
    const after = this.#after
    if (after === undefined) return objects
    const at = objects.findIndex(({ key }) => key === after)
    if (at !== -1) return objects.slice(at + 1)
    return objects.filter(({ key }) => Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0)
  }
}
