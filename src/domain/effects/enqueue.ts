import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EnqueueOptions } from '../../jobs/jobs.ts'
import type { Writer } from '../../store/database.ts'
import { countJobsSince } from '../../store/repos/job-lists.ts'
import type { Plan, PlanNode } from '../../workflow/plan.ts'
import type { Services } from '../services.ts'
import { emailJob, NO_MAIL_SERVER } from './email-job.ts'
import { resultsEvent, statusEvent } from './event.ts'
import { MAILS_COUNTED_MS, MAILS_PER_APP_MAX } from './limits.ts'
import { fillTemplate } from './mail-text.ts'
import type { EffectScope, InputEffects, Occasion } from './scope.ts'
import { webhookJob } from './webhook-job.ts'

/** How an effect is carried out: in the transaction that follows the run, so it only writes rows and enqueues jobs. */
type Act = (services: Services, tx: Writer, occasion: Occasion) => Promise<void>

/** By the engine of the node. What is not here acts in no run of this server. */
const ACTS: Readonly<Record<string, Act>> = {
  'results-push': (services, tx, occasion) =>
    push(services, tx, occasion, 'results', resultsEvent(occasion, services.config.jsonNames, services.clock.now())),
  'status-push': async (services, tx, occasion) => {
    // What is only predicted is not being added.
    if (!occasion.ingestion) return
    await push(services, tx, occasion, 'status', statusEvent(occasion, services.clock.now()))
  },
  email: async (services, tx, occasion) => {
    const { config, clock, jobs } = services
    if (!config.smtp || (await hasSentEnough(services, tx, occasion.scope))) return
    const { recipients, subject, template } = occasion.node.params
    const fill = (text: unknown): string => fillTemplate(String(text ?? ''), occasion, config.jsonNames, clock.now())
    const mail = {
      id: `${occasion.input.id}.${clock.now()}`,
      recipients: (recipients as string[]) ?? [],
      subject: fill(subject).replaceAll(/\s+/g, ' '),
      text: fill(template),
    }
    await jobs.enqueue(tx, emailJob, mail, ownerOf(occasion.scope))
  },
}

/** Does, in the given transaction, what nodes of a run that is over want done: all of it happens once that commits. */
export async function enqueueEffects(
  services: Services,
  tx: Writer,
  plan: Plan,
  scope: EffectScope,
  inputs: readonly InputEffects[],
): Promise<void> {
  for (const { effects, ...about } of inputs) {
    for (const { node: place, data } of effects) {
      const node = plan.nodes[place]!
      await ACTS[node.engine]?.(services, tx, { ...about, scope, node, data })
    }
  }
}

/** Why a node of this server cannot act, or undefined. */
export function whyNot({ config }: Services, { engine }: PlanNode): AppError | undefined {
  if (engine !== 'email' || config.smtp) return undefined
  return new AppError(StatusCode.MODEL_NOT_DEPLOYED, NO_MAIL_SERVER)
}

/** Whether an app has used up its mails for now; what people send along may become many of them. */
async function hasSentEnough({ clock, log }: Services, tx: Writer, { appPk, appId }: EffectScope): Promise<boolean> {
  if (appPk === undefined) return false
  const since = clock.now() - MAILS_COUNTED_MS * 1000
  if ((await countJobsSince(tx, emailJob.kind, appPk, since, MAILS_PER_APP_MAX)) < MAILS_PER_APP_MAX) return false
  log.warn({ app: appId, most: MAILS_PER_APP_MAX }, 'a mail is not sent, as the app has sent as many as it may')
  return true
}

async function push(
  { jobs }: Services,
  tx: Writer,
  { node, scope }: Occasion,
  event: string,
  { id, body }: { id: string; body: string },
): Promise<void> {
  const { url, signing_key } = node.params
  const args = { url: String(url), event, id, body, secretKey: typeof signing_key === 'string' ? signing_key : '' }
  await jobs.enqueue(tx, webhookJob, args, ownerOf(scope))
}

const ownerOf = ({ appPk, userPk }: EffectScope): EnqueueOptions => ({ appPk, userPk })
