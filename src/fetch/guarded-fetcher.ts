import { isUtf8 } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import type { Agent, Dispatcher } from 'undici'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import { FORMATS_IN_WORDS, type MediaKind, sniff } from '../media/sniff.ts'
import { addressPolicy } from './address.ts'
import { ACCEPT_ENCODING, discard, limited, readBody } from './body.ts'
import type { Lookup } from './connector.ts'
import { downloadFailed, httpFailure, tooLarge, tooSlow, unreachable } from './errors.ts'
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

/** How one file is fetched that may be too large for memory. */
export interface DownloadOptions {
  maxBytes: number
  /** From the call to the last byte, in milliseconds. */
  totalMs: number
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
  /** From the call to the last byte, in milliseconds; the fetcher's own limit unless given. */
  totalMs?: number
  signal?: AbortSignal
}

/** A request whose answer is read while it comes. */
export interface OpenOptions extends SendOptions {
  /** Longest wait for the beginning of the answer and between two pieces of it, in milliseconds. */
  idleMs: number
}

/** The answer to `send`, whatever its HTTP status is; redirects are not followed. */
export interface Sent {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

/** An answer on its way, whatever its HTTP status is. */
export interface Opened {
  status: number
  headers: IncomingHttpHeaders
  /** The pieces as they come; leaving the loop early ends the request. Throws what `send` throws. */
  body: AsyncIterable<Buffer>
  /** Ends the request where the body is not wanted; does nothing after the body was read. */
  close(): void
}

/** The only way by which the program reaches URLs that users gave. */
export interface Fetcher {
  /** Downloads a file; throws AppError 30106, 39996, 30002, 30105 or 30101, or the signal's reason. */
  fetchBytes(url: string, options: FetchOptions): Promise<Fetched>
  /**
   * Downloads a file of any kind piece by piece into `take` and returns what that returns; throws AppError as
   * `fetchBytes` does, `take`'s own, or the signal's reason.
   */
  download<T>(url: string, options: DownloadOptions, take: (pieces: AsyncIterable<Buffer>) => Promise<T>): Promise<T>
  /** Sends one request under the same rules of reach, time and size; throws AppError 30106, 39996, 30002 or 30105. */
  send(url: string, options: SendOptions): Promise<Sent>
  /** Like `send`, but answers as soon as the headers are there; the caller reads the body or closes it. */
  open(url: string, options: OpenOptions): Promise<Opened>
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
  const policy = addressPolicy(options.allow)

  // The HTTP client is loaded with the first fetch, because it takes ten megabytes and many servers never fetch.
  let agent: Promise<Agent> | undefined
  async function makeAgent(): Promise<Agent> {
    const [undici, { guardedConnector }] = await Promise.all([import('undici'), import('./connector.ts')])
    return new undici.Agent({
      connect: guardedConnector(policy, limits.connectMs, options.lookup),
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      headersTimeout: limits.totalMs,
      bodyTimeout: limits.totalMs,
      maxHeaderSize: MAX_HEADER_BYTES,
    })
  }

