import type { Data } from '../../contract/index.ts'
import { CONCEPT_PLACES } from '../../store/data-bits.ts'

/** Where in an annotation some data are. */
export interface At {
  readonly data: Data
  /** Of CONCEPT_PLACES. */
  readonly place: number
  /** Of the innermost region around, or empty. */
  readonly regionId: string
}

/**
 * The data of an annotation and all data inside them (regions, frames, time segments, tracks), outermost first and
 * always in the same order, on which the places of stored vectors depend.
 */
export function* walk(data: Data, place: number = CONCEPT_PLACES.whole, regionId = ''): Generator<At> {
  yield { data, place, regionId }
  for (const region of data.regions) {
    if (region.data) yield* walk(region.data, place || CONCEPT_PLACES.region, region.id)
  }
  for (const frame of data.frames) {
    if (frame.data) yield* walk(frame.data, CONCEPT_PLACES.frame, regionId)
  }
  for (const segment of data.timeSegments) {
    if (segment.data) yield* walk(segment.data, CONCEPT_PLACES.time_segment, regionId)
  }
  for (const track of data.tracks) {
    if (track.data) yield* walk(track.data, CONCEPT_PLACES.time_segment, regionId)
  }
}
