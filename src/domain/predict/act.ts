import type { Input } from '../../contract/index.ts'
import type { Compiled } from '../../workflow/compile/index.ts'
import type { InputResult, NodeResult } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { enqueueEffects, whyNot } from '../effects/enqueue.ts'
import type { EffectScope } from '../effects/scope.ts'
import { echoInput } from './answer.ts'
import type { Ran } from './run.ts'

/**
 * Does what nodes of a prediction want done in the world: it is in the queue before the call is answered, and not
 * waited for. A node that cannot act here says so instead of its result.
 */
export async function actOn(
  call: Call,
  { plan }: Compiled,
  inputs: readonly Input[],
  ran: readonly Ran[],
  what: Pick<EffectScope, 'workflow' | 'model'>,
): Promise<readonly Ran[]> {
  if (!plan.nodes.some(({ acts }) => acts)) return ran
  const { services, target, principal } = call
  const refused = new Map(
    plan.nodes.flatMap((node, place) => {
      const reason = node.acts ? whyNot(services, node) : undefined
      return reason ? [[place, { code: reason.code, details: reason.details, elapsedMs: 0 }] as const] : []
    }),
  )
  const owner = target.user ?? principal.user
  const scope: EffectScope = {
    appPk: target.app?.pk,
    userPk: owner?.pk,
    userId: owner?.id ?? '',
    appId: target.app?.id ?? '',
    ...what,
  }
  const wanted = ran.flatMap((item, at) => {
    const effects = 'result' in item ? (item.result.effects ?? []).filter(({ node }) => !refused.has(node)) : []
    return effects.length === 0 ? [] : [{ input: echoInput(inputs[at]!), effects }]
  })
  if (wanted.length > 0) await services.db.transact((tx) => enqueueEffects(services, tx, plan, scope, wanted))
  if (refused.size === 0) return ran
  return ran.map((item) => ('result' in item ? { result: withRefusals(item.result, refused) } : item))
}

function withRefusals(result: InputResult, refused: ReadonlyMap<number, NodeResult>): InputResult {
  return { ...result, nodes: result.nodes.map((node, place) => node && (refused.get(place) ?? node)) }
}
