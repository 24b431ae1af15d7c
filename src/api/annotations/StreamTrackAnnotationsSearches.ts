import { trackAnnotations } from '../../domain/annotation-tracks/search.ts'
import type { ServerStreamHandler } from '../define/rpc.ts'

/** The same one by one, to the end of the film unless the call says where to stop. */
export const trackAnnotationsStreamRpc = {
  StreamTrackAnnotationsSearches: async function* (request, call) {
    for await (const annotation of trackAnnotations(call, request)) yield { annotation }
  } satisfies ServerStreamHandler<'StreamTrackAnnotationsSearches'>,
}
