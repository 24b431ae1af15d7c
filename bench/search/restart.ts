import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { silentLog } from '../../src/base/log.ts'
import { SearchProcess } from '../../src/search/search-process.ts'
import type { DataPlane } from '../kit/data-plane.ts'
import type { Result } from '../kit/result.ts'
import { type Corpus, DIMENSION, K } from './corpus.ts'

const AIMED_SIZE = 200_000

/** A search process that starts with what another one has kept: until its first answer, and how much memory it takes. */
export async function restartResults(plane: DataPlane, { queries, truth }: Corpus, size: number): Promise<Result[]> {
  const raw = size * DIMENSION * 4
  const before = memoryOfSearch()
  await plane.services.search.close()
  const searcher = new SearchProcess(
    { location: { dataDir: plane.dataDir }, folder: join(plane.dataDir, 'vectors') },
    silentLog,
  )
  const scope = {
    appPk: plane.appPk,
    clauses: [],
    annotationStatuses: null,
    trustedOnly: false,
    inputStatuses: null,
    asOf: null,
  }
  const ask = (query: Float32Array, exact = false) =>
    searcher.search({
      scope,
      hits: 'inputs',
      ranks: [
        { by: 'vector', negate: false, space: { appPk: plane.appPk, versionPk: 0, dimension: DIMENSION }, query },
      ],
      combine: 'mean',
      exact,
      minScore: 0,
      offset: 0,
      limit: K,
      onlyCount: false,
    })
  try {
    const start = performance.now()
    await ask(queries[0]!)
    const ms = performance.now() - start
    for (const query of queries) await ask(query)
    const graph = memoryOfSearch()
    for (const query of queries.slice(0, 4)) await ask(query, true)
    const after = memoryOfSearch()
    const share = (bytes: number): string => (bytes / raw).toFixed(2)
    return [
      { name: `start of the search process to its first answer at ${size}`, ours: ms, unit: 'ms', aim: '<= 1000' },
      {
        name: `memory of the search process at ${size}, after searches of all kinds`,
        ours: Math.max(before, after) / 1e6,
        baseline: raw / 1e6,
        unit: 'MB',
        ratio: Math.max(before, after) / raw,
        // What Node itself takes counts for much beside few vectors.
        ...(size >= AIMED_SIZE && { aim: '<= 1.3' }),
        note: `baseline: raw vectors; resident, mapped files included; ${share(before)} where the graph was made, ${share(graph)} started again after ${truth.count > 0 ? queries.length : 0} searches, ${share(after)} after brute_force too`,
      },
    ]
  } finally {
    await searcher.close()
  }
}

/** Resident memory of the search process that this process has started, in bytes. */
function memoryOfSearch(): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      if (!command.includes('search/process/entry') || !command.includes(`"parentPid":${process.pid}`)) continue
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
    } catch {
      // It has ended meanwhile.
    }
  }
  return Number.NaN
}
