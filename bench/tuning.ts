import { availableParallelism } from 'node:os'
import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../src/contract/index.ts'
import { TUNE_BUDGET_MS } from '../src/runtime/limits.ts'
import { type Sample, Workbench } from '../src/runtime/tuning/measure.ts'
import { search } from '../src/runtime/tuning/search.ts'
import { candidates, type Setup } from '../src/runtime/tuning/setup.ts'
import { EMBEDDER, Engines, pictureInput, planOf } from './kit/engine-case.ts'
import { photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median } from './kit/statistics.ts'

const ROUNDS = 5
const ROUND_MS = 1_500
const NEVER = new AbortController().signal
const SENTENCE = 'A small boat with a red sail comes home late, and nobody on the pier has waited for it. '

/** What the tuner finds in its time, against measuring all setups at length in turns, for a network of pictures and one of texts. */
export async function run(): Promise<Result[]> {
  const engines = new Engines()
  const files = await engines.fetch('mobilenet-v3-small', 'all-minilm-l6-v2')
  const options = { sampleMs: 1000 }
  const pictures = (await photos()).map(pictureInput)
  const texts = [1, 2, 3].map((times) => create(DataSchema, { text: { raw: SENTENCE.repeat(times) } }))
  const reader = {
    engine: 'minilm-embed',
    weights: ['all-minilm-l6-v2'],
    inputFields: ['text'],
    outputFields: ['embeddings'],
  }
  return [
    ...(await compare('image embedding', { plan: planOf([EMBEDDER]), files, inputs: pictures, options })),
    ...(await compare('text embedding', { plan: planOf([reader]), files, inputs: texts, options })),
  ]
}

async function compare(name: string, sample: Sample): Promise<Result[]> {
  const cores = availableParallelism()
  const all = candidates(cores, cores)
  const tuning = new Workbench(sample, NEVER)
  const start = performance.now()
  const found = await search(all, tuning.measure, TUNE_BUDGET_MS, () => performance.now())
  const seconds = (performance.now() - start) / 1000
  await tuning.close()

  const bench = new Workbench(sample, NEVER)
  const rates = new Map<Setup, number[]>(all.map((setup) => [setup, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const setup of all) rates.get(setup)!.push(await bench.measure(setup, ROUND_MS))
  }
  await bench.close()
  // Rates of one round are compared with each other, so that whatever else the machine does hits all setups.
  const ratio = (a: Setup, b: Setup): number => median(rates.get(a)!.map((rate, round) => rate / rates.get(b)![round]!))
  const best = all.reduce((a, b) => (median(rates.get(b)!) > median(rates.get(a)!) ? b : a))
  const rateOf = (setup: Setup): number => median(rates.get(setup)!)
  const text = ({ threads, workers, batch }: Setup): string =>
    `${threads} threads x ${workers} workers, ${batch} at once`
  return [
    {
      name: `${name}: the setup that the tuner finds, vs the best of all`,
      ours: rateOf(found.setup),
      baseline: rateOf(best),
      unit: 'inputs/s',
      ratio: ratio(found.setup, best),
      aim: '>= 0.9',
      note: `found ${text(found.setup)}; best ${text(best)}`,
    },
    {
      name: `${name}: the same, vs one thread and batch 1`,
      ours: rateOf(found.setup),
      baseline: rateOf(all[0]!),
      unit: 'inputs/s',
      ratio: ratio(found.setup, all[0]!),
      aim: '>= 1',
    },
    { name: `${name}: time of the tuner`, ours: seconds, unit: 's', aim: '<= 20' },
  ]
}
