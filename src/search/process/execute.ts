import type { Reader } from '../../store/database.ts'
import { fittingAnnotations, fittingInputs, fittingOfAnnotations } from '../../store/repos/search-matches.ts'
import { LISTED_INPUTS_MAX, PLACE_OFFSET } from '../limits.ts'
import type { PlannedHit, SearchAnswer, SearchPlan } from '../plan.ts'
import { countFitting, listHits, listInputs } from './listing.ts'
import { type Ranker, rankerOf } from './rankers.ts'
import type { Spaces } from './spaces.ts'

/** Hits of each rank that take part where several are combined, for each hit that is wanted. */
const COMBINED_PER_HIT = 5
/** And at least so many. */
const COMBINED_MIN = 1_000
/** How much further a search looks when too little of what it found fits. */
const FURTHER = 4

/** Runs a search. */
export async function execute(db: Reader, spaces: Spaces, plan: SearchPlan): Promise<SearchAnswer> {
  const wanted = plan.offset + plan.limit
  if (plan.onlyCount && plan.ranks.length === 0) {
    const { count, road } = await countFitting(db, plan.scope)
    return { hits: [], count, explain: ['count', road] }
  }
  const { hits, explain } =
    plan.ranks.length === 0
      ? await unranked(db, plan, wanted)
      : await rankedHits(db, spaces, plan, plan.onlyCount ? LISTED_INPUTS_MAX : wanted)
  const good = hits.filter(({ score }) => score >= plan.minScore)
  return { hits: plan.onlyCount ? [] : good.slice(plan.offset, wanted), count: good.length, explain }
}

async function unranked(db: Reader, { scope, hits }: SearchPlan, wanted: number): Promise<Ranked> {
  const { found, road } = await listHits(db, scope, hits, wanted)
  return { hits: found, explain: ['list', road] }
}

interface Ranked {
  readonly hits: PlannedHit[]
  readonly explain: readonly string[]
}

async function rankedHits(db: Reader, spaces: Spaces, plan: SearchPlan, wanted: number): Promise<Ranked> {
  const rankers = await Promise.all(plan.ranks.map((rank) => rankerOf(db, spaces, plan.scope, rank, plan.exact)))
  const listed = await fewMatches(db, plan)
  const one = rankers.length === 1 ? rankers[0]! : undefined
  return one ? oneRank(db, plan, one, wanted, listed) : combined(db, plan, rankers, wanted, listed)
}

/** All inputs that fit the filters where these are few; undefined where there is no filter or too many fit. */
async function fewMatches(db: Reader, { scope, exact }: SearchPlan): Promise<number[] | undefined> {
  if (scope.clauses.every(({ any }) => any.length === 0)) return undefined
  const max = exact ? Number.MAX_SAFE_INTEGER - 1 : LISTED_INPUTS_MAX
  const { found } = await listInputs(db, scope, max + 1)
  return found.length > max ? undefined : found
}

async function oneRank(
  db: Reader,
  plan: SearchPlan,
  ranker: Ranker,
  wanted: number,
  listed: readonly number[] | undefined,
): Promise<Ranked> {
  for (let ask = wanted; ; ask *= FURTHER) {
    const { hits, all, road } = await ranker.best(ask, listed)
    // Scores fall from here on, so what is below the lowest that counts needs no further look.
    const low = (hits.at(-1)?.score ?? 0) < plan.minScore
    const fitting = await keepFitting(db, plan, hits, listed !== undefined)
    if (fitting.length >= wanted || all || low) return { hits: fitting.slice(0, wanted), explain: [road, `of ${ask}`] }
  }
}

