import type { JsonValue } from '@bufbuild/protobuf'
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
} from 'cockatiel'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Fetcher, Opened, Sent } from '../fetch/guarded-fetcher.ts'
import type { RemoteSettings } from '../workflow/remote.ts'
import { orAborted } from './abort.ts'
import { RemoteFailure, statusFailure, transportFailure } from './failure.ts'
import { parseJson } from './json.ts'
import * as limits from './limits.ts'

/** Limits of a link that tests shorten. */
export interface LinkLimits {
  readonly retryFirstMs: number
  readonly breakerFailures: number
  readonly breakerOpenMs: number
}

const LIMITS: LinkLimits = {
  retryFirstMs: limits.RETRY_FIRST_MS,
  breakerFailures: limits.BREAKER_FAILURES,
  breakerOpenMs: limits.BREAKER_OPEN_MS,
}

/** One request to the remote server. */
export interface Asking {
  readonly method: 'GET' | 'POST'
  /** Appended to the base URL. */
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
  readonly signal: AbortSignal
}

/**
 * The way to the server of one model version: at most so many calls at a time, failures that may pass are tried
 * again after a growing wait, and a server that keeps failing is left alone for a while. Everything that goes wrong
 * is thrown as AppError: 21353 (may not be reached), 21354 (busy or left alone), 21313, 40032 (too slow), 21203 (the
 * server refuses the request itself), or the reason of the signal.
 */
export class Link {
  readonly settings: RemoteSettings
  readonly #fetcher: Pick<Fetcher, 'send' | 'open'>
  readonly #places
  readonly #attempts
  readonly #breaker

  constructor(settings: RemoteSettings, fetcher: Pick<Fetcher, 'send' | 'open'>, own: Partial<LinkLimits> = {}) {
    const { retryFirstMs, breakerFailures, breakerOpenMs } = { ...LIMITS, ...own }
    this.settings = settings
    this.#fetcher = fetcher
    this.#places = bulkhead(settings.maxConcurrency, limits.WAITING_CALLS_MAX)
    this.#breaker = circuitBreaker(
      handleWhen((error) => error instanceof RemoteFailure && error.outage),
      { halfOpenAfter: breakerOpenMs, breaker: new ConsecutiveBreaker(breakerFailures) },
    )
    this.#attempts = retry(
      handleWhen((error) => error instanceof RemoteFailure && error.passing),
      {
        maxAttempts: settings.maxRetries,
        backoff: new DelegateBackoff(({ attempt, result }) => {
          const asked = 'error' in result && result.error instanceof RemoteFailure ? result.error.waitMs : undefined
          return asked ?? Math.min(retryFirstMs * 2 ** (attempt - 1), limits.RETRY_WAIT_MS_MAX)
        }),
      },
    )
  }

  /** Asks and reads what `read` makes of the answer; what `read` throws counts as a failed attempt. */
  async ask<T>(asking: Asking, read: (sent: Sent) => T): Promise<T> {
    return this.#inTurn(asking.signal, () =>
      this.#attempt(asking.signal, async () => {
        const sent = await this.#send(asking)
        if (sent.status < 200 || sent.status > 299) throw statusFailure(sent, this.settings.apiKey)
        return read(sent)
      }),
    )
  }

  /** Posts JSON and reads what `read` makes of the JSON that comes back. */
  async askJson<T>(path: string, body: JsonValue, signal: AbortSignal, read: (answer: unknown) => T): Promise<T> {
    const headers = { 'content-type': 'application/json', accept: 'application/json' }
    return this.ask({ method: 'POST', path, headers, body: JSON.stringify(body), signal }, (sent) =>
      read(parseJson(sent.body)),
    )
  }

  /** Asks for an answer that is read as it comes; it keeps its place among the calls until it has been read. */
  async *stream(asking: Asking): AsyncGenerator<Buffer, void, undefined> {
    const { signal } = asking
    const opened = Promise.withResolvers<Opened>()
    const finished = Promise.withResolvers<void>()
    const turn = this.#inTurn(signal, async () => {
      opened.resolve(await this.#attempt(signal, () => this.#open(asking)))
      await finished.promise
    })
    turn.catch(opened.reject)
    const answer = await opened.promise
    try {
      yield* answer.body
    } catch (error) {
      signal.throwIfAborted()
      throw told(transportFailure(error, this.settings.timeoutMs))
    } finally {
      answer.close()
      finished.resolve()
    }
  }

  async #send(asking: Asking): Promise<Sent> {
    try {
      return await this.#fetcher.send(this.settings.baseUrl + asking.path, {
        ...asking,
        headers: this.#headers(asking),
        maxResponseBytes: limits.ANSWER_BYTES_MAX,
        totalMs: this.settings.timeoutMs,
      })
    } catch (error) {
      throw transportFailure(error, this.settings.timeoutMs)
    }
  }

  async #open(asking: Asking): Promise<Opened> {
    const { baseUrl, timeoutMs, apiKey } = this.settings
    let opened: Opened
    try {
      opened = await this.#fetcher.open(baseUrl + asking.path, {
        ...asking,
        headers: this.#headers(asking),
        maxResponseBytes: limits.ANSWER_BYTES_MAX,
        totalMs: limits.STREAM_MS_MAX,
        idleMs: timeoutMs,
      })
      if (opened.status >= 200 && opened.status <= 299) return opened
    } catch (error) {
      throw transportFailure(error, timeoutMs)
    }
    const chunks = await Array.fromAsync(opened.body).catch(() => [])
    throw statusFailure({ ...opened, body: Buffer.concat(chunks) }, apiKey)
  }

  #headers({ headers = {} }: Asking): Record<string, string> {
    const { apiKey } = this.settings
    return apiKey === '' ? headers : { ...headers, authorization: `Bearer ${apiKey}` }
  }

  #attempt<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#attempts.execute(() => {
      signal.throwIfAborted()
      return this.#breaker.execute(work)
    })
  }

  /** Waits for a place, does the work, and tells failures as callers may see them; a cancellation never waits. */
  async #inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    try {
      const turn = this.#places.execute(() => {
        signal.throwIfAborted()
        return work()
      })
      return await orAborted(turn, signal)
    } catch (error) {
      signal.throwIfAborted()
      throw told(error)
    }
  }
}

/** Any failure as callers may see it. */
function told(error: unknown): unknown {
  if (error instanceof RemoteFailure) return error.told
  if (error instanceof BrokenCircuitError) {
    const details = 'The server of the model has failed several times in a row and is left alone; try again in a while.'
    return new AppError(StatusCode.MODEL_BUSY_PLEASE_RETRY, details)
  }
  if (error instanceof BulkheadRejectedError) {
    return new AppError(
      StatusCode.MODEL_BUSY_PLEASE_RETRY,
      'Too many calls of this model wait already; try again later.',
    )
  }
  return error
}
