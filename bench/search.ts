import { GRAPH_ROWS_MIN } from '../src/vectors/limits.ts'
import { openDataPlane } from './kit/data-plane.ts'
import { growTo } from './kit/grow.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'
import { approximateResults } from './search/approximate.ts'
import { DIMENSION, fillWithVectors } from './search/corpus.ts'
import { exactResults } from './search/exact.ts'
import { filterResults } from './search/filtered.ts'
import { freshResults } from './search/fresh.ts'
import { listingResults } from './search/listing.ts'
import { Lance, SqliteVec } from './search/peers.ts'
import { restartResults } from './search/restart.ts'
import { graphIsReady } from './search/wait.ts'

const SIZE = 20_000
const QUERIES = 100

/**
 * Searches of an app with many vectors (`--size`, 20,000 unless said) of 512 numbers around centres, through handler,
 * planner and search process, against the library underneath and others that compare with all vectors.
 */
export async function run({ size: asked = SIZE }: BenchmarkOptions = {}): Promise<Result[]> {
  // Fewer have no graph.
  const size = Math.max(asked, GRAPH_ROWS_MIN)
  const results: Result[] = []
  await using plane = await openDataPlane({ processing: false })
  await growTo(plane, size)
  await using sqliteVec = new SqliteVec(plane.dataDir, DIMENSION)
  const lance = Lance.open(plane.dataDir)
  const corpus = await timed('rows and vectors', () =>
    fillWithVectors(plane, size, QUERIES, lance ? [sqliteVec, lance] : [sqliteVec]),
  )
  await timed('graph', () => graphIsReady(plane, corpus))
  const parts: Record<string, () => Promise<Result[]>> = {
    approximate: () => approximateResults(plane, corpus, size),
    exact: () => exactResults(plane, corpus, sqliteVec, lance),
    filters: () => filterResults(plane, corpus),
    listing: () => listingResults(plane, size),
    fresh: () => freshResults(plane),
    restart: () => restartResults(plane, corpus, size),
  }
  // Names of parts, for who works on one of them.
  const only = process.env.LIMPID_BENCH_PARTS?.split(',') ?? Object.keys(parts)
  for (const [name, part] of Object.entries(parts)) if (only.includes(name)) results.push(...(await timed(name, part)))
  return results
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const done = await work()
  console.error(`  ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return done
}
