import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row, Schema } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { nodepools } from './families.ts'

/** A nodepool with its cluster and the user whose both are. */
export interface PlacedNodepool {
  readonly nodepool: Row<'nodepools'>
  readonly cluster: Row<'compute_clusters'>
  readonly userId: string
}

/** Nodepools by pk, with where they are. */
export async function placedNodepools(db: Reader, pks: readonly number[]): Promise<Map<number, PlacedNodepool>> {
  const found = new Map<number, PlacedNodepool>()
  const rows = [...(await nodepools.getManyByPk(db, pks)).values()]
  const clusters = await clustersByPk(
    db,
    rows.map(({ cluster_pk }) => cluster_pk),
  )
  for (const nodepool of rows) {
    const home = clusters.get(nodepool.cluster_pk)
    if (home) found.set(nodepool.pk, { nodepool, ...home })
  }
  return found
}

/** Clusters by pk, with the ids of their users. */
export async function clustersByPk(
  db: Reader,
  pks: readonly number[],
): Promise<Map<number, { readonly cluster: Row<'compute_clusters'>; readonly userId: string }>> {
  const found = new Map<number, { readonly cluster: Row<'compute_clusters'>; readonly userId: string }>()
  for (const part of inParts([...new Set(pks)])) {
    const rows = await db
      .selectFrom('compute_clusters')
      .innerJoin('users', 'users.pk', 'compute_clusters.user_pk')
      .selectAll('compute_clusters')
      .select('users.id as user_id')
      .where('compute_clusters.pk', 'in', part)
      .execute()
    for (const { user_id, ...cluster } of rows) found.set(cluster.pk, { cluster, userId: user_id })
  }
  return found
}

/** Nodepools of each deployment, in the order of the message. */
export async function nodepoolsOfDeployments(db: Reader, pks: readonly number[]): Promise<Map<number, number[]>> {
  const found = new Map<number, number[]>()
  for (const part of inParts([...new Set(pks)])) {
    const rows = await db
      .selectFrom('deployment_nodepools')
      .selectAll()
      .where('deployment_pk', 'in', part)
      .orderBy('deployment_pk')
      .orderBy('position')
      .execute()
    for (const { deployment_pk: pk, nodepool_pk } of rows) found.set(pk, [...(found.get(pk) ?? []), nodepool_pk])
  }
  return found
}

/** Replaces the nodepools of a deployment. */
export async function setNodepoolsOfDeployment(tx: Writer, pk: number, nodepoolPks: readonly number[]): Promise<void> {
  await tx.deleteFrom('deployment_nodepools').where('deployment_pk', '=', pk).execute()
  const rows = [...new Set(nodepoolPks)].map((nodepool_pk, position) => ({ deployment_pk: pk, nodepool_pk, position }))
  if (rows.length > 0) await tx.insertInto('deployment_nodepools').values(rows).execute()
}

/** Takes nodepools that are about to go out of their deployments, and deletes those that have none left. */
export async function dropDeploymentsOnlyIn(tx: Writer, nodepoolPks: readonly number[]): Promise<void> {
  const left: number[] = []
  for (const part of inParts([...new Set(nodepoolPks)])) {
    const rows = await tx
      .deleteFrom('deployment_nodepools')
      .where('nodepool_pk', 'in', part)
      .returning('deployment_pk')
      .execute()
    for (const { deployment_pk } of rows) left.push(deployment_pk)
  }
  for (const part of inParts([...new Set(left)])) {
    await tx
      .deleteFrom('deployments')
      .where('pk', 'in', part)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('deployment_nodepools as d')
              .select('d.nodepool_pk')
              .whereRef('d.deployment_pk', '=', 'deployments.pk'),
          ),
        ),
      )
      .execute()
  }
}

/** The condition that a nodepool is in a cluster of a user. */
export const ofUser =
  (userPk: number) =>
  (row: ExpressionBuilder<Schema, 'nodepools'>): Expression<SqlBool> =>
    row('cluster_pk', 'in', row.selectFrom('compute_clusters as c').select('c.pk').where('c.user_pk', '=', userPk))

/** The condition that a nodepool has a runner that is to be up. */
export const inUse = (row: ExpressionBuilder<Schema, 'nodepools'>): Expression<SqlBool> =>
  row.exists(
    row
      .selectFrom('runners')
      .select('runners.pk')
      .whereRef('runners.nodepool_pk', '=', 'nodepools.pk')
      .where('runners.num_replicas', '>', 0),
  )

/** Pks of the nodepools of clusters. */
export async function nodepoolPksOf(db: Reader, clusterPks: readonly number[]): Promise<number[]> {
  if (clusterPks.length === 0) return []
  const rows = await db.selectFrom('nodepools').select('pk').where('cluster_pk', 'in', clusterPks).execute()
  return rows.map(({ pk }) => pk)
}

/** The condition that a deployment has a nodepool, or one of a cluster. */
export function deployedIn(where: { readonly nodepoolId?: string; readonly clusterId?: string }) {
  return (row: ExpressionBuilder<Schema, 'deployments'>): Expression<SqlBool> => {
    let query = row
      .selectFrom('deployment_nodepools as d')
      .innerJoin('nodepools as n', 'n.pk', 'd.nodepool_pk')
      .innerJoin('compute_clusters as c', 'c.pk', 'n.cluster_pk')
      .select('d.nodepool_pk')
      .whereRef('d.deployment_pk', '=', 'deployments.pk')
    if (where.nodepoolId) query = query.where('n.id', '=', where.nodepoolId)
    if (where.clusterId) query = query.where('c.id', '=', where.clusterId)
    return row.exists(query)
  }
}

/** The condition that something works for one of these model versions. */
export function worksForVersions(table: 'runners' | 'deployments', versionIds: readonly string[]) {
  return (row: ExpressionBuilder<Schema, 'runners' | 'deployments'>): Expression<SqlBool> =>
    row.exists(
      row
        .selectFrom('model_versions as v')
        .select('v.pk')
        .whereRef('v.pk', '=', `${table}.version_pk`)
        .where('v.id', 'in', versionIds),
    )
}

/** Whether there is a runner of a user that may work for a version, by its worker or by what its labels may say. */
export async function runnerRowsFor(
  db: Reader,
  userPk: number,
  work: { readonly modelPk: number; readonly versionPk: number },
): Promise<Row<'runners'>[]> {
  return db
    .selectFrom('runners')
    .selectAll()
    .where('user_pk', '=', userPk)
    .where((row) =>
      row.or([
        row('model_pk', '=', 0),
        row.and([
          row('model_pk', '=', work.modelPk),
          row.or([row('version_pk', '=', 0), row('version_pk', '=', work.versionPk)]),
        ]),
      ]),
    )
    .orderBy('pk', 'desc')
    .limit(RUNNERS_LOOKED_AT)
    .execute()
}

/** Runners that are looked at to say why nobody works for a version. */
const RUNNERS_LOOKED_AT = 1_000
