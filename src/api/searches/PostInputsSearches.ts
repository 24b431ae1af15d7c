import { readPage } from '../../domain/resource/paging.ts'
import { answerSearches } from '../../domain/search/answer.ts'
import type { UnaryHandler } from '../define/rpc.ts'

/** Finds inputs: one hit an input. */
export const inputsSearchRpc = {
  PostInputsSearches: (({ searches, pagination, onlyCount }, call) =>
    answerSearches(call, searches, {
      hits: 'inputs',
      window: readPage(pagination),
      onlyCount,
    })) satisfies UnaryHandler<'PostInputsSearches'>,
}
