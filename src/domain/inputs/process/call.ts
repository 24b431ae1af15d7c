import type { Log } from '../../../base/log.ts'
import { methodInfo } from '../../../contract/methods.ts'
import { apps, users } from '../../../store/repos/families.ts'
import { internalPrincipal } from '../../access/principal.ts'
import { ALL_SCOPES } from '../../access/scopes.ts'
import type { Call } from '../../call.ts'
import type { Services } from '../../services.ts'

/** The call by which a job works in an app, as its owner would; undefined when the app is gone. */
export async function callInApp(
  services: Services,
  appPk: number,
  { requestId, signal, log }: { readonly requestId: string; readonly signal: AbortSignal; readonly log: Log },
): Promise<Call | undefined> {
  const row = await apps.getByPk(services.db.read, appPk)
  const owner = row && (await users.getByPk(services.db.read, row.user_pk))
  const app = owner && (await services.directory.app(owner.pk, row.id))
  if (!app) return undefined
  const user = { pk: owner.pk, id: owner.id, visibility: owner.visibility }
  return {
    method: methodInfo('PostWorkflowResults'),
    requestId,
    startedAt: services.clock.now(),
    principal: internalPrincipal(user),
    target: { user, app, rights: 'owner', scopes: ALL_SCOPES },
    services,
    signal,
    log,
  }
}
