import { annotationRpcs } from './annotations.ts'
import { annotationFilterRpcs } from './filters.ts'
import { annotationTrackRpcs } from './tracks.ts'

/** All RPCs of annotations, filters of them and tracks. */
export const annotationFamily = { ...annotationRpcs, ...annotationFilterRpcs, ...annotationTrackRpcs }
