import { random } from '../../src/vectors/test-vectors.ts'
import { type DataPlane, openDataPlane } from '../kit/data-plane.ts'
import { growTo } from '../kit/grow.ts'
import type { Result } from '../kit/result.ts'
import { median, quantile } from '../kit/statistics.ts'
import { timesOf } from './ask.ts'
import { fillWithVectors, labelOf, SHARES } from './corpus.ts'

const SMALL = 1_000
const SEARCHES = 200
/** That are not counted. */
const SEARCHES_BEFORE = 50
const PAGES_END_MAX = 10_000
const PER_PAGE = [10, 50, 128]

/** Searches with filters and no rank, any page, against the same in an app with a thousand inputs. */
export async function listingResults(plane: DataPlane, size: number): Promise<Result[]> {
  await using few = await openDataPlane({ processing: false })
  await growTo(few, SMALL)
  await fillWithVectors(few, SMALL, 1, [])
  const small = await times(few, SMALL)
  const large = await times(plane, size)
  const [ours, baseline] = [quantile(large, 0.99), quantile(small, 0.99)]
  return [
    {
      name: `filters alone at ${size}, any page, p99`,
      ours,
      baseline,
      unit: 'ms',
      ratio: ours / baseline,
      aim: '<= 20',
      note: `baseline: at ${SMALL}; middle values ${median(large).toFixed(2)} and ${median(small).toFixed(2)} ms`,
    },
  ]
}

async function times(plane: DataPlane, size: number): Promise<number[]> {
  const next = random(5)
  const searches = Array.from({ length: SEARCHES }, () => made(next, size))
  const ask = ({ filters, page, perPage }: ReturnType<typeof made>) =>
    plane.call('PostInputsSearches', {
      userAppId: plane.userAppId,
      searches: [{ query: { filters } }],
      pagination: { page, perPage },
    })
  // The process that searches starts with the first, and pages of the database come into memory with those after it.
  const others = random(6)
  await timesOf(
    Array.from({ length: SEARCHES_BEFORE }, () => made(others, size)),
    ask,
  )
  return timesOf(searches, ask)
}

/** A search of one to three filters, some negated, at any page that there may be. */
function made(next: () => number, size: number) {
  const pick = <T>(some: readonly T[]): T => some[Math.floor(next() * some.length)]!
  const label = () => ({ annotation: { data: { concepts: [{ id: labelOf(pick(SHARES)), value: 1 }] } } })
  const kinds = [
    label,
    () => ({ ...label(), negate: true }),
    () => ({ input: { data: { text: {} } } }),
    () => ({ annotation: { userId: 'admin' } }),
    () => ({ lastUpdatedTimeRange: { startTime: { seconds: 0n }, endTime: { seconds: 4_000_000_000n } } }),
  ]
  const filters = Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(kinds)())
  const perPage = pick(PER_PAGE)
  const pages = Math.max(1, Math.floor(Math.min(size, PAGES_END_MAX) / perPage))
  return { filters, page: 1 + Math.floor(next() * pages), perPage }
}
