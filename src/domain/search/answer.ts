import { AppError } from '../../base/errors.ts'
import type { Hit, HitCount, Search } from '../../contract/index.ts'
import { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { demandScope } from '../access/demand.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { createMany } from '../resource/verbs.ts'
import type { SearchKind } from './plan-search.ts'
import { countHits, findHits } from './run-search.ts'
import { searches as saved, savedPart } from './saved.ts'

/** What the calls that search answer. */
export interface SearchResponse {
  readonly hits: Hit[]
  readonly searches?: Search[]
  readonly hitCounts?: HitCount[]
  readonly id?: string
}

/** Runs the search of a call, counts, or saves it, which does not run it. */
export async function answerSearches(
  call: Call,
  searches: readonly Search[],
  kind: SearchKind,
): Promise<SearchResponse> {
  const toSave = searches.filter(({ save }) => save)
  if (toSave.length === 0) {
    if (kind.onlyCount) return { hits: [], searches: [...searches], hitCounts: await countHits(call, searches, kind) }
    return { hits: await findHits(call, searches, kind), searches: [...searches] }
  }
  if (toSave.length !== searches.length) {
    throw new AppError(
      StatusCode.SEARCH_INVALID_REQUEST,
      'Some searches are to be saved and others not; send them in calls of their own.',
    )
  }
  // To search is to read, which strangers may in public apps; to save is not.
  if (call.target.rights === 'viewer') {
    throw new AppError(
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      'Only the owner or a collaborator of the app may save searches in it; use a key of theirs.',
    )
  }
  demandScope(call.target, Scope.SavedSearch_Add)
  const made = await createMany(saved, call, requireApp(call.target), searches.map(savedPart))
  return { hits: [], searches: made, id: made[0]!.id }
}
