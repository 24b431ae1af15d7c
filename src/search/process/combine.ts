import type { Reader } from '../../store/database.ts'
import { fittingInputs } from '../../store/repos/search-matches.ts'
import { HITS_MAX, PLACE_OFFSET } from '../limits.ts'
import type { PlannedHit, SearchPlan } from '../plan.ts'
import { firstFitting, firsts, isFiltered, type Ranked } from './fitting.ts'
import type { KnownInputs } from './known-inputs.ts'
import { listInputs } from './listing.ts'
import type { Ranker } from './rankers.ts'

/** Hits of each rank that take part where several are combined: at first, and at most, for pages that end early and late. */
const COMBINED = { first: 1_000, most: 10_000, mostOfLate: 5 * HITS_MAX }
/** The last hit of pages that end early. */
const EARLY = 200
/** How many times more take part when those were too few. */
const FURTHER = 4

/**
 * All inputs that fit the filters where these are few, or where every vector that fits is to be compared with; undefined
 * where there is no filter or too many fit.
 */
export async function fewMatches(
  db: Reader,
  plan: SearchPlan,
  known: KnownInputs,
): Promise<readonly number[] | undefined> {
  if (!isFiltered(plan)) return undefined
  if (!plan.exact) return known.listNow()
  return (await known.list()) ?? (await listInputs(db, plan.scope, Number.MAX_SAFE_INTEGER)).found
}

/**
 * The mean of the scores of all ranks, or of what places in them say; a rank that knows nothing of an input counts as 0.
 * More hits of each rank take part until nothing that does not can be among the best, so that pages fit together. Places
 * say less the longer the lists are, so their length does not change from page to page.
 */
export async function combined(
  db: Reader,
  plan: SearchPlan,
  rankers: readonly Ranker[],
  wanted: number,
  listed: readonly number[] | undefined,
): Promise<Ranked> {
  const isEarly = wanted <= EARLY
  const most = isEarly ? COMBINED.most : COMBINED.mostOfLate
  for (let each = plan.combine === 'mean' || isEarly ? COMBINED.first : most; ; each = Math.min(most, each * FURTHER)) {
    const found = await Promise.all(rankers.map((ranker) => ranker.best(each, listed)))
    const { fitting } = await firstFitting(db, plan, await hitsOf(db, plan, rankers, found, listed), wanted)
    const others = found.reduce((sum, { hits, all }) => sum + (all ? 0 : (hits.at(-1)?.score ?? 0)), 0) / found.length
    const isSure =
      plan.combine === 'places' ||
      found.every(({ all }) => all) ||
      others < plan.minScore ||
      (fitting.length >= wanted && fitting.at(-1)!.score > others)
    if (isSure || each === most) {
      return { hits: fitting, explain: ['combined', `of ${each}`, ...found.map(({ road }) => road)] }
    }
  }
}

/** All that was found by some rank, with the scores of all ranks together, best first. */
async function hitsOf(
  db: Reader,
  plan: SearchPlan,
  rankers: readonly Ranker[],
  found: readonly { readonly hits: readonly PlannedHit[] }[],
  listed: readonly number[] | undefined,
): Promise<PlannedHit[]> {
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
  return hits.sort((a, b) => b.score - a.score || b.inputPk - a.inputPk)
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
