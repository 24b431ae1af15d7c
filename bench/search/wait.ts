import type { DataPlane } from '../kit/data-plane.ts'
import { near } from './ask.ts'
import type { Corpus } from './corpus.ts'

const LOOK_MS = 500

/** Returns when the graph has all rows. */
export async function graphIsReady(plane: DataPlane, corpus: Corpus): Promise<void> {
  await near(plane, corpus.queries[0]!)
  for (;;) {
    const { waiting } = await plane.services.search.sizes()
    if (waiting === 0) return
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
