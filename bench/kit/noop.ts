import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '../../src/base/ids.ts'
import { Child } from './child.ts'
import { type Load, type LoadAnswer, LoadProcess } from './load.ts'
import type { Result } from './result.ts'
import { median, spread } from './statistics.ts'

const ROUNDS = 7
const ROUND_MS = 1500
const WARM_UP_MS = 2500

/** What differs between the doors of the server. */
export interface Door {
  readonly name: string
  readonly aim: string
  readonly protocol: Load['protocol']
  readonly connections: number
  readonly streams: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly baseline: string
  /** The argument that makes the baseline answer the same as ours, from one answer of ours. */
  baselineArgument(answer: Buffer): string
}

interface Rates {
  readonly perCpuSecond: number[]
  readonly perSecond: number[]
}

/**
 * Measures a call that does nothing against a bare server that answers the same message, in turns.
 *
 * The figure is calls per second of the server's own processor time, since that of the clock depends on what else the
 * machine has to do, the load process included.
 */
export async function measureNoop(door: Door): Promise<Result> {
  const dataDir = await mkdtemp(join(tmpdir(), 'limpid-bench-'))
  const key = newId()
  const children: { stop(): Promise<void> }[] = []
  try {
    const ours = new Child('servers/noop.ts', [dataDir, key])
    const loader = new LoadProcess()
    children.push(ours, loader)
    const ourPort = Number(await ours.line())
    await makeApp(ourPort, key)
    const send = (port: number, milliseconds: number): Promise<LoadAnswer> =>
      loader.run({
        ...door,
        port,
        milliseconds,
        awake: true,
        headers: { ...door.headers, authorization: `Key ${key}` },
        bodies: [door.body.toString('base64')],
      })
    const { sample } = await send(ourPort, WARM_UP_MS)
    const bare = new Child(door.baseline, [door.baselineArgument(Buffer.from(sample, 'base64'))])
    children.push(bare)
    const barePort = Number(await bare.line())
    await send(barePort, WARM_UP_MS)

    const sides = [
      { child: ours, port: ourPort, rates: { perCpuSecond: [], perSecond: [] } as Rates },
      { child: bare, port: barePort, rates: { perCpuSecond: [], perSecond: [] } as Rates },
    ] as const
    for (let round = 0; round < ROUNDS; round++) {
      for (const { child, port, rates } of sides) {
        const before = await child.probe()
        const { calls, milliseconds } = await send(port, ROUND_MS)
        const after = await child.probe()
        rates.perCpuSecond.push((calls * 1e6) / (after.cpuMicros - before.cpuMicros))
        rates.perSecond.push((calls * 1000) / milliseconds)
      }
    }
    const [mine, theirs] = sides.map(({ rates }) => rates) as [Rates, Rates]
    const ratios = mine.perCpuSecond.map((rate, at) => rate / theirs.perCpuSecond[at]!)
    const clock = [mine, theirs].map(({ perSecond }) => Math.round(median(perSecond)))
    return {
      name: door.name,
      ours: median(mine.perCpuSecond),
      baseline: median(theirs.perCpuSecond),
      unit: 'calls per CPU second of the server',
      ratio: median(ratios),
      aim: door.aim,
      note: `ratio ${spread(ratios, 2)}; per second of the clock ${clock[0]} and ${clock[1]}`,
    }
  } finally {
    await Promise.all(children.map((child) => child.stop()))
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function makeApp(port: number, key: string): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/v2/users/me/apps`, {
    method: 'POST',
    headers: { authorization: `Key ${key}` },
    body: JSON.stringify({ apps: [{ id: 'bench' }] }),
  })
  if (response.status !== 200) throw new Error(`making the app failed: ${await response.text()}`)
}
