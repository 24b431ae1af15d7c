import type { RequestOf } from '../../contract/methods.ts'
import { TRACK_FRAMES_MAX, TRACK_MS_MAX } from '../../domain/annotation-tracks/limits.ts'
import { trackAnnotations } from '../../domain/annotation-tracks/search.ts'
import { invalidAnnotation } from '../../domain/annotations/problem.ts'
import type { UnaryHandler } from '../define/rpc.ts'

/** The annotations in the frames of a film from a place on, as many as a player shows in a moment. */
export const trackAnnotationsSearchRpc = {
  PostTrackAnnotationsSearches: (async (request, call) => {
    const search = { ...request, ...readWindow(request) }
    return { annotations: await Array.fromAsync(trackAnnotations(call, search)) }
  }) satisfies UnaryHandler<'PostTrackAnnotationsSearches'>,
}

function readWindow({ maxFrames, maxDuration }: RequestOf<'PostTrackAnnotationsSearches'>) {
  if (maxFrames > TRACK_FRAMES_MAX) {
    throw invalidAnnotation(`max_frames is ${maxFrames}; use at most ${TRACK_FRAMES_MAX}, or the stream for more.`)
  }
  if (maxDuration > TRACK_MS_MAX) {
    throw invalidAnnotation(`max_duration is ${maxDuration} ms; use at most ${TRACK_MS_MAX}, or the stream for more.`)
  }
  return { maxFrames: maxFrames || TRACK_FRAMES_MAX, maxDuration: maxDuration || TRACK_MS_MAX }
}
