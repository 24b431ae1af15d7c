import type { DashTrack } from '../../media/dash/tracks.ts'
import type { MediaFacts, PreparedSize } from '../../media/prepare/prepared.ts'

/** What `media.doc` holds: nothing until the medium has been processed. */
export interface MediaDocument {
  readonly facts?: MediaFacts
  /** Sizes beside `orig`, from the largest to the smallest. */
  readonly sizes?: readonly HostedSize[]
  /** How a film is played by ranges, once somebody has asked for it. */
  readonly film?: HostedFilm
}

/** A film as players find it. */
export interface HostedFilm {
  readonly durationSeconds: number
  /** None for films of a kind that browsers do not play. */
  readonly tracks: readonly HostedTrack[]
}

/** One track; `size` says under which name it is hosted. */
export interface HostedTrack extends Omit<DashTrack, 'file'> {
  readonly size: 'orig' | 'dash_video' | 'dash_audio'
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