  /** Watches over one fetch: its time, its caller's signal, and the status that a failure gets. */
  function watch(url: URL, caller: AbortSignal | undefined, totalMs: number) {
    caller?.throwIfAborted()
    const controller = new AbortController()
    const stop = (): void => controller.abort()
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      stop()
    }, totalMs)
    caller?.addEventListener('abort', stop, { once: true })
    return {
      signal: controller.signal,
      failed(error: unknown): unknown {
        if (caller?.aborted) return caller.reason
        const failure = isLate ? tooSlow(totalMs) : failureOf(error, url)
        log.info({ host: url.host, code: failure.code, err: failure.cause }, 'fetching a URL failed')
        return failure
      },
      end(): void {
        clearTimeout(timer)
        caller?.removeEventListener('abort', stop)
      },
    }
  }

  /** Runs `work` under the total time and the caller's signal and gives every failure its status. */
  async function guarded<T>(
    url: URL,
    caller: AbortSignal | undefined,
    totalMs: number,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const watcher = watch(url, caller, totalMs)
    try {
      return await work(watcher.signal)
    } catch (error) {
      throw watcher.failed(error)
    } finally {
      watcher.end()
    }
  }

  async function request(url: URL, extra: Partial<Dispatcher.RequestOptions>): Promise<Dispatcher.ResponseData> {
    const { headers, ...rest } = extra
    agent ??= makeAgent()
    return (await agent).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: { 'user-agent': USER_AGENT, 'accept-encoding': ACCEPT_ENCODING, ...(headers as Record<string, string>) },
      ...rest,
    })
  }

  /** The answer to a GET behind all redirects, once it is a success and does not announce too many bytes. */
  async function follow(
    first: URL,
    accept: MediaKind | 'any',
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<{ url: URL; answer: Dispatcher.ResponseData }> {
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
      return { url, answer }
    }
  }

  return {
    async fetchBytes(text, { maxBytes, accept, signal: caller }) {
      const first = parseUrl(text)
      const fetched = await guarded(first, caller, limits.totalMs, async (signal) => {
        const { url, answer } = await follow(first, accept, maxBytes, signal)
        const bytes = await readBody(answer.body, single(answer.headers['content-encoding']), maxBytes)
        const contentType = single(answer.headers['content-type']).split(';')[0]!.trim().toLowerCase()
        return { bytes, contentType, finalUrl: url.href }
      })
      await checkKind(fetched.bytes, accept)
      return fetched
    },

    async download(text, { maxBytes, totalMs, signal: caller }, take) {
      const first = parseUrl(text)
      return guarded(first, caller, totalMs, async (signal) => {
        const { answer } = await follow(first, 'any', maxBytes, signal)
        return take(limited(answer.body, single(answer.headers['content-encoding']), maxBytes))
      })
    },

    async send(
      text,
      { method, headers = {}, body = null, maxResponseBytes, totalMs = limits.totalMs, signal: caller },
    ) {
      const url = parseUrl(text)
      return guarded(url, caller, totalMs, async (signal) => {
        const answer = await request(url, {
          method,
          headers,
          body: bodyOf(body),
          headersTimeout: totalMs,
          bodyTimeout: totalMs,
          signal,
        })
        const bytes = await readBody(answer.body, single(answer.headers['content-encoding']), maxResponseBytes)
        return { status: answer.statusCode, headers: answer.headers, body: bytes }
      })
    },

    async open(text, { method, headers = {}, body = null, maxResponseBytes, totalMs, idleMs, signal: caller }) {
      const url = parseUrl(text)
      const watcher = watch(url, caller, totalMs ?? limits.totalMs)
      try {
        const answer = await request(url, {
          method,
          // A compressed stream comes in blocks, which is the opposite of as it comes.
          headers: { ...headers, 'accept-encoding': 'identity' },
          body: bodyOf(body),
          headersTimeout: idleMs,
          bodyTimeout: idleMs,
          signal: watcher.signal,
        })
        const close = (): void => {
          watcher.end()
          discard(answer.body)
        }
        // Until somebody reads, nobody else listens, and an error without a listener ends the process.
        answer.body.on('error', () => {})
        const pieces = limited(answer.body, single(answer.headers['content-encoding']), maxResponseBytes)
        return {
          status: answer.statusCode,
          headers: answer.headers,
          body: watched(pieces, watcher.failed, close),
          close,
        }
      } catch (error) {
        const failure = watcher.failed(error)
        watcher.end()
        throw failure
      }
    },

    async close() {
      const open = agent
      agent = Promise.reject(new Error('the fetcher is closed'))
      agent.catch(() => {})
      await (await open)?.destroy()
    },
  }
}

function failureOf(error: unknown, url: URL): AppError {
  if (error instanceof AppError) return error
  const code = (error as { code?: unknown } | null)?.code
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return unreachable(url.hostname, error)
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return tooSlow(undefined, error)
  return downloadFailed('The download broke off before its end', error)
}

const bodyOf = (body: string | Uint8Array | null): string | Buffer | null =>
  typeof body === 'string' ? body : body && Buffer.from(body.buffer, body.byteOffset, body.byteLength)

/** The pieces of an open answer; whoever stops reading ends the request. */
async function* watched(
  pieces: AsyncIterable<Buffer>,
  failed: (error: unknown) => unknown,
  close: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* pieces
  } catch (error) {
    throw failed(error)
  } finally {
    close()
  }
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
