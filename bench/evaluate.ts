import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '../src/base/log.ts'
import { StatusCode } from '../src/contract/status-code.ts'
import { packChunk } from '../src/evaluation/chunk.ts'
import { MeasureWork } from '../src/evaluation/work.ts'
import { TrainerProcess } from '../src/training/trainer.ts'
import { type DataPlane, openDataPlane } from './kit/data-plane.ts'
import { EMBEDDER } from './kit/labelled.ts'
import type { BenchmarkOptions, Result } from './kit/result.ts'
import { putScored } from './kit/scored-inputs.ts'

const PREDICTIONS = 1_000_000
const CONCEPTS = 10
const PER_CHUNK = 5_000
const POLL_MS = 50

const EXAMPLES = 5_000
const DIMENSIONS = 1_280
const TRAINED_CONCEPTS = 20
const ROUNDS = 3

/**
 * Memory while a million predictions are measured, and while as many (a tenth of them without `--size`) are made, stored and
 * measured through the database; and cross-validation beside one training.
 */
export async function run({ size }: BenchmarkOptions): Promise<Result[]> {
  return [await memory(size ?? PREDICTIONS), await stored(size ?? PREDICTIONS / 10), await folds()]
}

/** PostEvaluations of a head on the stored vectors of all inputs of an app. */
async function stored(predictions: number): Promise<Result> {
  await using plane = await openDataPlane({ processing: true })
  const { userAppId } = plane
  const ids = Array.from({ length: CONCEPTS }, (_, at) => `c${at}`)
  const concepts = ids.map((id) => ({ id }))
  await plane.call('PostConcepts', { userAppId, concepts })
  await plane.call('PostModels', { userAppId, models: [{ id: 'head' }] })
  const weights = ids.map((_, row) => ids.map((_unused, column) => (column === row ? 4 : 0)))
  const outputInfo = { data: { concepts }, params: { weights } }
  const version = { inputInfo: { baseEmbedModel: EMBEDDER }, outputInfo }
  await plane.call('PostModelVersions', { userAppId, modelId: 'head', modelVersions: [version] })
  const few = Math.round(predictions / 4)
  await putScored(plane, 0, few, ids)
  const before = await evaluated(plane, 'few', few)
  await putScored(plane, few, predictions, ids)
  const after = await evaluated(plane, 'many', predictions)
  return {
    name: `memory of the server while ${predictions.toLocaleString('en')} predictions are made, stored and measured`,
    ours: after.mebibytes,
    baseline: before.mebibytes,
    unit: 'MiB, highest',
    ratio: after.mebibytes / before.mebibytes,
    aim: '<= 1.5',
    note: `the baseline is a quarter of them, in the same process before; the process that measures has ${after.measuring.toFixed(0)} and ${before.measuring.toFixed(0)} MiB; ${Math.round(predictions / after.seconds).toLocaleString('en')} predictions/s`,
  }
}

async function evaluated(plane: DataPlane, id: string, predictions: number) {
  const { userAppId } = plane
  const model = { id: 'head', userId: userAppId.userId, appId: userAppId.appId }
  const evalMetrics = [{ id, model, evalInfo: { params: { use_kfold: false } } }]
  const startedAt = performance.now()
  await plane.call('PostEvaluations', { userAppId, evalMetrics })
  let [highest, measuring] = [0, 0]
  for (;;) {
    highest = Math.max(highest, process.memoryUsage.rss())
    measuring = Math.max(measuring, await measuringRss())
    const asked = { userAppId, evaluationId: id, fields: { labelCounts: true } }
    const { status, labelCounts } = (await plane.call('GetEvaluation', asked)).evalMetrics!
    if (status?.code === StatusCode.MODEL_EVALUATED) {
      const counted = labelCounts!.positiveLabelCounts.reduce((sum, { count }) => sum + count, 0)
      if (counted !== predictions) throw new Error(`${counted} of ${predictions} examples were measured`)
      break
    }
    if (status?.code !== StatusCode.MODEL_EVALUATING && status?.code !== StatusCode.MODEL_QUEUED_FOR_EVALUATION) {
      throw new Error(status?.details)
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  const seconds = (performance.now() - startedAt) / 1_000
  return { mebibytes: highest / 2 ** 20, measuring: measuring / 2 ** 20, seconds }
}

/** Resident memory of the process that measures, where the system tells it. */
async function measuringRss(): Promise<number> {
  const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8').catch(() => '')
  let most = 0
  for (const pid of children.split(' ').filter(Boolean)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (!command.includes('evaluation/entry')) continue
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    most = Math.max(most, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024)
  }
  return most
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
