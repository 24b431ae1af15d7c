import type { Socket } from 'node:net'

/** What the first bytes of a connection announce. */
export type Protocol = 'tls' | 'http2' | 'http1'

const TLS_HANDSHAKE = 0x16
/** No HTTP/1.1 method starts like this, so the rest of the HTTP/2 preface need not be awaited. */
const HTTP2_START = Buffer.from('PRI')

/** The protocol of a connection by its first bytes, or undefined when more of them are needed to tell. */
export function protocolOf(bytes: Buffer): Protocol | undefined {
  if (bytes.length === 0) return undefined
  if (bytes[0] === TLS_HANDSHAKE) return 'tls'
  const known = Math.min(bytes.length, HTTP2_START.length)
  if (bytes.compare(HTTP2_START, 0, known, 0, known) !== 0) return 'http1'
  return known === HTTP2_START.length ? 'http2' : undefined
}

/**
 * Waits for the first bytes of a connection, puts them back unread and tells the protocol.
 *
 * A connection that ends, fails or takes longer than `limitMs` before that is destroyed and never reported.
 */
export function sniff(socket: Socket, limitMs: number, report: (protocol: Protocol) => void): void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => socket.destroy(), limitMs)
  const stop = (): void => {
    clearTimeout(timer)
    socket.off('readable', onReadable)
    socket.off('end', onEnd)
    socket.off('close', stop)
  }
  const onEnd = (): void => {
    stop()
    socket.destroy()
  }
  const onReadable = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    }
    const protocol = protocolOf(seen)
    if (protocol === undefined) return
    stop()
    socket.unshift(seen)
    report(protocol)
  }
  socket.on('readable', onReadable)
  socket.once('end', onEnd)
  socket.once('close', stop)
}
