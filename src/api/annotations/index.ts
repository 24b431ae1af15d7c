import { annotationRpcs } from './annotations.ts'
import { annotationFilterRpcs } from './filters.ts'
import { trackAnnotationsSearchRpc } from './PostTrackAnnotationsSearches.ts'
import { trackAnnotationsStreamRpc } from './StreamTrackAnnotationsSearches.ts'
import { annotationTrackRpcs } from './tracks.ts'

/** All RPCs of annotations, filters of them and tracks. */
export const annotationFamily = {
  ...annotationRpcs,
  ...annotationFilterRpcs,
  ...annotationTrackRpcs,
  ...trackAnnotationsSearchRpc,
  ...trackAnnotationsStreamRpc,
}
