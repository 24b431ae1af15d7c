import type { DataPlane } from '../kit/data-plane.ts'
import type { Result } from '../kit/result.ts'
import { median } from '../kit/statistics.ts'
import { near, timesOf } from './ask.ts'
import { type Corpus, K } from './corpus.ts'
import type { Lance, Peer, SqliteVec } from './peers.ts'

const ROUNDS = 3
const QUERIES_PER_ROUND = 4

/** Searches that compare with every vector, against others that do so as well. */
export async function exactResults(
  plane: DataPlane,
  { queries, truth }: Corpus,
  sqliteVec: SqliteVec,
  lance: Lance | undefined,
): Promise<Result[]> {
  const recalls: number[] = []
  for (const [at, query] of queries.entries()) {
    recalls.push(truth.recall(at, K, await near(plane, query, { exact: true })))
  }
  const results: Result[] = [
    { name: `recall@${K} of brute_force, lowest`, ours: Math.min(...recalls), unit: '', aim: '>= 1' },
  ]
  const peers: [string, Peer | undefined][] = [
    ['sqlite-vec', sqliteVec],
    ['LanceDB', lance],
  ]
  for (const [name, peer] of peers) {
    results.push(peer ? await against(plane, queries, name, peer) : absent(name))
  }
  return results
}

const absent = (name: string): Result => ({
  name: `brute_force against ${name}`,
  ours: Number.NaN,
  unit: '',
  note: `${name} is not installed, see bench/search/peers.ts`,
})

async function against(plane: DataPlane, queries: readonly Float32Array[], name: string, peer: Peer): Promise<Result> {
  const [ours, theirs]: [number[], number[]] = [[], []]
  for (let round = 0; round <= ROUNDS; round++) {
    const some = queries.slice(round * QUERIES_PER_ROUND, (round + 1) * QUERIES_PER_ROUND)
    const mine = median(await timesOf(some, (query) => near(plane, query, { exact: true })))
    const other = median(await timesOf(some, (query) => peer.search(query, K)))
    if (round === 0) continue
    ours.push(mine)
    theirs.push(other)
  }
  return {
    name: `brute_force against ${name}`,
    ours: 1_000 / median(ours),
    baseline: 1_000 / median(theirs),
    unit: '1/s',
    ratio: median(theirs.map((other, at) => other / ours[at]!)),
    aim: '>= 5',
    note: `ours through the handler ${median(ours).toFixed(1)} ms, ${name} called directly ${median(theirs).toFixed(1)} ms`,
  }
}
