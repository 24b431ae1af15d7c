import { AppError } from '../../base/errors.ts'
import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Nodepool, NodepoolSchema } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import {
  dropDeploymentsOnlyIn,
  inUse,
  ofUser,
  type PlacedNodepool,
  placedNodepools,
} from '../../store/repos/compute.ts'
import { nodepools as rows } from '../../store/repos/families.ts'
import { anyParent } from '../../store/repos/keyed.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireUser, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { readPage } from '../resource/paging.ts'
import { findRow, present, toStored } from '../resource/verbs.ts'
import { clusters, showCluster } from './clusters.ts'
import { INSTANCE_TYPES_MAX } from './limits.ts'

const INVALID = StatusCode.NODEPOOL_INVALID_ARGUMENT

/** Nodepools: parts of a compute cluster. */
export const nodepools = defineResource({
  kind: 'nodepool',
  desc: NodepoolSchema,
  rows,
  parentColumn: 'cluster_pk',
  codes: {
    missing: StatusCode.NODEPOOL_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'nodepool', INVALID),
  serverFields: ['created_at', 'modified_at', 'compute_cluster', 'special_handling'],
  patch: {
    actions: ['merge', 'overwrite', 'remove'],
    fields: ['description', 'visibility', 'metadata', 'min_instances', 'max_instances', 'node_capacity_type'],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    validate(nodepool) {
      checkTexts(nodepool, INVALID)
      const { minInstances, maxInstances, instanceTypes } = nodepool
      if (maxInstances > 0 && minInstances > maxInstances) {
        throw new AppError(INVALID, `min_instances is ${minInstances}, more than max_instances ${maxInstances}.`)
      }
      if (instanceTypes.length > INSTANCE_TYPES_MAX) {
        throw new AppError(
          INVALID,
          `There are ${instanceTypes.length} instance_types; use at most ${INSTANCE_TYPES_MAX}.`,
        )
      }
      // No plan limits anything here.
      nodepool.enforcedMinInstances = minInstances
      nodepool.enforcedMaxInstances = maxInstances
    },
    columns: ({ visibility }) => ({ visibility: visibilityOf(visibility, INVALID) }),
    async present(items, call) {
      const places = await placedNodepools(
        call.services.db.read,
        items.map(({ row }) => row.pk),
      )
      for (const { row, message } of items) fill(message, row, places.get(row.pk))
    },
    async beforeRemove(removed, _call, tx) {
      if (removed === 'all') throw new Error('nodepools are deleted by their ids')
      await dropDeploymentsOnlyIn(
        tx,
        removed.map(({ pk }) => pk),
      )
    },
  },
})

function fill(message: Nodepool, row: Row<'nodepools'>, place: PlacedNodepool | undefined): void {
  if (place) message.computeCluster = showCluster(place.cluster, place.userId)
  message.createdAt = toTimestamp(row.created_at)
  message.modifiedAt = toTimestamp(row.modified_at)
}

/** A nodepool as runners and deployments show it. */
export function showNodepool(place: PlacedNodepool): Nodepool {
  const { message } = toStored(nodepools, place.nodepool)
  fill(message, place.nodepool, place)
  return message
}

/** The cluster of a call's user; throws AppError 25800. */
export const findCluster = (call: Call, id: string): Promise<Row<'compute_clusters'>> =>
  findRow(clusters, call.services.db.read, requireUser(call.target), id, call)

/** A nodepool of the call's user by both ids, or by its own where only one has it; throws AppError 25700. */
export async function findNodepool(call: Call, clusterId: string, id: string): Promise<Row<'nodepools'>> {
  if (clusterId !== '') {
    return findRow(nodepools, call.services.db.read, await findCluster(call, clusterId), id, call)
  }
  const user = requireUser(call.target)
  const lowest = visibleFrom(call.target)
  const found = await rows.list(call.services.db.read, {
    parent: anyParent,
    where: (row) => row.and([ofUser(user.pk)(row), row('id', '=', id), row('visibility', '>=', lowest)]),
    orderBy: { column: 'pk', direction: 'asc' },
    limit: 2,
  })
  if (found.length === 1) return found[0]!
  throw new AppError(
    found.length === 0 ? StatusCode.NODEPOOL_DOES_NOT_EXIST : StatusCode.NODEPOOL_INVALID_REQUEST,
    found.length === 0
      ? `There is no nodepool '${id}' here, or it is not visible to this key.`
      : `Several compute clusters have a nodepool '${id}'; name the compute cluster too.`,
  )
}

/** One page of the nodepools of a cluster, or of all clusters of a user. */
export async function listNodepools(call: Call, request: RequestOf<'ListNodepools'>): Promise<Nodepool[]> {
  const user = call.target.user ?? call.principal.user!
  const cluster = request.computeClusterId === '' ? undefined : await findCluster(call, request.computeClusterId)
  const lowest = user.pk === call.principal.user?.pk ? 0 : visibleFrom(call.target)
  const found = await rows.list(call.services.db.read, {
    parent: cluster?.pk ?? anyParent,
    where: (row) => {
      const all = [ofUser(user.pk)(row), row('visibility', '>=', lowest)]
      if (!request.activeUsage) return row.and(all)
      return row.and([...all, inUse(row)])
    },
    orderBy: { column: 'created_at', direction: 'desc' },
    ...readPage(request),
  })
  return present(nodepools, call, found)
}
