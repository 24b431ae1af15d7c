import { setTimeout as pause } from 'node:timers/promises'
import type { LoadedEngine } from '../src/engines/engine.ts'
import { dataOf } from '../src/workflow/data.ts'
import { hostOf, pictureInput, planOf, runOn } from './kit/engine-case.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const NODES = 20
const ROUNDS = 15
const RUNS = 200
/** Steps in which sleeping nodes are of different length, in milliseconds. */
const SLEEP_MS = 40

/**
 * What the executor itself costs: 20 nodes that pass the picture on, by processor time, and nodes that only wait,
 * against the longest way through them.
 */
export async function run(): Promise<Result[]> {
  const pass: LoadedEngine['infer'] = async (items) => items.map(({ data }) => data)
  const image = { inputFields: ['image'], outputFields: ['image'], isModel: false }
  const empty = planOf(
    Array.from({ length: NODES }, (_, at) => ({
      ...image,
      engine: 'pass',
      // Chains side by side that meet now and then.
      inputs: at < 3 ? [] : at % 4 === 0 ? [at - 1, at - 3] : [at - 3],
    })),
  )
  const input = pictureInput(new Uint8Array(8))
  const host = hostOf({ pass })
  const perNode: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.cpuUsage()
    for (let at = 0; at < RUNS; at++) await runOn(host, empty, input)
    const { user, system } = process.cpuUsage(before)
    if (round > 0) perNode.push((user + system) / RUNS / NODES)
  }

  // The middle way of each step is the longest in turn, so that waiting for whole layers would show.
  const sleeping = planOf([
    { ...image, engine: 'sleep-1' },
    { ...image, engine: 'sleep-3' },
    { ...image, engine: 'sleep-3', inputs: [0] },
    { ...image, engine: 'sleep-1', inputs: [1] },
    { ...image, engine: 'sleep-1', inputs: [2] },
    { ...image, engine: 'sleep-2', inputs: [3] },
    { ...image, engine: 'pass', inputs: [4, 5] },
  ])
  const criticalMs = 6 * SLEEP_MS
  const sleeper =
    (steps: number): LoadedEngine['infer'] =>
    async (items, setup) => {
      await pause(steps * SLEEP_MS)
      return pass(items, setup)
    }
  const sleepers = hostOf({ pass, 'sleep-1': sleeper(1), 'sleep-2': sleeper(2), 'sleep-3': sleeper(3) })
  const took: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    const [first] = await runOn(sleepers, sleeping, input)
    took.push(performance.now() - start)
    if (first?.image === undefined) throw new Error(`the picture was lost: ${JSON.stringify(dataOf({ ...first }))}`)
  }
  return [
    {
      name: `executor, graph of ${NODES} nodes that do nothing: processor time of a node`,
      ours: median(perNode),
      unit: 'µs',
      aim: '<= 50',
      note: spread(perNode, 1),
    },
    {
      name: 'nodes that only wait, vs the longest way through the graph',
      ours: median(took),
      baseline: criticalMs,
      unit: 'ms',
      ratio: median(took) / criticalMs,
      aim: '<= 1.05',
      note: spread(took, 0),
    },
  ]
}
