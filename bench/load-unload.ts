import { silentLog } from '../src/base/log.ts'
import { createRuntime } from '../src/runtime/host/runtime.ts'
import { EMBEDDER, Engines, headNode, pictureInput, planOf } from './kit/engine-case.ts'
import { photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median } from './kit/statistics.ts'

const CYCLES = 500
/** The cycle from which on memory must not grow. */
const SETTLED = 10
/** Cycles whose memory is looked at around a point: one alone catches the collector at a random moment. */
const WINDOW = 5
const NEVER = new AbortController().signal
const MEGABYTE = 1e6

/** Memory of a worker process that loads an image embedding, a moderation and a head, runs and unloads them, 500 times. */
export async function run(): Promise<Result> {
  const files = await new Engines().fetch('mobilenet-v3-small', 'nsfw-mobilenet-v2')
  const moderation = {
    engine: 'nsfw',
    weights: ['nsfw-mobilenet-v2'],
    inputFields: ['image'],
    outputFields: ['concepts'],
  }
  const plan = planOf([EMBEDDER, moderation, headNode(0, 0)])
  const inputs = (await photos()).slice(0, 1).map(pictureInput)
  const runtime = createRuntime({ workers: 1, log: silentLog })
  const resident: number[] = []
  try {
    for (let cycle = 0; cycle < CYCLES + WINDOW; cycle++) {
      const [result] = await runtime.run(plan, files, inputs, { sampleMs: 1000 }, NEVER)
      if (!result?.nodes[2]?.data?.concepts.length) throw new Error('a run after unloading answered nothing')
      await runtime.unload()
      const [stats] = await runtime.stats()
      if (stats?.engines.length !== 0) throw new Error('an engine was not unloaded')
      resident.push(stats.rssBytes / MEGABYTE)
    }
  } finally {
    await runtime.close()
  }
  const around = (cycle: number): number => median(resident.slice(cycle - WINDOW, cycle + WINDOW))
  return {
    name: `memory of a worker after ${CYCLES} loads and unloads, vs after ${SETTLED}`,
    ours: around(CYCLES),
    baseline: around(SETTLED),
    unit: 'MB resident',
    ratio: around(CYCLES) / around(SETTLED),
    aim: '<= 1.05',
    note: `after 100: ${around(100).toFixed(0)}, 200: ${around(200).toFixed(0)}, 300: ${around(300).toFixed(0)}, 400: ${around(400).toFixed(0)}; most ${Math.max(...resident).toFixed(0)}`,
  }
}
