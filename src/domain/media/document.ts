import type { MediaFacts, PreparedSize } from '../../media/prepare/prepared.ts'

/** What `media.doc` holds: nothing until the medium has been processed. */
export interface MediaDocument {
  readonly facts?: MediaFacts
  /** Sizes beside `orig`, from the largest to the smallest. */
  readonly sizes?: readonly HostedSize[]
}

/** One size beside `orig`. */
export interface HostedSize extends Pick<PreparedSize, 'size' | 'width' | 'height'> {
  /** Whether it is the original itself, in its format. */
  readonly isOriginal: boolean
}

/** The document of a medium that has not been processed. */
export const NO_DOCUMENT = '{}'

/** Reads a document. */
export const readDocument = (text: string): MediaDocument => JSON.parse(text) as MediaDocument
