import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { type AppError, isAppError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import type { StatusCode } from '../contract/status-code.ts'
import { createFetcher, type Fetcher, type FetcherOptions, type FetchOptions } from './guarded-fetcher.ts'

/** The smallest GIF. */
export const PIXEL = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')
/** Fetches whatever comes, up to a megabyte. */
export const ANY: FetchOptions = { maxBytes: 1_000_000, accept: 'any' }

/** Starts an HTTP server on a free local port that ends with the test. */
export async function serve(t: TestContext, listener: RequestListener): Promise<{ url: string; port: number }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port }
}

/** A fetcher that may reach 127.0.0.1 unless told otherwise; it ends with the test. */
export function fetcherFor(t: TestContext, options: Partial<FetcherOptions> = {}): Fetcher {
  const fetcher = createFetcher({ allow: ['127.0.0.1/32'], log: silentLog, ...options })
  t.after(() => fetcher.close())
  return fetcher
}

/** Checks that an error is an AppError of this code whose details match. */
export const fails =
  (code: StatusCode, details?: RegExp) =>
  (error: unknown): boolean => {
    assert.ok(isAppError(error), String(error))
    assert.equal(error.code, code, error.message)
    if (details) assert.match((error as AppError).details, details)
    return true
  }
