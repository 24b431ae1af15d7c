import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Agent, type Dispatcher } from 'undici'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import { FORMATS_IN_WORDS, type MediaKind, sniff } from '../media/sniff.ts'
import { addressPolicy } from './address.ts'
import { ACCEPT_ENCODING, discard, readBody } from './body.ts'
import { guardedConnector, type Lookup } from './connector.ts'
import { downloadFailed, httpFailure, tooLarge, unreachable } from './errors.ts'
import { parseUrl } from './url.ts'

/** Time and hop limits of one fetch. */
export interface FetchLimits {
  /** From the call to the last byte, over all redirects, in milliseconds. */
  totalMs: number
  /** For one connection, in milliseconds. */
  connectMs: number
  maxRedirects: number
}

/** What `createFetcher` needs. */
export interface FetcherOptions {
  /** Hosts, host:port, addresses or CIDR ranges that may be reached although they are not public. */
  allow: readonly string[]
  log: Log
  limits?: Partial<FetchLimits>
  /** Replaces the name look-up of the operating system. */
  lookup?: Lookup
}

/** How one file is fetched. */
export interface FetchOptions {
  maxBytes: number
  /** What the bytes themselves must turn out to be. */
  accept: MediaKind | 'any'
  signal?: AbortSignal
}

/** A fetched file; `contentType` is what the server called it, in lower case without parameters, or empty. */
export interface Fetched {
  bytes: Buffer
  contentType: string
  finalUrl: string
}

/** A request to a URL of a user, such as a webhook. */
export interface SendOptions {
  method: 'POST' | 'PUT' | 'GET'
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** More of an answer than this counts as a failure. */
  maxResponseBytes: number
  signal?: AbortSignal
}

/** The answer to `send`, whatever its HTTP status is; redirects are not followed. */
export interface Sent {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** The only way by which the program reaches URLs that users gave. */
export interface Fetcher {
  /** Downloads a file; throws AppError 30106, 39996, 30002, 30105 or 30101, or the signal's reason. */
  fetchBytes(url: string, options: FetchOptions): Promise<Fetched>
  /** Sends one request under the same rules of reach, time and size; throws AppError 30106, 39996, 30002 or 30105. */
  send(url: string, options: SendOptions): Promise<Sent>
  /** Ends all connections. */
  close(): Promise<void>
}

const DEFAULT_LIMITS: FetchLimits = { totalMs: 60_000, connectMs: 10_000, maxRedirects: 5 }
/** Idle connections are kept this long for the next file of the same host, in milliseconds. */
const KEEP_ALIVE_MS = 4_000
const MAX_HEADER_BYTES = 16 * 1024
const USER_AGENT = 'limpid'
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** Creates the fetcher; throws an Error when an entry of `allow` cannot be read. */
export function createFetcher(options: FetcherOptions): Fetcher {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const { log } = options
  const agent = new Agent({
    connect: guardedConnector(addressPolicy(options.allow), limits.connectMs, options.lookup),
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: limits.totalMs,
    bodyTimeout: limits.totalMs,
    maxHeaderSize: MAX_HEADER_BYTES,
  })

  /** Runs `work` under the total time and the caller's signal and gives every failure its status. */
  async function guarded<T>(
    url: URL,
    caller: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    caller?.throwIfAborted()
    const controller = new AbortController()
    const stop = (): void => controller.abort()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      stop()
    }, limits.totalMs)
    caller?.addEventListener('abort', stop, { once: true })
    try {
      return await work(controller.signal)
    } catch (error) {
      if (caller?.aborted) throw caller.reason
      const failure = isLate
        ? downloadFailed(`The download took longer than ${limits.totalMs / 1_000} seconds`)
        : failureOf(error, url)
      log.info({ host: url.host, code: failure.code, err: failure.cause }, 'fetching a URL failed')
      throw failure
    } finally {
      clearTimeout(timer)
      caller?.removeEventListener('abort', stop)
    }
  }

  function request(url: URL, extra: Partial<Dispatcher.RequestOptions>): Promise<Dispatcher.ResponseData> {
    const { headers, ...rest } = extra
    return agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: { 'user-agent': USER_AGENT, 'accept-encoding': ACCEPT_ENCODING, ...(headers as Record<string, string>) },
      ...rest,
    })
  }

  return {
    async fetchBytes(text, { maxBytes, accept, signal: caller }) {
      const first = parseUrl(text)
      const fetched = await guarded(first, caller, async (signal) => {
        let url = first
        for (let hops = 0; ; hops++) {
          const answer = await request(url, { signal, headers: { accept: acceptHeader(accept) } })
          const { statusCode, headers, body } = answer
          if (REDIRECTS.has(statusCode)) {
            discard(body)
            if (hops >= limits.maxRedirects) {
              throw downloadFailed(`The URL redirects more than ${limits.maxRedirects} times`)
            }
            url = parseUrl(single(headers.location), url)
            continue
          }
          if (statusCode < 200 || statusCode > 299) {
            discard(body)
            throw httpFailure(statusCode, first.href)
          }
          if (Number(single(headers['content-length'])) > maxBytes) {
            discard(body)
            throw tooLarge(maxBytes)
          }
          const bytes = await readBody(body, single(headers['content-encoding']), maxBytes)
          const contentType = single(headers['content-type']).split(';')[0]!.trim().toLowerCase()
          return { bytes, contentType, finalUrl: url.href }
        }
      })
      await checkKind(fetched.bytes, accept)
      return fetched
    },

    async send(text, { method, headers = {}, body = null, maxResponseBytes, signal: caller }) {
      const url = parseUrl(text)
      return guarded(url, caller, async (signal) => {
        const answer = await request(url, {
          method,
          headers,
          body: typeof body === 'string' ? body : body && Buffer.from(body),
          signal,
        })
        const bytes = await readBody(answer.body, single(answer.headers['content-encoding']), maxResponseBytes)
        return { status: answer.statusCode, headers: answer.headers, body: bytes }
      })
    },

    close: () => agent.destroy(),
  }
}

function failureOf(error: unknown, url: URL): AppError {
  if (error instanceof AppError) return error
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return unreachable(url.hostname, error)
  return downloadFailed('The download broke off before its end', error)
}

const single = (value: string | string[] | undefined): string =>
  Array.isArray(value) ? value.join(',') : (value ?? '')

const acceptHeader = (accept: MediaKind | 'any'): string => (accept === 'any' ? '*/*' : `${accept}/*, */*;q=0.5`)

async function checkKind(bytes: Buffer, accept: MediaKind | 'any'): Promise<void> {
  if (bytes.length === 0) throw downloadFailed('The URL gave an empty file')
  if (accept === 'any') return
  const fits = accept === 'text' ? isUtf8(bytes) : (await sniff(bytes))?.kind === accept
  if (!fits) {
    const details = `The file at the URL is not ${FORMATS_IN_WORDS[accept]}; link to the file itself, not to a page.`
    throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, details)
  }
}
