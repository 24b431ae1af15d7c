import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { TryAgain } from '../../jobs/errors.ts'
import { defineJob } from '../jobs/define.ts'
import {
  RETRY_AFTER_MS_MAX,
  WEBHOOK_ANSWER_BYTES_MAX,
  WEBHOOK_ATTEMPTS_MAX,
  WEBHOOK_BACKOFF,
  WEBHOOK_TIMEOUT_MS,
  WEBHOOKS_AT_ONCE,
  WEBHOOKS_PER_APP,
} from './limits.ts'

interface Args {
  readonly url: string
  readonly event: string
  readonly id: string
  readonly body: string
  /** Signs the body; not shown to operators. */
  readonly secretKey: string
}

const GONE = 410

/** Sends an event to a URL until that answers 2xx, or says by 410 that it never will. */
export const webhookJob = defineJob<Args>({
  kind: 'webhook',
  bulky: true,
  concurrency: WEBHOOKS_AT_ONCE,
  concurrencyPerApp: WEBHOOKS_PER_APP,
  attempts: WEBHOOK_ATTEMPTS_MAX,
  backoff: WEBHOOK_BACKOFF,
  async run({ args, services, signal }) {
    const timestamp = String(Math.floor(services.clock.now() / 1e6))
    const sent = await services.fetcher
      .send(args.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'limpid-webhook/1',
          'limpid-event': args.event,
          'limpid-event-id': args.id,
          'limpid-timestamp': timestamp,
          ...(args.secretKey === '' ? {} : { 'limpid-signature': `v1=${sign(args.secretKey, timestamp, args.body)}` }),
        },
        body: args.body,
        maxResponseBytes: WEBHOOK_ANSWER_BYTES_MAX,
        totalMs: WEBHOOK_TIMEOUT_MS,
        signal,
      })
      .catch((error: unknown) => {
        signal.throwIfAborted()
        throw new TryAgain(error)
      })
    if (sent.status >= 200 && sent.status < 300) return
    const refused = new AppError(
      StatusCode.CONN_INVALID_REQUEST,
      `The receiver answered HTTP ${sent.status}; have it answer 2xx once it has the event.`,
    )
    if (sent.status === GONE) throw refused
    throw new TryAgain(refused, retryAfter(sent.headers, services.clock.now()))
  },
})

/** HMAC-SHA256 of `<timestamp>.<body>` in hexadecimal. */
export const sign = (key: string, timestamp: string, body: string): string =>
  createHmac('sha256', key).update(`${timestamp}.${body}`).digest('hex')

function retryAfter({ 'retry-after': wanted }: IncomingHttpHeaders, nowMicros: number): number | undefined {
  if (!wanted) return undefined
  const seconds = Number(wanted)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(wanted) - nowMicros / 1000
  return ms > 0 ? Math.min(ms, RETRY_AFTER_MS_MAX) : undefined
}
