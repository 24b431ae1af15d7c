import { once } from 'node:events'
import { connect } from 'node:http2'
import type { Load } from '../kit/load.ts'
import type { Connection } from './load.ts'

const PREFIX_BYTES = 5

/** A connection for unary gRPC calls on node:http2 alone, which costs less than a gRPC client. */
export async function grpcConnection({ port, path, headers, bodies }: Load): Promise<Connection> {
  const frames = bodies.map((body) => {
    const message = Buffer.from(body, 'base64')
    const frame = Buffer.alloc(PREFIX_BYTES + message.length)
    frame.writeUInt32BE(message.length, 1)
    message.copy(frame, PREFIX_BYTES)
    return frame
  })
  let next = 0
  const session = connect(`http://127.0.0.1:${port}`)
  await once(session, 'connect')
  const sent = {
    ':method': 'POST',
    ':path': path,
    te: 'trailers',
    'content-type': 'application/grpc',
    ...headers,
  }
  return {
    call() {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
      const stream = session.request(sent)
      const chunks: Buffer[] = []
      let status: unknown
      const note = (fields: { 'grpc-status'?: unknown; 'grpc-message'?: unknown }): void => {
        if (fields['grpc-status'] === undefined) return
        status = fields['grpc-status']
        if (status !== '0') reject(new Error(`gRPC status ${status}: ${fields['grpc-message']}`))
      }
      stream.on('response', note)
      stream.on('trailers', note)
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('error', reject)
      stream.on('end', () => {
        if (status === undefined) reject(new Error('an answer without a gRPC status'))
        resolve(Buffer.concat(chunks).subarray(PREFIX_BYTES))
      })
      stream.end(frames[next++ % frames.length])
      return promise
    },
    close: () => session.close(),
  }
}
