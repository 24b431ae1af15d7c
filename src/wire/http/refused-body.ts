import type { IncomingMessage } from 'node:http'
import type { HttpLimits } from './limits.ts'

/**
 * Reads on and drops what still comes of a body that nobody wants, within limits of bytes and time.
 *
 * Closing at once would reset the connection under a client that is still sending, and take the answer from it;
 * reading on for ever would let it send what it likes.
 */
export function discardRest(req: IncomingMessage, limits: HttpLimits): void {
  let left = limits.discardBytes
  const cut = (): void => {
    req.destroy()
  }
  const timer = setTimeout(cut, limits.discardMs).unref()
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) cut()
  })
  req.once('close', () => clearTimeout(timer))
  req.resume()
}
