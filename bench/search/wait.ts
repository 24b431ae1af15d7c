import type { DataPlane } from '../kit/data-plane.ts'
import type { Result } from '../kit/result.ts'
import { near } from './ask.ts'
import type { Corpus } from './corpus.ts'

const LOOK_MS = 500
/** Looks after which it is told how far the graph is. */
const TOLD_EVERY = 120
/** An index that is made takes longer than a search may; the next one finds it further. */
const TRIES_MAX = 60

/** Waits until the graph has all rows; tells how long the first answer took. */
export async function graphIsReady(plane: DataPlane, corpus: Corpus, size: number): Promise<Result> {
  const start = performance.now()
  await firstAnswer(plane, corpus)
  const seconds = (performance.now() - start) / 1_000
  console.error(`  first answer: ${seconds.toFixed(1)} s`)
  for (let look = 1; ; look++) {
    const { waiting } = await plane.services.search.sizes()
    if (waiting === 0) break
    if (look % TOLD_EVERY === 0) {
      console.error(`  ${waiting} rows wait for the graph after ${((performance.now() - start) / 1_000).toFixed(0)} s`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return { name: `first answer at ${size}, without an index`, ours: seconds, unit: 's' }
}

async function firstAnswer(plane: DataPlane, corpus: Corpus): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await near(plane, corpus.queries[0]!)
      return
    } catch (error) {
      if (tries === TRIES_MAX) throw error
      console.error(`  ${(error as Error).message}`)
    }
  }
}
