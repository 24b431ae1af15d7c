import type { Reader } from '../../store/database.ts'
import { LISTED_INPUTS_MAX } from '../limits.ts'
import type { PlannedHit, SearchAnswer, SearchPlan } from '../plan.ts'
import { outlookOf } from './candidates.ts'
import { combined, fewMatches } from './combine.ts'
import { firstFitting, isFiltered, type Ranked } from './fitting.ts'
import { KnownInputs } from './known-inputs.ts'
import { countFitting, listHits } from './listing.ts'
import { type Ranker, rankerOf } from './rankers.ts'
import type { Spaces } from './spaces.ts'

/** How much further a search looks when too little of what it found fits; at least and at most. */
const FURTHER = { min: 2, max: 32 }
/** More than seem needed, as what fits is not spread evenly. */
const SPARE = 1.5
/** Inputs of a filter's index that are compared with at once, without a look at how many fit. */
const FEW = 256
/** What a further hit costs, found and looked up, and an input that an index lists, compared with; in microseconds. */
const COST = { hit: 16, listed: 2 }

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

async function rankedHits(db: Reader, spaces: Spaces, plan: SearchPlan, wanted: number): Promise<Ranked> {
  const known = KnownInputs.of(db, plan.scope)
  if (isFiltered(plan)) known.asked()
  const rankers = await Promise.all(plan.ranks.map((rank) => rankerOf(db, spaces, plan.scope, rank, plan.exact)))
  const one = rankers.length === 1 ? rankers[0]! : undefined
  if (one?.count !== undefined) return oneRank(db, plan, one, one.count, wanted, known)
  const listed = await fewMatches(db, plan, known)
  return one ? amongSome(db, plan, one, wanted, listed) : combined(db, plan, rankers, wanted, listed)
}

/**
 * The best of one rank that fit. Where earlier searches have left a list of all that fit, these are compared with, and
 * few inputs of a filter's index at once. Else the rank is asked, and what it answers is looked up; the share that fits
 * then tells which costs less: to list what may fit and compare with that, or to ask the rank for more.
 */
async function oneRank(
  db: Reader,
  plan: SearchPlan,
  ranker: Ranker,
  count: number,
  wanted: number,
  known: KnownInputs,
): Promise<Ranked> {
  const filtered = isFiltered(plan)
  const kept = filtered ? await known.list() : undefined
  if (kept) return amongSome(db, plan, ranker, wanted, kept)
  const { few } = filtered ? await outlookOf(db, plan.scope, FEW) : { few: undefined }
  if (few) return amongSome(db, plan, ranker, wanted, few)
  let mayList = filtered
  const cheap = Math.max(ranker.cheap ?? 0, wanted)
  // As many as were needed before.
  const seeming = known.expected > 0 ? Math.ceil(((wanted * count) / known.expected) * SPARE) : 0
  for (let ask = filtered ? Math.max(cheap, Math.min(seeming, cheap * FURTHER.max)) : wanted; ; ) {
    const { hits, all, road } = await ranker.best(ask)
    const { fitting, looked } = await firstFitting(db, plan, hits, wanted, known)
    if (fitting.length >= wanted || all || isLow(plan, hits)) return { hits: fitting, explain: [road, `of ${ask}`] }
    const share = Math.max(fitting.length, 0.5) / Math.max(looked, 1)
    const needed = Math.ceil((wanted / share) * SPARE)
    const matches = count * share
    known.expect(matches)
    if (mayList && matches <= LISTED_INPUTS_MAX && matches * COST.listed < needed * COST.hit) {
      mayList = false
      const listed = (await outlookOf(db, plan.scope)).few ?? (await fewMatches(db, plan, known))
      if (listed) return amongSome(db, plan, ranker, wanted, listed)
    }
    ask = Math.min(Math.max(needed, ask * FURTHER.min), ask * FURTHER.max)
  }
}

/** The best that fit among some inputs, or all, of which not all need fit. */
async function amongSome(
  db: Reader,
  plan: SearchPlan,
  ranker: Ranker,
  wanted: number,
  inputPks: readonly number[] | undefined,
): Promise<Ranked> {
  for (let ask = wanted; ; ask *= FURTHER.min) {
    const { hits, all, road } = await ranker.best(ask, inputPks)
    const { fitting } = await firstFitting(db, plan, hits, wanted)
    if (fitting.length >= wanted || all || isLow(plan, hits)) {
      return { hits: fitting, explain: [road, `of ${inputPks?.length ?? ask}`] }
    }
  }
}

/** Scores fall, so what comes after one that is too low needs no look. */
const isLow = ({ minScore }: SearchPlan, hits: readonly PlannedHit[]): boolean => (hits.at(-1)?.score ?? 0) < minScore
