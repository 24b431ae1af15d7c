import { setTimeout as pause } from 'node:timers/promises'
import { embedderFile, Limpid } from './kit/limpid.ts'
import { heads, photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const STARTS = 5
const WORKERS = 2
/** Time for what a start leaves behind to be collected, in milliseconds. */
const SETTLE_MS = 3000
const MEGABYTE = 1e6

/**
 * Time from starting the process to its ready line and to its first prediction, with weights and database in place,
 * and the memory of the idle server process, without its workers.
 */
export async function run(): Promise<Result[]> {
  await embedderFile()
  const [photo] = await photos()
  const prediction = { inputs: [{ data: { image: { base64: photo!.toString('base64') } } }] }
  let limpid = await Limpid.start(WORKERS)
  try {
    await limpid.makeWorkflow(heads())
    const ready: number[] = []
    const first: number[] = []
    const memory: number[] = []
    for (let round = 0; round < STARTS; round++) {
      await limpid.stop(true)
      const start = performance.now()
      limpid = await Limpid.start(WORKERS, limpid.place)
      ready.push(performance.now() - start)
      await limpid.post('/v2/users/me/apps/bench/workflows/heads/results', prediction)
      first.push(performance.now() - start)
      // A server that has only just started, since the first prediction has left its mark on this one.
      await limpid.stop(true)
      limpid = await Limpid.start(WORKERS, limpid.place)
      await pause(SETTLE_MS)
      memory.push((await limpid.child.probe()).rssBytes / MEGABYTE)
    }
    return [
      { name: 'start of the process to ready', ours: median(ready), unit: 'ms', note: spread(ready, 0) },
      { name: 'start of the process to first prediction', ours: median(first), unit: 'ms', note: spread(first, 0) },
      {
        name: 'idle memory of the server process',
        ours: median(memory),
        unit: 'MB resident',
        aim: '<= 150',
        note: spread(memory, 0),
      },
    ]
  } finally {
    await limpid.stop()
  }
}
