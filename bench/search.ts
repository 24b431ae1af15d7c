import { GRAPH_ROWS_MIN } from '../src/vectors/limits.ts'
import { type DataPlane, openDataPlane } from './kit/data-plane.ts'
import { growTo } from './kit/grow.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'
import { approximateResults } from './search/approximate.ts'
import { type Corpus, DIMENSION, fillWithVectors, keepCorpus, keptCorpus } from './search/corpus.ts'
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
  // A folder to keep the database in, or to find it in, as a large one takes long to make.
  const folder = process.env.LIMPID_BENCH_DATA
  await using plane = await openDataPlane({ processing: false, folder })
  await using sqliteVec = new SqliteVec(plane.dataDir, DIMENSION)
  const lance = folder === undefined ? Lance.open(plane.dataDir) : undefined
  const corpus = (await keptCorpus(plane, size, QUERIES)) ?? (await made(plane, size, sqliteVec, lance))
  results.push(await timed('graph', () => graphIsReady(plane, corpus, size)))
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
  for (const [name, part] of Object.entries(parts))
    if (only.includes(name)) results.push(...told(await timed(name, part)))
  return results
}

async function made(plane: DataPlane, size: number, sqliteVec: SqliteVec, lance: Lance | undefined): Promise<Corpus> {
  await timed('rows', () => growTo(plane, size))
  const corpus = await timed('vectors', () =>
    fillWithVectors(plane, size, QUERIES, lance ? [sqliteVec, lance] : [sqliteVec]),
  )
  if (process.env.LIMPID_BENCH_DATA !== undefined) await keepCorpus(plane, size, corpus)
  return corpus
}

/** A run of a large database takes long, so that what is known is printed as it comes. */
function told(results: Result[]): Result[] {
  for (const { name, ours, unit, ratio } of results) console.error(`    ${name}: ${ours} ${unit} ${ratio ?? ''}`)
  return results
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now()
  const done = await work()
  console.error(`  ${what}: ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return done
}
