import type { Reader } from '../../store/database.ts'
import { fittingInputs } from '../../store/repos/search-matches.ts'
import { PLACE_OFFSET } from '../limits.ts'
import type { PlannedHit, SearchPlan } from '../plan.ts'
import { firstFitting, firsts, isFiltered, type Ranked } from './fitting.ts'
import type { KnownInputs } from './known-inputs.ts'
import { listInputs } from './listing.ts'
import type { Ranker } from './rankers.ts'

/** Hits of each rank that take part where several are combined, for each hit that is wanted. */
const COMBINED_PER_HIT = 5
/** And at least so many. */
const COMBINED_MIN = 1_000

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

/** The mean of the scores of all ranks, or of what places in them say; a rank that knows nothing of an input counts as 0. */
export async function combined(
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
  const { fitting } = await firstFitting(db, plan, hits, wanted)
  return { hits: fitting, explain: ['combined', ...found.map(({ road }) => road)] }
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
