import { readPage } from '../../domain/resource/paging.ts'
import { answerSearches } from '../../domain/search/answer.ts'
import type { UnaryHandler } from '../define/rpc.ts'

/** Finds annotations: one hit an annotation. */
export const annotationsSearchRpc = {
  PostAnnotationsSearches: (({ searches, pagination }, call) =>
    answerSearches(call, searches, {
      hits: 'annotations',
      window: readPage(pagination),
      onlyCount: false,
    })) satisfies UnaryHandler<'PostAnnotationsSearches'>,
}
