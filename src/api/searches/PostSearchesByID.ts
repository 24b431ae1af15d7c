import { requireApp } from '../../domain/access/target.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { getOne } from '../../domain/resource/verbs.ts'
import { findHits } from '../../domain/search/run-search.ts'
import { searches } from '../../domain/search/saved.ts'
import type { UnaryHandler } from '../define/rpc.ts'

/** Runs a saved search. */
export const searchByIdRpc = {
  PostSearchesByID: (async ({ id, pagination }, call) => {
    const saved = await getOne(searches, call, requireApp(call.target), id)
    const window = readPage(pagination)
    const hits = await findHits(call, [saved], { hits: 'inputs', window, onlyCount: false })
    return { id, hits, searches: [saved] }
  }) satisfies UnaryHandler<'PostSearchesByID'>,
}
