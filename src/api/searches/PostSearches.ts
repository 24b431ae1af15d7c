import { create } from '@bufbuild/protobuf'
import { SearchSchema } from '../../contract/index.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { answerSearches } from '../../domain/search/answer.ts'
import type { UnaryHandler } from '../define/rpc.ts'

/** The older search of inputs, whose query may stand alone beside the searches. */
export const searchRpc = {
  PostSearches: (async ({ query, searches, pagination }, call) => {
    const asked = searches.length > 0 || !query ? searches : [create(SearchSchema, { query })]
    const answer = await answerSearches(call, asked, {
      hits: 'inputs',
      window: readPage(pagination),
      onlyCount: false,
    })
    return query && searches.length === 0 ? { hits: answer.hits, query } : answer
  }) satisfies UnaryHandler<'PostSearches'>,
}
