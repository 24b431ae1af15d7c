import { requireUser } from '../../domain/access/target.ts'
import { createDeployments, deployments, listDeployments, patchDeployments } from '../../domain/compute/deployments.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  deployments,
  { get: 'GetDeployment', remove: 'DeleteDeployments' },
  { parent: (call) => requireUser(call.target) },
)

const bespoke: Pick<Registry, 'ListDeployments' | 'PostDeployments' | 'PatchDeployments'> = {
  ListDeployments: async (request, call) => ({ deployments: await listDeployments(call, request) }),

  PostDeployments: async (request, call) => ({
    deployments: await createDeployments(call, checkBatch(deployments, request.deployments)),
  }),

  PatchDeployments: async (request, call) => ({
    deployments: await patchDeployments(call, checkBatch(deployments, request.deployments), request.action),
  }),
}

/** Deployments of models to nodepools. */
export const deploymentRpcs = { ...standard, ...bespoke }
