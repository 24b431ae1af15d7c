import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Hit, type HitCount, HitCountSchema, HitSchema, type Search } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { PlannedHit, SearchAnswer } from '../../search/plan.ts'
import { rowsOfHits } from '../../store/repos/search-hits.ts'
import { showConcepts } from '../annotations/concepts.ts'
import { toMessage } from '../annotations/present.ts'
import type { Call } from '../call.ts'
import { inputPlace } from '../inputs/caller.ts'
import { toInputs } from '../inputs/present.ts'
import { describePlan } from './describe-plan.ts'
import { COUNTED_SEARCHES_MAX, SEARCHES_MAX } from './limits.ts'
import { planSearch, type SearchKind } from './plan-search.ts'

/** Runs a search and gives the pks of its hits. */
export async function runSearch(call: Call, search: Search, kind: SearchKind): Promise<SearchAnswer> {
  const plan = await planSearch(call, search, kind)
  if (!plan) {
    call.explain?.({ road: ['nothing can fit'] })
    return { hits: [], count: 0, explain: ['nothing can fit'] }
  }
  const start = performance.now()
  const answer = await call.services.search.search(plan)
  call.explain?.({
    ...describePlan(plan),
    road: [...answer.explain],
    found: plan.onlyCount ? answer.count : answer.hits.length,
    ms: Math.round((performance.now() - start) * 10) / 10,
  })
  call.log.debug({ explain: answer.explain, clauses: plan.scope.clauses, ranks: plan.ranks.length }, 'search')
  return answer
}

/** Runs the one search of a call; its hits as messages. */
export async function findHits(call: Call, searches: readonly Search[], kind: SearchKind): Promise<Hit[]> {
  const search = oneOf(searches, SEARCHES_MAX)
  const { hits } = await runSearch(call, search[0]!, kind)
  return presentHits(call, hits)
}

/** How many hits each search of a call has. */
export async function countHits(
  call: Call,
  searches: readonly Search[],
  kind: Pick<SearchKind, 'hits'>,
): Promise<HitCount[]> {
  const counts: HitCount[] = []
  for (const search of oneOf(searches, COUNTED_SEARCHES_MAX)) {
    const window = { limit: 1, offset: 0 }
    const { count } = await runSearch(call, search, { ...kind, window, onlyCount: true })
    counts.push(create(HitCountSchema, { estimatedTotal: BigInt(count) }))
  }
  return counts
}

function oneOf(searches: readonly Search[], max: number): readonly Search[] {
  if (searches.length >= 1 && searches.length <= max) return searches
  throw new AppError(
    StatusCode.SEARCH_INVALID_REQUEST,
    searches.length === 0
      ? 'There is no search in the request; send one in searches.'
      : `The request has ${searches.length} searches; send ${max === 1 ? 'one' : `at most ${max}`}.`,
  )
}

/** Hits as messages; what was deleted since it was found is left out. */
export async function presentHits(call: Call, hits: readonly PlannedHit[]): Promise<Hit[]> {
  const { read } = call.services.db
  const place = inputPlace(call)
  const inputPks = [...new Set(hits.map(({ inputPk }) => inputPk))]
  const annotationPks = [...new Set(hits.flatMap(({ annotationPk }) => annotationPk ?? []))]
  const rows = await rowsOfHits(read, inputPks, annotationPks)
  const shown = toInputs(place, rows.inputs, rows.media, rows.labels)
  const inputOf = new Map(rows.inputs.map(({ pk }, at) => [pk, shown[at]!]))
  const annotationOf = new Map(
    rows.annotations.map((row) => [row.pk, toMessage(row, inputOf.get(row.input_pk)?.id ?? '')]),
  )
  const messages = [...shown, ...annotationOf.values()]
  await showConcepts(
    read,
    place,
    messages.flatMap(({ data }) => data ?? []),
  )
  return hits.flatMap(({ inputPk, annotationPk, score }): Hit[] => {
    const input = inputOf.get(inputPk)
    const annotation = annotationPk === null ? undefined : annotationOf.get(annotationPk)
    if (!input || (annotationPk !== null && !annotation)) return []
    return [create(HitSchema, { score, input, annotation })]
  })
}
