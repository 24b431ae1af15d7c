import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { create } from '@bufbuild/protobuf'
import { Client, credentials } from '@grpc/grpc-js'
import { encodeMessage } from '../src/contract/binary/index.ts'
import { GetUserRequestSchema } from '../src/contract/index.ts'

const CONNECTIONS = 4
const CALLS_AT_ONCE = 64
const CALLS_PER_ROUND = 10_000
const ROUNDS = 4

const request = Buffer.from(
  encodeMessage(GetUserRequestSchema, create(GetUserRequestSchema, { userAppId: { userId: 'me' } })),
)

interface Round {
  readonly perSecond: number
  readonly perCpuSecond: number
}

/** A server of the benchmark with clients connected to it. */
class Subject {
  readonly #child: ChildProcess
  readonly #clients: Client[] = []

  constructor(kind: 'ours' | 'grpc-js') {
    this.#child = fork(fileURLToPath(new URL('grpc-unary-server.ts', import.meta.url)), [kind])
  }

  async connect(): Promise<void> {
    const [port] = (await once(this.#child, 'message')) as [number]
    for (let i = 0; i < CONNECTIONS; i++) {
      const options = { 'grpc.use_local_subchannel_pool': 1 }
      this.#clients.push(new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options))
    }
    await this.round()
  }

  async round(): Promise<Round> {
    const before = await this.#cpuMicroseconds()
    const start = performance.now()
    let left = CALLS_PER_ROUND
    const worker = async (client: Client): Promise<void> => {
      while (left-- > 0) await call(client)
    }
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, (_, i) => worker(this.#clients[i % CONNECTIONS] as Client)))
    const seconds = (performance.now() - start) / 1000
    const cpuSeconds = ((await this.#cpuMicroseconds()) - before) / 1e6
    return { perSecond: CALLS_PER_ROUND / seconds, perCpuSecond: CALLS_PER_ROUND / cpuSeconds }
  }

  close(): void {
    for (const client of this.#clients) client.close()
    this.#child.disconnect()
  }

  async #cpuMicroseconds(): Promise<number> {
    this.#child.send('cpu')
    const [value] = (await once(this.#child, 'message')) as [number]
    return value
  }
}

function call(client: Client): Promise<void> {
  const same = (bytes: Buffer): Buffer => bytes
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest('/clarifai.api.V2/GetUser', same, same, request, (error) =>
      error ? reject(error) : resolve(),
    ),
  )
}

/**
 * A small unary call through our gRPC, with decoding and encoding, against a bare grpc-js server that hands out
 * ready-made bytes. Counted per second of the server's processor time: the clients need more of it than either server,
 * so calls per second of the clock would mostly measure them. Those are given as `wall`.
 */
export async function run() {
  const subjects = [new Subject('ours'), new Subject('grpc-js')]
  try {
    await Promise.all(subjects.map((subject) => subject.connect()))
    const best: Round[] = subjects.map(() => ({ perSecond: 0, perCpuSecond: 0 }))
    for (let i = 0; i < ROUNDS; i++) {
      for (const [at, subject] of subjects.entries()) {
        const round = await subject.round()
        best[at] = {
          perSecond: Math.max(best[at]!.perSecond, round.perSecond),
          perCpuSecond: Math.max(best[at]!.perCpuSecond, round.perCpuSecond),
        }
      }
    }
    const [ours, baseline] = best as [Round, Round]
    return {
      name: 'gRPC unary, small message',
      ours: ours.perCpuSecond,
      baseline: baseline.perCpuSecond,
      unit: 'calls per second of server CPU',
      ratio: ours.perCpuSecond / baseline.perCpuSecond,
      aim: '>= 0.8',
      wall: { ours: ours.perSecond, baseline: baseline.perSecond },
    }
  } finally {
    for (const subject of subjects) subject.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await run())
