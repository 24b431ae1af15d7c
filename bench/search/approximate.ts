import { join } from 'node:path'
import type { DataPlane } from '../kit/data-plane.ts'
import type { Result } from '../kit/result.ts'
import { median, quantile } from '../kit/statistics.ts'
import { near } from './ask.ts'
import { type Corpus, DIMENSION, K } from './corpus.ts'
import { BareUsearch } from './peers.ts'

const ROUNDS = 3
/** How often each query is asked in a round, so that one takes long enough to be told from what comes between. */
const TIMES_PER_ROUND = 8
const CLIENTS = 8
const EXPANSIONS = [10, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512]
const LOOK_MS = 1_000
/** Recall that tells nothing with so few queries: one neighbour of a thousand. */
const EQUAL_RECALL = 0.001

/** How well and how fast searches through a graph find neighbours, against the library itself on the same graph. */
export async function approximateResults(plane: DataPlane, corpus: Corpus, size: number): Promise<Result[]> {
  const { queries, truth } = corpus
  const recalls: number[] = []
  for (const [at, query] of queries.entries()) recalls.push(truth.recall(at, K, await near(plane, query)))
  const mean = recalls.reduce((sum, value) => sum + value, 0) / recalls.length
  const { bare, expansion } = await bareOfRecall(plane, corpus, size, mean)

  const [alone, together, byHand]: [number[], number[], number[]] = [[], [], []]
  const often = Array.from({ length: TIMES_PER_ROUND }, () => queries).flat()
  for (let round = 0; round <= ROUNDS; round++) {
    const one = await rate(often, 1, (query) => near(plane, query))
    const many = await rate(often, CLIENTS, (query) => near(plane, query))
    const hand = await rate(often, 1, async (query) => bare.search(query, K))
    if (round === 0) continue
    alone.push(one)
    together.push(many)
    byHand.push(hand)
  }
  const note = `baseline: usearch ${expansion} candidates, same graph, recall as good, one thread`
  return [
    { name: `recall@${K} at ${size}, mean`, ours: mean, unit: '', aim: '>= 0.995', note: `${queries.length} queries` },
    { name: `recall@${K} at ${size}, worst 1 %`, ours: quantile(recalls, 0.01), unit: '', aim: '>= 0.9' },
    {
      name: `searches near a vector at ${size}, ${CLIENTS} at once`,
      ours: median(together),
      baseline: median(byHand),
      unit: '1/s',
      ratio: median(together.map((ours, at) => ours / byHand[at]!)),
      aim: '>= 0.8',
      note,
    },
    {
      name: `searches near a vector at ${size}, one at a time`,
      ours: median(alone),
      baseline: median(byHand),
      unit: '1/s',
      ratio: median(alone.map((ours, at) => ours / byHand[at]!)),
      note,
    },
  ]
}

/**
 * The library with as few candidates as give a recall; with those that give its best where it does not get there, as it
 * compares 16-bit floats alone.
 */
async function bareOfRecall(
  { dataDir }: DataPlane,
  { queries, truth }: Corpus,
  size: number,
  recall: number,
): Promise<{ bare: BareUsearch; expansion: number }> {
  let best: { bare: BareUsearch; expansion: number; mean: number } | undefined
  for (const expansion of EXPANSIONS) {
    const bare = await opened(join(dataDir, 'vectors'), size, expansion)
    const found = queries.map((query, at) => truth.recall(at, K, bare.search(query, K)))
    const mean = found.reduce((sum, value) => sum + value, 0) / found.length
    if (!best || mean > best.mean) best = { bare, expansion, mean }
    if (mean >= recall - EQUAL_RECALL) break
  }
  return best!
}

/** Waits until the search process has kept the graph. */
async function opened(folder: string, size: number, expansion: number): Promise<BareUsearch> {
  for (;;) {
    const bare = await BareUsearch.open(folder, size, DIMENSION, expansion)
    if (bare) return bare
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Calls in a second, with some under way at a time. */
async function rate<T>(inputs: readonly T[], clients: number, call: (input: T) => Promise<unknown>): Promise<number> {
  const next = inputs.values()
  const start = performance.now()
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (const input of next) await call(input)
    }),
  )
  return (inputs.length / (performance.now() - start)) * 1_000
}
