import { create } from '@bufbuild/protobuf'
import { checkId } from '../../base/ids.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type ComputeCluster, ComputeClusterSchema, KeySchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { clustersByPk, dropDeploymentsOnlyIn, nodepoolPksOf } from '../../store/repos/compute.ts'
import { computeClusters as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireOwner } from '../access/target.ts'
import { requireKey } from '../credentials/keys.ts'
import { checkTexts, visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { toStored } from '../resource/verbs.ts'

const INVALID = StatusCode.COMPUTE_CLUSTER_INVALID_ARGUMENT

/** Compute clusters: names of places where runners are started by their users. Limpid starts nothing in them. */
export const clusters = defineResource({
  kind: 'compute cluster',
  desc: ComputeClusterSchema,
  rows,
  parentColumn: 'user_pk',
  codes: {
    missing: StatusCode.COMPUTE_CLUSTER_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'compute cluster', INVALID),
  serverFields: ['user_id', 'created_at', 'modified_at'],
  patch: { actions: ['overwrite'], fields: ['description', 'visibility', 'key'] },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    async validate(cluster, call, reader) {
      checkTexts(cluster, INVALID)
      const id = cluster.key?.id ?? ''
      if (id === '') return
      // Whoever sees the cluster must not see the key; only what it is for is kept.
      const { doc } = await requireKey(reader, requireOwner(call.target), id)
      const { description } = JSON.parse(doc) as { description?: string }
      cluster.key = create(KeySchema, { description: description ?? '' })
    },
    columns: ({ visibility }) => ({ visibility: visibilityOf(visibility, INVALID) }),
    async present(items, call) {
      const { read } = call.services.db
      const homes = await clustersByPk(
        read,
        items.map(({ row }) => row.pk),
      )
      for (const { row, message } of items) fill(message, row, homes.get(row.pk)?.userId ?? '')
    },
    async beforeRemove(removed, _call, tx) {
      if (removed === 'all') throw new Error('compute clusters are deleted by their ids')
      await dropDeploymentsOnlyIn(
        tx,
        await nodepoolPksOf(
          tx,
          removed.map(({ pk }) => pk),
        ),
      )
    },
  },
})

function fill(message: ComputeCluster, row: Row<'compute_clusters'>, userId: string): void {
  message.userId = userId
  message.createdAt = toTimestamp(row.created_at)
  message.modifiedAt = toTimestamp(row.modified_at)
}

/** A cluster as nodepools show it. */
export function showCluster(row: Row<'compute_clusters'>, userId: string): ComputeCluster {
  const { message } = toStored(clusters, row)
  fill(message, row, userId)
  return message
}