/** The mean of the scores of all ranks, or of what places in them say; a rank that knows nothing of an input counts as 0. */
async function combined(
  db: Reader,
  plan: SearchPlan,
  rankers: readonly Ranker[],
  wanted: number,
  listed: readonly number[] | undefined,
): Promise<Ranked> {
  const each = Math.max(COMBINED_MIN, wanted * COMBINED_PER_HIT)
  const found = await Promise.all(rankers.map((ranker) => ranker.best(each, listed)))
  const inputPks = [...new Set(found.flatMap(({ hits }) => hits.map(({ inputPk }) => inputPk)))]
  const scores =
    plan.combine === 'places'
      ? await placeScores(db, plan, found, listed !== undefined ? undefined : inputPks)
      : await Promise.all(rankers.map((ranker) => ranker.scores(inputPks)))
  const annotationOf = new Map(
    found
      .flatMap(({ hits }) => hits)
      .reverse()
      .map((hit) => [hit.inputPk, hit.annotationPk]),
  )
  const hits = inputPks.map((inputPk): PlannedHit => {
    const sum = scores.reduce((total, of) => total + (of.get(inputPk) ?? 0), 0)
    return { inputPk, annotationPk: annotationOf.get(inputPk) ?? null, score: sum / rankers.length }
  })
  hits.sort((a, b) => b.score - a.score || b.inputPk - a.inputPk)
  const fitting = await keepFitting(db, plan, hits, listed !== undefined)
  return { hits: fitting.slice(0, wanted), explain: ['combined', ...found.map(({ road }) => road)] }
}

/**
 * What the places of inputs in the list of each rank say (reciprocal ranks): 1 for the first of a list, less for each
 * after it. Only inputs that fit have places, wherever they were looked for; `toCheck` are those of which it is not known.
 */
async function placeScores(
  db: Reader,
  { scope }: SearchPlan,
  found: readonly { readonly hits: readonly PlannedHit[] }[],
  toCheck: readonly number[] | undefined,
): Promise<Map<number, number>[]> {
  const fitting = toCheck && (await fittingInputs(db, scope, toCheck))
  return found.map(({ hits }) => {
    const inputPks = firsts(hits, ({ inputPk }) => inputPk)
      .map(({ inputPk }) => inputPk)
      .filter((inputPk) => !fitting || fitting.has(inputPk))
    return new Map(inputPks.map((inputPk, at) => [inputPk, (PLACE_OFFSET + 1) / (PLACE_OFFSET + 1 + at)]))
  })
}

/**
 * Hits that fit, each input (or annotation) once, at its best place. In a search of annotations with filters the hits
 * are the annotations that fit, at the place of their input; without filters those that have the vector or label.
 */
async function keepFitting(
  db: Reader,
  { scope, hits: kind }: SearchPlan,
  hits: readonly PlannedHit[],
  fit: boolean,
): Promise<PlannedHit[]> {
  const filtered = scope.clauses.some(({ any }) => any.length > 0)
  if (kind === 'annotations' && !filtered) {
    const pks = hits.flatMap(({ annotationPk }) => annotationPk ?? [])
    const fitting = await fittingOfAnnotations(db, scope, [...new Set(pks)])
    return firsts(
      hits.filter(({ annotationPk }) => annotationPk !== null && fitting.has(annotationPk)),
      ({ annotationPk }) => annotationPk!,
    )
  }
  const byInput = firsts(hits, ({ inputPk }) => inputPk)
  const inputPks = byInput.map(({ inputPk }) => inputPk)
  if (kind === 'inputs') {
    const fitting = fit ? undefined : await fittingInputs(db, scope, inputPks)
    return fitting ? byInput.filter(({ inputPk }) => fitting.has(inputPk)) : byInput
  }
  const annotations = Map.groupBy(await fittingAnnotations(db, scope, inputPks), ({ inputPk }) => inputPk)
  return byInput.flatMap((hit) =>
    (annotations.get(hit.inputPk) ?? []).map(({ pk }): PlannedHit => ({ ...hit, annotationPk: pk })),
  )
}

function firsts(hits: readonly PlannedHit[], keyOf: (hit: PlannedHit) => number): PlannedHit[] {
  const seen = new Set<number>()
  return hits.filter((hit) => {
    const key = keyOf(hit)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}
