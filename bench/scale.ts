import { type DataPlane, openDataPlane, textRequest } from './kit/data-plane.ts'
import { growTo } from './kit/grow.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'
import { median, quantile } from './kit/statistics.ts'

const SMALL = 1_000
const LARGE = 100_000
const ADDED = 1_000
const ADD_ROUNDS = 5
const READS = 300
const WARM_UP = 30
const PAGE = 128

/** What calls cost in an app with many inputs (`--size`, 100,000 unless said), against one with a thousand. */
export async function run({ size = LARGE }: BenchmarkOptions = {}): Promise<Result[]> {
  const [few, many] = [await measure(SMALL), await measure(size)]
  const results: Result[] = [
    {
      name: `adding ${ADDED} inputs at ${size}`,
      ours: median(many.addMs),
      baseline: median(few.addMs),
      unit: 'ms',
      ratio: median(many.addMs) / median(few.addMs),
      aim: '<= 1.2',
      note: `baseline: the same at ${SMALL}; ${ADDED / 125} calls of 125 texts, durable`,
    },
  ]
  for (const [name, times] of Object.entries(many.reads)) {
    const [ours, baseline] = [quantile(times, 0.99), quantile(few.reads[name]!, 0.99)]
    results.push({
      name: `${name} at ${size}, p99`,
      ours,
      baseline,
      unit: 'ms',
      ratio: ours / baseline,
      aim: '<= 5',
      note: `baseline: at ${SMALL}; middle values ${median(times).toFixed(2)} and ${median(few.reads[name]!).toFixed(2)} ms`,
    })
  }
  return results
}

interface Measured {
  readonly addMs: number[]
  readonly reads: Record<string, number[]>
}

async function measure(size: number): Promise<Measured> {
  await using plane = await openDataPlane({ processing: false })
  await growTo(plane, size)
  const { userAppId } = plane
  const lastPage = Math.ceil(size / PAGE)
  const calls: Record<string, () => Promise<unknown>> = {
    GetInput: () => plane.call('GetInput', { userAppId, inputId: `made-${Math.floor(Math.random() * size)}` }),
    GetInputCount: () => plane.call('GetInputCount', { userAppId }),
    'ListInputs, first page': () => plane.call('ListInputs', { userAppId, page: 1, perPage: PAGE }),
    'ListInputs, last page': () => plane.call('ListInputs', { userAppId, page: lastPage, perPage: PAGE }),
    'StreamInputs after one in the middle': () =>
      plane.call('StreamInputs', { userAppId, lastId: `made-${Math.floor(size / 2)}` }),
  }
  const reads: Record<string, number[]> = {}
  for (const [name, call] of Object.entries(calls)) reads[name] = await timesOf(call)
  return { addMs: await adding(plane), reads }
}

async function timesOf(call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let at = 0; at < WARM_UP + READS; at++) {
    const start = performance.now()
    await call()
    if (at >= WARM_UP) times.push(performance.now() - start)
  }
  return times
}

async function adding(plane: DataPlane): Promise<number[]> {
  const times: number[] = []
  for (let round = 0; round <= ADD_ROUNDS; round++) {
    const start = performance.now()
    for (let at = 0; at < ADDED; at += 125) await plane.call('PostInputs', textRequest(plane, 125, at))
    if (round > 0) times.push(performance.now() - start)
  }
  return times
}
