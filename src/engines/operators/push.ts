import type { Engine, EngineSetup } from '../engine.ts'
import { invalidParam, textParam } from '../params.ts'
import { MAX_MAIL_BODY, MAX_MAIL_RECIPIENTS, MAX_MAIL_SUBJECT, MAX_PUSH_URL, MAX_SIGNING_KEY } from './limits.ts'
import { operator } from './operator.ts'

// These pass on what they get; sending is the server's part once the run is over (domain/effects). What they are set
// up with is checked here, so that the node itself answers what is wrong.

/** Sends what it gets to a URL. */
export const resultsPush = push('results-push')
/** Sends the status of inputs to a URL. */
export const statusPush = push('status-push')

/** Sends a mail. */
export const email = operator('email', ({ params }) => {
  const { recipients } = params
  if (!Array.isArray(recipients) || recipients.length === 0 || !recipients.every(isAddress)) {
    throw invalidParam('The parameter recipients must be a list of e-mail addresses.')
  }
  if (recipients.length > MAX_MAIL_RECIPIENTS) {
    throw invalidParam(
      `The parameter recipients has ${recipients.length} addresses; use at most ${MAX_MAIL_RECIPIENTS}.`,
    )
  }
  textParam(params, 'subject', { otherwise: '', max: MAX_MAIL_SUBJECT })
  textParam(params, 'template', { otherwise: '', max: MAX_MAIL_BODY })
  return ({ data }) => data
})

function push(name: string): Engine {
  return operator(name, ({ params }: EngineSetup) => {
    const url = URL.parse(textParam(params, 'url', { otherwise: '', max: MAX_PUSH_URL }))
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
      throw invalidParam('The parameter url must be an address that begins with https:// or http://.')
    }
    textParam(params, 'signing_key', { otherwise: '', max: MAX_SIGNING_KEY })
    return ({ data }) => data
  })
}

const isAddress = (text: unknown): text is string =>
  typeof text === 'string' && /^[^\s@<>,;"]+@[^\s@<>,;"]+$/.test(text)
