import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { TryAgain } from '../../jobs/errors.ts'
import { defineJob } from '../jobs/define.ts'
import { MAIL_ATTEMPTS_MAX, MAIL_BACKOFF, MAIL_TIMEOUT_MS, MAILS_AT_ONCE, MAILS_PER_APP } from './limits.ts'

interface Args {
  readonly id: string
  readonly recipients: readonly string[]
  readonly subject: string
  readonly text: string
}

/** A mail server answers 5yz where trying again is of no use. */
const PERMANENT_MIN = 500

/** Hands one mail to the mail server of the settings. */
export const emailJob = defineJob<Args>({
  kind: 'email',
  bulky: true,
  concurrency: MAILS_AT_ONCE,
  concurrencyPerApp: MAILS_PER_APP,
  attempts: MAIL_ATTEMPTS_MAX,
  backoff: MAIL_BACKOFF,
  async run({ args, services, signal }) {
    const { smtp } = services.config
    if (!smtp) throw new AppError(StatusCode.MODEL_NOT_DEPLOYED, NO_MAIL_SERVER)
    // Servers without mails never load it.
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      url: smtp.url,
      connectionTimeout: MAIL_TIMEOUT_MS,
      greetingTimeout: MAIL_TIMEOUT_MS,
      socketTimeout: MAIL_TIMEOUT_MS,
      // Nothing that a user writes may make it read a file or fetch a URL.
      disableFileAccess: true,
      disableUrlAccess: true,
    })
    const stop = (): void => transport.close()
    signal.addEventListener('abort', stop)
    try {
      await transport.sendMail({
        from: smtp.from,
        bcc: args.recipients.length > 1 ? [...args.recipients] : undefined,
        to: args.recipients.length > 1 ? undefined : [...args.recipients],
        subject: args.subject,
        text: args.text,
        messageId: `<${args.id}@limpid>`,
      })
    } catch (error) {
      signal.throwIfAborted()
      throw refusal(error)
    } finally {
      signal.removeEventListener('abort', stop)
      transport.close()
    }
  },
})

/** What a node says that cannot send. */
export const NO_MAIL_SERVER =
  'The server knows no mail server; set LIMPID_SMTP_URL and LIMPID_SMTP_FROM and restart it, or use results-push.'

function refusal(error: unknown): Error {
  const { responseCode = 0, response } = error as { responseCode?: number; response?: string }
  const details = `The mail server did not take the mail (${response ?? (error as Error).message}); look at its settings and the recipients.`
  const refused = new AppError(StatusCode.CONN_INVALID_REQUEST, details, { cause: error })
  return responseCode >= PERMANENT_MIN ? refused : new TryAgain(refused)
}
