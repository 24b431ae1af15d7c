import type { Backoff } from '../../jobs/backoff.ts'

/** Longest wait for the answer of a webhook, in milliseconds. */
export const WEBHOOK_TIMEOUT_MS = 15_000
/** More of an answer is not read, in bytes. */
export const WEBHOOK_ANSWER_BYTES_MAX = 64 * 1024
/** How often a webhook is called before its event is given up: over about a day and a half. */
export const WEBHOOK_ATTEMPTS_MAX = 20
/** Pauses between the calls of a webhook. */
export const WEBHOOK_BACKOFF: Backoff = { firstMs: 5_000, maxMs: 3 * 3_600_000 }
/** Longest pause that a receiver may ask for, in milliseconds. */
export const RETRY_AFTER_MS_MAX = 24 * 3_600_000
/** Webhooks that one server calls at the same time. */
export const WEBHOOKS_AT_ONCE = 8
/** Webhooks of one app among these: receivers that are slow to answer leave the others room. */
export const WEBHOOKS_PER_APP = 3
/** Largest event, in bytes, so that as the argument of a job it fits even if all of it must be escaped; one with more data goes without its data. */
export const EVENT_BYTES_MAX = 480 * 1024
/** How often a mail is offered to the mail server. */
export const MAIL_ATTEMPTS_MAX = 12
/** Pauses between these. */
export const MAIL_BACKOFF: Backoff = { firstMs: 10_000, maxMs: 3_600_000 }
/** Mails that one server sends at the same time. */
export const MAILS_AT_ONCE = 2
/** Mails of one app among these. */
export const MAILS_PER_APP = 1
/** Mails that an app may send within MAILS_COUNTED_MS; further ones are not sent. */
export const MAILS_PER_APP_MAX = 500
/** Span in which the mails of an app are counted, in milliseconds: an hour. */
export const MAILS_COUNTED_MS = 3_600_000
/** Longest wait for the mail server, in milliseconds. */
export const MAIL_TIMEOUT_MS = 20_000
/** Longest value that takes the place of a placeholder in a mail, in characters. */
export const PLACEHOLDER_MAX = 20_000
/** Longest text of a mail, in characters. */
export const MAIL_TEXT_MAX = 100_000
/** Concepts that a mail names. */
export const CONCEPTS_IN_MAIL = 50
