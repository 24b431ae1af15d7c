import { garbage } from './failure.ts'

/** Bytes as JSON; throws a failure of the server when they are none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
  } catch {
    throw garbage('JSON')
  }
}
