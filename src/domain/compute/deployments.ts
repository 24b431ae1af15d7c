import { AppError } from '../../base/errors.ts'
import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Deployment, DeploymentSchema } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import {
  deployedIn,
  nodepoolsOfDeployments,
  placedNodepools,
  setNodepoolsOfDeployment,
  worksForVersions,
} from '../../store/repos/compute.ts'
import { deployments as rows } from '../../store/repos/families.ts'
import type { Condition } from '../../store/repos/keyed.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireUser, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { readPage } from '../resource/paging.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { findRow, insertOne, present, rewrite, toStored } from '../resource/verbs.ts'
import { DEPLOYMENT_NODEPOOLS_MAX } from './limits.ts'
import { findNodepool, showNodepool } from './nodepools.ts'
import { findWork, NO_WORK, type Work } from './worker.ts'

const INVALID = StatusCode.DEPLOYMENT_INVALID_ARGUMENT

/** What checking has found of a message, until its columns are asked for. */
const found = new WeakMap<Deployment, Work>()

/** Deployments: which nodepools a model is to be run in. Their runners are started by the user. */
export const deployments = defineResource({
  kind: 'deployment',
  desc: DeploymentSchema,
  rows,
  parentColumn: 'user_pk',
  codes: {
    missing: StatusCode.DEPLOYMENT_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'deployment', INVALID),
  // Nodepools are rows of their own.
  serverFields: ['user_id', 'created_at', 'modified_at', 'special_handling', 'nodepools'],
  patch: {
    actions: ['merge', 'overwrite', 'remove'],
    fields: [
      'description',
      'visibility',
      'metadata',
      'autoscale_config',
      'scheduling_choice',
      'deploy_latest_version',
      'worker',
    ],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async validate(deployment, call) {
      checkTexts(deployment, INVALID)
      const work = await findWork(call, deployment, INVALID)
      if (work.modelPk === 0) throw new AppError(INVALID, 'A deployment names in worker.model what it runs.')
      found.set(deployment, work)
    },
    columns(deployment) {
      const work = found.get(deployment) ?? NO_WORK
      return {
        visibility: visibilityOf(deployment.visibility, INVALID),
        model_pk: work.modelPk,
        version_pk: work.versionPk,
      }
    },
    async present(items, call) {
      const { read } = call.services.db
      const pools = await nodepoolsOfDeployments(
        read,
        items.map(({ row }) => row.pk),
      )
      const places = await placedNodepools(read, [...new Set([...pools.values()].flat())])
      for (const { row, message } of items) {
        message.nodepools = (pools.get(row.pk) ?? []).flatMap((pk) => {
          const place = places.get(pk)
          return place ? [showNodepool(place)] : []
        })
        message.userId = (call.target.user ?? call.principal.user)?.id ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
      }
    },
  },
})

/** The nodepools that a message names; throws AppError 25700 and 25901. */
async function nodepoolsOf(call: Call, deployment: Deployment): Promise<number[]> {
  const { nodepools } = deployment
  if (nodepools.length === 0 || nodepools.length > DEPLOYMENT_NODEPOOLS_MAX) {
    throw new AppError(
      INVALID,
      `The deployment names ${nodepools.length} nodepools; name 1 to ${DEPLOYMENT_NODEPOOLS_MAX}.`,
    )
  }
  const rows = nodepools.map(({ id, computeCluster }) => findNodepool(call, computeCluster?.id ?? '', id))
  return (await Promise.all(rows)).map(({ pk }) => pk)
}

/** Stores new deployments with their nodepools, all or none. */
export async function createDeployments(call: Call, given: readonly Deployment[]): Promise<Deployment[]> {
  const user = requireUser(call.target)
  const pools: number[][] = []
  for (const deployment of given) pools.push(await nodepoolsOf(call, deployment))
  const stored = await call.services.db.transact(async (tx) => {
    const made: Row<'deployments'>[] = []
    for (const [at, deployment] of given.entries()) {
      const row = await insertOne(deployments, call, user, deployment, tx)
      await setNodepoolsOfDeployment(tx, row.pk, pools[at]!)
      made.push(row)
    }
    return made
  })
  return present(deployments, call, stored)
}

/** Patches deployments, all or none; nodepools that a patch names replace those there are. */
export async function patchDeployments(
  call: Call,
  patches: readonly Deployment[],
  actionText: string,
): Promise<Deployment[]> {
  const action = readAction(actionText, deployments.patch.actions, INVALID)
  const user = requireUser(call.target)
  const pools: (number[] | undefined)[] = []
  for (const patch of patches) pools.push(patch.nodepools.length === 0 ? undefined : await nodepoolsOf(call, patch))
  const stored = await call.services.db.transact(async (tx) => {
    const changed: Row<'deployments'>[] = []
    for (const [at, patch] of patches.entries()) {
      const row = await findRow(deployments, tx, user, patch.id, call)
      const { message } = toStored(deployments, row)
      const result = applyPatch(deployments.desc, message, patch, action, deployments.patch.fields)
      changed.push(await rewrite(deployments, call, row, result, tx))
      const wanted = pools[at]
      if (wanted) await setNodepoolsOfDeployment(tx, row.pk, wanted)
    }
    return changed
  })
  return present(deployments, call, stored)
}

/** One page of a user's deployments, of the caller's own where nobody is named. */
export async function listDeployments(call: Call, request: RequestOf<'ListDeployments'>): Promise<Deployment[]> {
  // Workflows run in the server, so no deployment is for one.
  if (request.workflowVersionIds.length > 0) return []
  const user = call.target.user ?? call.principal.user!
  const lowest = user.pk === call.principal.user?.pk ? 0 : visibleFrom(call.target)
  const { nodepoolId, computeClusterId: clusterId, modelVersionIds } = request
  const where: Condition<'deployments'>[] = [(row) => row('visibility', '>=', lowest)]
  if (nodepoolId !== '' || clusterId !== '') where.push(deployedIn({ nodepoolId, clusterId }))
  if (modelVersionIds.length > 0) {
    where.push(worksForVersions('deployments', modelVersionIds) as Condition<'deployments'>)
  }
  const page = await rows.list(call.services.db.read, {
    parent: user.pk,
    where: (row) => row.and(where.map((condition) => condition(row))),
    orderBy: { column: 'created_at', direction: 'desc' },
    ...readPage(request),
  })
  return present(deployments, call, page)
}
