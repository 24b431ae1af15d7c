/** An archive that is being unpacked. */
export interface ArchiveState {
  /** Name with its folders, and the blob that it lies in. */
  readonly name: string
  readonly hash: string
  readonly size: number
  /** Files of it that are done. */
  readonly files: number
}

/** How far an extraction is. */
export interface ExtractionState {
  readonly archive?: ArchiveState
  /** What of a bucket is done: everything up to a key, which is on the page of this token. */
  readonly listed?: { readonly token?: string; readonly key: string }
}
