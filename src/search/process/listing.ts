import type { Reader } from '../../store/database.ts'
import { countInputs, fittingAnnotations, fittingInputs, type SearchScope } from '../../store/repos/search-matches.ts'
import { LISTED_INPUTS_MAX } from '../limits.ts'
import type { PlannedHit } from '../plan.ts'
import { type Candidates, type Outlook, outlookOf } from './candidates.ts'

/** How far it is looked before another road is taken; smaller in tests. */
export interface ListingLimits {
  /** Inputs that fit a narrow filter. */
  readonly fewMax: number
  /** Inputs of one wide filter that are looked at before those are sought that it has in common with the others. */
  readonly lookedAtFirst: number
  /** Inputs that are asked for at a time: those of a page, more where many may turn out not to fit. */
  readonly perRead: number
}

/** How many times more than at first is looked at, as far as can be told, before another road is taken. */
const FURTHER_MAX = 10

/** How many times more of what is in common is read at a time. */
const COMMON_READS = 20

const LIMITS: ListingLimits = { fewMax: LISTED_INPUTS_MAX, lookedAtFirst: 5_000, perRead: 1_000 }

/** What was listed, and where it was found. */
export interface Listed<T> {
  readonly found: T[]
  readonly road: string
}

/** Inputs that fit, the newest first, up to a number of them. */
export async function listInputs(
  db: Reader,
  scope: SearchScope,
  limit: number,
  limits = LIMITS,
): Promise<Listed<number>> {
  const outlook = await outlookOf(db, scope, limits.fewMax)
  const found: number[] = []
  for await (const pks of fittingInBatches(db, scope, outlook, limit, limits)) {
    for (const pk of pks) if (found.length < limit) found.push(pk)
    if (found.length === limit) break
  }
  return { found, road: outlook.road }
}

async function* fittingInBatches(
  db: Reader,
  scope: SearchScope,
  outlook: Outlook,
  wanted: number,
  { lookedAtFirst, perRead }: ListingLimits = LIMITS,
): AsyncGenerator<number[]> {
  if (outlook.few) {
    const { few } = outlook
    for (let at = 0; at < few.length; at += perRead) {
      const part = few.slice(at, at + perRead)
      const fitting = await fittingInputs(db, scope, part)
      yield part.filter((pk) => fitting.has(pk))
    }
    return
  }
  const { byAge, common } = outlook
  let candidates: Candidates = byAge
  let [looked, found] = [0, 0]
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    // Each read of what is in common goes through all of it, so that it is read in large parts.
    const most = candidates === common ? perRead * COMMON_READS : perRead
    const { unchecked } = candidates
    const size = unchecked ? most : Math.min(wanted, most)
    const pks = await candidates.next(before, size)
    if (pks.length === 0) return
    before = pks.at(-1)!
    const fitting = unchecked && (await fittingInputs(db, unchecked, pks))
    yield fitting ? pks.filter((pk) => fitting.has(pk)) : pks
    if (pks.length < size) return
    looked += pks.length
    found += fitting?.size ?? pks.length
    // What is in common is found in one statement over all of them, which is worth it where little of one fits.
    const toLook = ((wanted - found) * looked) / Math.max(found, 1)
    if (common && looked >= lookedAtFirst && toLook > lookedAtFirst * FURTHER_MAX) candidates = common
  }
}

/** Everything that fits, without any rank: the newest inputs first, each hit as good as the other. */
export async function listHits(
  db: Reader,
  scope: SearchScope,
  hits: 'inputs' | 'annotations',
  wanted: number,
): Promise<Listed<PlannedHit>> {
  if (hits === 'inputs') {
    const { found, road } = await listInputs(db, scope, wanted)
    return { found: found.map((inputPk) => ({ inputPk, annotationPk: null, score: 1 })), road }
  }
  const outlook = await outlookOf(db, scope)
  const found: PlannedHit[] = []
  for await (const pks of fittingInBatches(db, scope, outlook, wanted)) {
    for (const { pk, inputPk } of await fittingAnnotations(db, scope, pks)) {
      found.push({ inputPk, annotationPk: pk, score: 1 })
    }
    if (found.length >= wanted) break
  }
  return { found: found.slice(0, wanted), road: outlook.road }
}

/** How many inputs fit. */
export async function countFitting(
  db: Reader,
  scope: SearchScope,
): Promise<Listed<never> & { readonly count: number }> {
  const { few, road } = await outlookOf(db, scope)
  if (!few) return { found: [], count: await countInputs(db, scope), road: 'all' }
  return { found: [], count: (await fittingInputs(db, scope, few)).size, road }
}
