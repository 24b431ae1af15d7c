import { requireUser, visibleFrom } from '../../domain/access/target.ts'
import { clusters } from '../../domain/compute/clusters.ts'
import { findCluster, listNodepools, nodepools } from '../../domain/compute/nodepools.ts'
import { bindResource } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const clusterRpcs = bindResource(
  clusters,
  {
    list: 'ListComputeClusters',
    get: 'GetComputeCluster',
    create: 'PostComputeClusters',
    patch: 'PatchComputeClusters',
    remove: 'DeleteComputeClusters',
  },
  {
    parent: ({ target, principal }) => target.user ?? principal.user ?? requireUser(target),
    listQuery: (_request, { target, principal }) => {
      const own = (target.user ?? principal.user)?.pk === principal.user?.pk
      return { where: (row) => row('visibility', '>=', own ? 0 : visibleFrom(target)) }
    },
  },
)

const nodepoolRpcs = bindResource(
  nodepools,
  { get: 'GetNodepool', create: 'PostNodepools', patch: 'PatchNodepools', remove: 'DeleteNodepools' },
  { parent: (call, request) => findCluster(call, request.computeClusterId as string) },
)

const bespoke: Pick<Registry, 'ListNodepools'> = {
  ListNodepools: async (request, call) => ({ nodepools: await listNodepools(call, request) }),
}

/** Compute clusters and the nodepools in them. */
export const placeRpcs = { ...clusterRpcs, ...nodepoolRpcs, ...bespoke }
