import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/base/log.ts'
import { packChunk } from '../src/evaluation/chunk.ts'
import { MeasureWork } from '../src/evaluation/work.ts'
import { TrainerProcess } from '../src/training/trainer.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'

const PREDICTIONS = 1_000_000
const CONCEPTS = 10
const PER_CHUNK = 5_000

const EXAMPLES = 5_000
const DIMENSIONS = 1_280
const TRAINED_CONCEPTS = 20
const ROUNDS = 3

/** Memory while a million predictions are measured, and cross-validation beside one training. */
export async function run({ size = PREDICTIONS }: BenchmarkOptions): Promise<Result[]> {
  return [await memory(size), await folds()]
}

/** Numbers from 0 to 1 that are the same every time. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

async function memory(predictions: number): Promise<Result> {
  // The first run warms up what the others need in any case.
  await peakOf(PER_CHUNK)
  const few = await peakOf(predictions / 4)
  const many = await peakOf(predictions)
  return {
    name: `memory while ${predictions.toLocaleString('en')} predictions of ${CONCEPTS} concepts are measured`,
    ours: many.mebibytes,
    baseline: few.mebibytes,
    unit: 'MiB, highest',
    ratio: many.mebibytes / few.mebibytes,
    aim: '<= 1.5',
    note: `the baseline is a quarter of them; ${Math.round(predictions / many.seconds).toLocaleString('en')} predictions/s with exact areas under curves`,
  }
}

async function peakOf(predictions: number): Promise<{ mebibytes: number; seconds: number }> {
  const spoolDir = await mkdtemp(join(tmpdir(), 'limpid-bench-'))
  try {
    const random = seeded(7)
    const concepts = Array.from({ length: CONCEPTS }, (_, at) => ({ id: `c${at}`, name: `c${at}`, appId: '' }))
    const work = new MeasureWork()
    work.take({ type: 'begin', order: { task: 'classification', concepts, splits: 1, spoolDir } })
    let highest = 0
    const startedAt = performance.now()
    for (let done = 0; done < predictions; done += PER_CHUNK) {
      const count = Math.min(PER_CHUNK, predictions - done)
      const labels = Array.from({ length: count }, () => [Math.floor(random() * CONCEPTS)])
      const scores = Float32Array.from({ length: count * CONCEPTS }, (_, at) => {
        const right = labels[Math.floor(at / CONCEPTS)]![0] === at % CONCEPTS
        return right ? 1 - random() ** 2 : random() ** 2
      })
      const ids = labels.map((_, at) => `input-${done + at}`)
      work.take({ type: 'add', content: packChunk({ ids, labels, scores }) })
      highest = Math.max(highest, process.memoryUsage.rss())
    }
    work.take({ type: 'figures' })
    highest = Math.max(highest, process.memoryUsage.rss())
    return { mebibytes: highest / 2 ** 20, seconds: (performance.now() - startedAt) / 1_000 }
  } finally {
    await rm(spoolDir, { recursive: true, force: true })
  }
}

async function folds(): Promise<Result> {
  const trainer = new TrainerProcess({ threads: availableParallelism() }, silentLog)
  try {
    const random = seeded(11)
    const rows = Int32Array.from({ length: EXAMPLES }, (_, at) => at)
    const concepts = Int32Array.from(rows, () => Math.floor(random() * TRAINED_CONCEPTS))
    const labels = { rows, concepts, values: new Float32Array(EXAMPLES).fill(1) }
    const matrix = Float32Array.from({ length: EXAMPLES * DIMENSIONS }, (_, at) => {
      const near = at % DIMENSIONS === concepts[Math.floor(at / DIMENSIONS)]! * 7
      return random() - 0.5 + (near ? 2 : 0)
    })
    const order = { dims: DIMENSIONS, concepts: TRAINED_CONCEPTS, labels, mutuallyExclusive: false }
    const { signal } = new AbortController()
    const seconds = async (task: Parameters<typeof trainer.run>[0]): Promise<number> => {
      const times: number[] = []
      for (let round = 0; round < ROUNDS; round++) {
        const startedAt = performance.now()
        await trainer.run(task, matrix, signal)
        times.push((performance.now() - startedAt) / 1_000)
      }
      return Math.min(...times)
    }
    const one = await seconds({ kind: 'head', ...order })
    const five = await seconds({ kind: 'cross-fit', parts: 5, ...order })
    return {
      name: `5 folds of ${EXAMPLES} x ${DIMENSIONS} x ${TRAINED_CONCEPTS}, beside one training`,
      ours: five,
      baseline: one,
      unit: 's',
      ratio: five / one,
      aim: '<= 3',
      note: `best of ${ROUNDS}; five heads are fitted side by side over one matrix`,
    }
  } finally {
    await trainer.close()
  }
}
