import { once } from 'node:events'
import { connect } from 'node:net'
import type { Load } from '../kit/load.ts'
import type { Connection } from './load.ts'

const HEAD_END = Buffer.from('\r\n\r\n')

/**
 * A kept-alive HTTP/1.1 connection that writes ready-made bytes and reads no more of an answer than its status and
 * length: a full client costs more than the servers that it is to measure.
 */
export async function httpConnection({ port, path, headers, bodies }: Load): Promise<Connection> {
  const requests = bodies.map((body) => {
    const content = Buffer.from(body, 'base64')
    const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers, 'content-length': content.length })
    const head = `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    return Buffer.concat([Buffer.from(head), content])
  })
  let next = 0
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')

  let chunks: Buffer[] = []
  let size = 0
  let expected = Number.POSITIVE_INFINITY
  let bodyStart = 0
  let waiting: PromiseWithResolvers<Buffer> | undefined
  const fail = (reason: string): void => {
    socket.destroy()
    waiting?.reject(new Error(reason))
  }
  socket.on('close', () => fail('the connection was closed'))
  socket.on('error', (error) => fail(error.message))
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    size += chunk.length
    if (expected === Number.POSITIVE_INFINITY) {
      const so = chunks.length === 1 ? chunk : Buffer.concat(chunks)
      const end = so.indexOf(HEAD_END)
      if (end < 0) return
      const text = so.toString('latin1', 0, end)
      const length = /\r\ncontent-length: *(\d+)/i.exec(text)?.[1]
      if (length === undefined) return fail('an answer without a length')
      if (!text.startsWith('HTTP/1.1 200')) return fail(so.toString('utf8'))
      bodyStart = end + HEAD_END.length
      expected = bodyStart + Number(length)
    }
    if (size < expected) return
    const whole = chunks.length === 1 ? chunk : Buffer.concat(chunks)
    chunks = []
    size = 0
    expected = Number.POSITIVE_INFINITY
    waiting!.resolve(whole.subarray(bodyStart))
  })
  return {
    call() {
      waiting = Promise.withResolvers()
      socket.write(requests[next++ % requests.length]!)
      return waiting.promise
    },
    close: () => socket.destroy(),
  }
}
