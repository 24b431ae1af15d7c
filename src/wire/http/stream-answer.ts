import type { ServerResponse } from 'node:http'
import type { Message } from '@bufbuild/protobuf'
import { encodeJson, type JsonNames } from '../../contract/json/index.ts'
import { headersOf, statusOf, writeHead } from './answer.ts'
import { isClosed } from './http-call.ts'

/** Media type of the answers of server-streaming RPCs: one response message as JSON per line. */
export const STREAM_TYPE = 'application/x-ndjson'

/**
 * Writes each message of a stream as one line of JSON, as fast as the client reads. The first message decides the
 * HTTP status; a failure after that is the `status` of the last line.
 */
export async function sendStream(
  res: ServerResponse,
  messages: AsyncIterable<Message>,
  names: JsonNames,
  asked: string,
): Promise<void> {
  for await (const message of messages) {
    if (isClosed(res)) return
    if (!res.headersSent) {
      writeHead(res, statusOf(message), { ...headersOf(message, asked), 'content-type': STREAM_TYPE })
    }
    const flowing = res.write(`${encodeJson(message, names)}\n`)
    if (!flowing && !isClosed(res)) await drained(res)
  }
  if (isClosed(res)) return
  if (!res.headersSent) writeHead(res, 200, { 'content-type': STREAM_TYPE })
  res.end()
}

/** Resolves when the client has taken what was written, or is gone. */
export function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
  })
}
