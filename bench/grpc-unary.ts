import { create } from '@bufbuild/protobuf'
import { encodeMessage } from '../src/contract/binary/index.ts'
import { GetUserRequestSchema } from '../src/contract/index.ts'
import { Child } from './kit/child.ts'
import { type Load, LoadProcess } from './kit/load.ts'
import type { Result } from './kit/result.ts'
import { median, spread } from './kit/statistics.ts'

const ROUNDS = 9
const ROUND_MS = 1000
const WARM_UP_MS = 2000

/**
 * A small unary call through our gRPC transport alone, with decoding and encoding, against a bare grpc-js server that
 * hands out ready-made bytes.
 *
 * Counted per second of the server's processor time: the clients need more of it than either server, so calls per
 * second of the clock would mostly measure them and what else the machine does.
 */
export async function run(): Promise<Result> {
  const request = create(GetUserRequestSchema, { userAppId: { userId: 'me' } })
  const load: Omit<Load, 'port' | 'milliseconds'> = {
    protocol: 'grpc',
    connections: 4,
    streams: 16,
    path: '/clarifai.api.V2/GetUser',
    headers: { authorization: 'Key 0123456789abcdef0123456789abcdef' },
    bodies: [Buffer.from(encodeMessage(GetUserRequestSchema, request)).toString('base64')],
    awake: true,
  }
  const loader = new LoadProcess()
  const ours = new Child('servers/grpc-transport.ts', ['ours'])
  const bare = new Child('servers/grpc-transport.ts', ['grpc-js'])
  try {
    const sides = [
      { child: ours, port: Number(await ours.line()), rates: [] as number[], clock: [] as number[] },
      { child: bare, port: Number(await bare.line()), rates: [] as number[], clock: [] as number[] },
    ] as const
    for (const { port } of sides) await loader.run({ ...load, port, milliseconds: WARM_UP_MS })
    for (let round = 0; round < ROUNDS; round++) {
      for (const { child, port, rates, clock } of sides) {
        const before = await child.probe()
        const { calls, milliseconds } = await loader.run({ ...load, port, milliseconds: ROUND_MS })
        const after = await child.probe()
        rates.push((calls * 1e6) / (after.cpuMicros - before.cpuMicros))
        clock.push((calls * 1000) / milliseconds)
      }
    }
    const [mine, theirs] = sides
    const ratios = mine.rates.map((rate, at) => rate / theirs.rates[at]!)
    const clock = sides.map((side) => Math.round(median(side.clock)))
    return {
      name: 'gRPC transport alone, small unary call, vs bare grpc-js without codec',
      ours: median(mine.rates),
      baseline: median(theirs.rates),
      unit: 'calls per CPU second of the server',
      ratio: median(ratios),
      aim: '>= 0.8',
      note: `ratio ${spread(ratios, 2)}; per second of the clock ${clock[0]} and ${clock[1]}`,
    }
  } finally {
    await Promise.all([loader, ours, bare].map((child) => child.stop()))
  }
}
