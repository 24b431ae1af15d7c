/* A load process: takes jobs from its parent (see kit/load.ts) and answers what came of them. */
import type { Load, LoadAnswer } from '../kit/load.ts'
import { grpcConnection } from './load-grpc.ts'
import { httpConnection } from './load-http.ts'

/** One connection, ready to send its requests one after the other. */
export interface Connection {
  /** Sends the next request and answers the body of the reply; rejects when it is no success. */
  call(): Promise<Buffer>
  close(): void
}

async function run(load: Load): Promise<LoadAnswer> {
  const open = load.protocol === 'http' ? httpConnection : grpcConnection
  const connections = await Promise.all(Array.from({ length: load.connections }, () => open(load)))
  const lanes = load.protocol === 'http' ? connections : connections.flatMap((c) => new Array(load.streams).fill(c))
  const latencies: number[] = []
  let firstSample: Buffer | undefined
  let sample = Buffer.alloc(0) as Buffer
  let running = load.awake === true
  const stayAwake = (): void => {
    if (running) setImmediate(stayAwake)
  }
  stayAwake()
  const start = performance.now()
  const end = start + load.milliseconds
  try {
    await Promise.all(
      lanes.map(async (connection: Connection) => {
        for (let sent = performance.now(); sent < end; sent = performance.now()) {
          sample = await connection.call()
          latencies.push(performance.now() - sent)
          firstSample ??= sample
        }
      }),
    )
    const milliseconds = performance.now() - start
    return {
      calls: latencies.length,
      milliseconds,
      latencies,
      firstSample: firstSample!.toString('base64'),
      sample: sample.toString('base64'),
    }
  } finally {
    running = false
    for (const connection of connections) connection.close()
  }
}

process.on('message', (load) => {
  if (load === 'probe') return
  run(load as Load).then(
    (answer) => process.send!(answer),
    (error: Error) => process.send!({ error: error.message }),
  )
})
// The probe has let go of the channel, on which this process waits.
process.channel?.ref()
