import { AppError } from '../../base/errors.ts'
import type { RunnerSelector } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { RunnerChoice } from '../../runners/work.ts'
import { nodepoolsOfDeployments } from '../../store/repos/compute.ts'
import type { UserRef } from '../access/principal.ts'
import { standing } from '../access/standing.ts'
import type { Target } from '../access/target.ts'
import type { Call } from '../call.ts'
import { deployments } from '../compute/deployments.ts'
import { findNodepool } from '../compute/nodepools.ts'
import { runners } from '../compute/runners.ts'
import { findRow } from '../resource/verbs.ts'

/** Which runners a call asks for; undefined where it leaves that open. Throws AppError for what is not there. */
export async function readChoice(call: Call, selector: RunnerSelector | undefined): Promise<RunnerChoice | undefined> {
  const { nodepool, runner, deployment } = selector ?? {}
  if (!nodepool?.id && !runner?.id && !deployment?.id) return undefined
  const { read } = call.services.db
  const callerPk = call.principal.user?.pk ?? 0
  if (deployment?.id) {
    const place = await placeOf(call, deployment.userId)
    const row = await findRow(deployments, read, place.user, deployment.id, place)
    return { callerPk, nodepoolPks: (await nodepoolsOfDeployments(read, [row.pk])).get(row.pk) ?? [] }
  }
  const home = nodepool?.computeCluster ?? runner?.nodepool?.computeCluster
  const place = await placeOf(call, home?.userId ?? '')
  const poolId = nodepool?.id || runner?.nodepool?.id || ''
  const pool = poolId === '' ? undefined : await findNodepool(place, home?.id ?? '', poolId)
  if (!runner?.id) return { callerPk, nodepoolPks: [pool!.pk] }
  const { pk: runnerPk } = await findRow(runners, read, place.user, runner.id)
  return { callerPk, runnerPk, ...(pool && { nodepoolPks: [pool.pk] }) }
}

/** The call as if it were about the compute of a user: his, where nobody is named the caller's own. */
async function placeOf(call: Call, userId: string): Promise<Call & { readonly user: UserRef }> {
  const own = userId === '' || userId === 'me' || userId === call.principal.user?.id
  const user = own ? call.principal.user : await call.services.directory.user(userId)
  const target: Target | undefined = user && (await standing(call, user, undefined))
  if (!user || !target) {
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no user '${userId}' here whose runners could be used.`)
  }
  return { ...call, target, user }
}
