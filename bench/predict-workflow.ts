import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WORKER_NICENESS } from '../src/runtime/limits.ts'
import { Child } from './kit/child.ts'
import { embedderFile, Limpid } from './kit/limpid.ts'
import { type Load, LoadProcess } from './kit/load.ts'
import { heads, photos } from './kit/predict-case.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'
import type { DirectAnswer, DirectJob } from './servers/direct.ts'

const PROCESSES = 2
const CLIENTS = 8
const ROUNDS = 5
const ROUND_MS = 4000
const ALONE_MS = 2500
const WARM_UP_MS = 2000
/** Pictures that the direct pipeline may have under way in each process; the best is taken. */
const PARALLEL = [1, 2, 3]
/** Largest difference between our concept values and those computed by hand that float32 explains. */
const TOLERANCE = 1e-3

/**
 * A workflow of an embedding and ten linear heads on JPEGs of 512 x 512 pixels, sent as JSON, against the same work by
 * hand in as many processes: throughput with eight clients, added latency with one, and stalls of the server under load.
 */
export async function run(): Promise<Result[]> {
  const temp = await mkdtemp(join(tmpdir(), 'limpid-bench-'))
  const stops: (() => Promise<void>)[] = [() => rm(temp, { recursive: true, force: true })]
  try {
    const [model, pictures, linear] = [await embedderFile(), await photos(), heads()]
    const file = join(temp, 'case.json')
    await writeFile(
      file,
      JSON.stringify({ model, heads: linear, photos: pictures.map((bytes) => bytes.toString('base64')) }),
    )
    const direct = Array.from({ length: PROCESSES }, () => new Child('servers/direct.ts', [file]))
    for (const child of direct) child.setNiceness(WORKER_NICENESS)
    const limpid = await Limpid.start(PROCESSES)
    const loader = new LoadProcess()
    const echo = new Child('servers/echo.ts')
    stops.push(...direct.map((child) => () => child.stop()))
    stops.push(
      () => limpid.stop(),
      () => loader.stop(),
      () => echo.stop(),
    )
    await limpid.makeWorkflow(linear)

    const bodies = pictures.map((bytes) =>
      Buffer.from(JSON.stringify({ inputs: [{ data: { image: { base64: bytes.toString('base64') } } }] })).toString(
        'base64',
      ),
    )
    const load = (connections: number, milliseconds: number, port = limpid.port): Load => ({
      protocol: 'http',
      port,
      connections,
      streams: 1,
      path: '/v2/users/me/apps/bench/workflows/heads/results',
      headers: { ...limpid.headers, 'content-type': 'application/json' },
      bodies,
      milliseconds,
    })
    const byHand = async (count: number, job: DirectJob): Promise<DirectAnswer[]> =>
      Promise.all(direct.slice(0, count).map((child) => child.ask<DirectAnswer>(job)))
    const rateOf = (answers: readonly DirectAnswer[], milliseconds: number): number =>
      (answers.reduce((sum, { latencies }) => sum + latencies.length, 0) * 1000) / milliseconds

    // Warm up, find the best way for the direct pipeline, and see that both compute the same.
    const warm = await loader.run(load(CLIENTS, WARM_UP_MS))
    await loader.run(load(1, WARM_UP_MS))
    const tried: { parallel: number; rate: number }[] = []
    for (const parallel of PARALLEL) {
      const answers = await byHand(PROCESSES, { milliseconds: WARM_UP_MS, parallel })
      tried.push({ parallel, rate: rateOf(answers, WARM_UP_MS) })
    }
    const best = tried.reduce((a, b) => (b.rate > a.rate ? b : a)).parallel
    const [{ sample } = { sample: [] }] = await byHand(1, { milliseconds: 1, parallel: 1 })
    checkSame(Buffer.from(warm.firstSample, 'base64').toString(), sample)

    const rates = { ours: [] as number[], direct: [] as number[] }
    const stalls: number[] = []
    const cpu = { server: [] as number[], workers: [] as number[], direct: [] as number[] }
    const alone = { ours: [] as number[], direct: [] as number[], transfer: [] as number[] }
    const answerBytes = Buffer.from(warm.sample, 'base64').length
    await echo.ask({ bytes: answerBytes })
    const echoPort = Number(await echo.line())
    for (let round = 0; round < ROUNDS; round++) {
      const before = await limpid.cpuSeconds()
      const { calls, milliseconds } = await loader.run(load(CLIENTS, ROUND_MS))
      stalls.push((await limpid.child.probe()).stallP999Ms)
      const after = await limpid.cpuSeconds()
      rates.ours.push((calls * 1000) / milliseconds)
      if (before && after) {
        cpu.server.push(((after.server - before.server) * 1000) / calls)
        cpu.workers.push(((after.workers - before.workers) * 1000) / calls)
      }
      const cpuBefore = await cpuOf(direct)
      const answers = await byHand(PROCESSES, { milliseconds: ROUND_MS, parallel: best })
      rates.direct.push(rateOf(answers, ROUND_MS))
      cpu.direct.push(
        ((await cpuOf(direct)) - cpuBefore) / answers.reduce((sum, { latencies }) => sum + latencies.length, 0),
      )

      alone.ours.push(median((await loader.run(load(1, ALONE_MS))).latencies))
      const [single] = await byHand(1, { milliseconds: ALONE_MS, parallel: 1 })
      alone.direct.push(median(single!.latencies))
      alone.transfer.push(median((await loader.run(load(1, ALONE_MS / 5, echoPort))).latencies))
    }
    const ratios = rates.ours.map((rate, at) => rate / rates.direct[at]!)
    const added = alone.ours.map((ms, at) => ms - alone.direct[at]! - alone.transfer[at]!)
    return [
      {
        name: `workflow of embedding + ${linear.length} heads, 512 x 512 JPEGs, ${CLIENTS} clients, vs direct pipeline`,
        ours: median(rates.ours),
        baseline: median(rates.direct),
        unit: 'pictures/s',
        ratio: median(ratios),
        aim: '>= 0.9',
        note:
          `ratio ${spread(ratios, 2)}; direct with ${best} under way in each of ${PROCESSES} processes; ` +
          `CPU ms a picture: server ${median(cpu.server).toFixed(2)}, workers ${median(cpu.workers).toFixed(2)}, direct ${median(cpu.direct).toFixed(2)}`,
      },
      {
        name: 'the same with one client: latency added to the direct pipeline, beyond transfer',
        ours: median(added),
        unit: 'ms',
        aim: '<= 1',
        note: `${spread(added, 2)}; ours ${median(alone.ours).toFixed(2)}, direct ${median(alone.direct).toFixed(2)}, transfer ${median(alone.transfer).toFixed(2)}`,
      },
      {
        name: `event-loop stall of the server under that load, p99.9`,
        ours: median(stalls),
        unit: 'ms',
        aim: '<= 10',
        note: spread(stalls, 1),
      },
    ]
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

/** Processor time of processes so far, in milliseconds. */
async function cpuOf(children: readonly Child[]): Promise<number> {
  const probes = await Promise.all(children.map((child) => child.probe()))
  return probes.reduce((sum, { cpuMicros }) => sum + cpuMicros / 1000, 0)
}

/** Throws unless our concepts of the first photo have the values computed by hand. */
function checkSame(answer: string, byHand: readonly number[]): void {
  const { results } = JSON.parse(answer) as {
    results: { outputs: { data: { concepts?: { id: string; value: number }[] } }[] }[]
  }
  const ours = new Map(
    results[0]!.outputs.flatMap(({ data }) => (data.concepts ?? []).map(({ id, value }) => [id, value] as const)),
  )
  const perHead = byHand.length / 10
  for (const [at, value] of byHand.entries()) {
    const id = `concept-${Math.floor(at / perHead)}-${at % perHead}`
    if (Math.abs((ours.get(id) ?? Number.NaN) - value) < TOLERANCE) continue
    throw new Error(`${id} is ${ours.get(id)} through the server and ${value} by hand`)
  }
}
