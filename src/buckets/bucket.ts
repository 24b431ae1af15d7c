/** An object as lists tell of it. */
export interface BucketObject {
  readonly key: string
  /** Bytes; undefined where only the object itself can tell. */
  readonly size: number | undefined
}

/** One page of a list. */
export interface BucketPage {
  readonly objects: readonly BucketObject[]
  /** What asks for the next page; absent on the last. */
  readonly next?: string
}

/** How an object is fetched. */
export interface ObjectOptions {
  readonly maxBytes: number
  /** From the call to the last byte, in milliseconds. */
  readonly totalMs: number
  readonly signal: AbortSignal
}

/** The objects that an address means, of whatever provider. */
export interface Bucket {
  /** A page of objects in the order of their keys, the first without a token. Throws ServiceRefused or what the fetcher throws. */
  list(token: string | undefined, signal: AbortSignal): Promise<BucketPage>
  /** The content of an object; throws ServiceRefused or what the fetcher throws. */
  read(key: string, options: ObjectOptions): AsyncIterable<Uint8Array>
}
