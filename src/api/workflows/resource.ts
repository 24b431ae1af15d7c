import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { requireApp } from '../../domain/access/target.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { renameOne } from '../../domain/resource/rename.ts'
import { present, removeMany } from '../../domain/resource/verbs.ts'
import { findWorkflowAnywhere } from '../../domain/workflows/find.ts'
import { listWorkflows } from '../../domain/workflows/list.ts'
import { workflows } from '../../domain/workflows/resource.ts'
import { createWorkflows, patchWorkflows } from '../../domain/workflows/write.ts'
import { defaultWorkflow } from '../../store/repos/workflows.ts'
import { checkBatch, sortOf } from '../define/bind.ts'
import type { AnyMessage, Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListWorkflows'
  | 'GetWorkflow'
  | 'PostWorkflows'
  | 'PatchWorkflows'
  | 'PatchWorkflowIds'
  | 'DeleteWorkflow'
  | 'DeleteWorkflows'

/** Workflows themselves. Nodes make versions, so creating and patching go beyond the standard verbs. */
export const workflowRpcs: Pick<Registry, Rpcs> = {
  ListWorkflows: async (request, call) => ({
    workflows: await listWorkflows(call, request, {
      ...sortOf(workflows, request as unknown as AnyMessage),
      window: readPage(request),
    }),
  }),

  GetWorkflow: async (request, call) => {
    const row = await findWorkflowAnywhere(call, request.workflowId, request.favorClarifaiWorkflows)
    const [workflow] = await present(workflows, call, [row])
    return { workflow }
  },

  PostWorkflows: async (request, call) => ({
    workflows: await createWorkflows(call, requireApp(call.target), checkBatch(workflows, request.workflows)),
  }),

  PatchWorkflows: async (request, call) => ({
    workflows: await patchWorkflows(
      call,
      requireApp(call.target),
      checkBatch(workflows, request.workflows),
      request.action,
    ),
  }),

  PatchWorkflowIds: async (request, call) => {
    const row = await renameOne(workflows, call, requireApp(call.target), request.ids, request.action)
    return { workflows: await present(workflows, call, [row]) }
  },

  DeleteWorkflow: async (request, call) => {
    await removeMany(workflows, call, requireApp(call.target), [request.workflowId])
    return {}
  },

  DeleteWorkflows: async (request, call) => {
    const app = requireApp(call.target)
    if (!request.deleteAll) {
      await removeMany(workflows, call, app, checkBatch(workflows, request.ids))
      return {}
    }
    // New inputs are run through the default workflow, so it stays when all others go.
    const kept = await defaultWorkflow(call.services.db.read, app.pk)
    for (;;) {
      const page = await workflows.rows.list(call.services.db.read, {
        parent: app.pk,
        where: (row) => row('pk', '!=', kept?.pk ?? 0),
        orderBy: { column: 'pk', direction: 'asc' },
        limit: BATCH_ITEMS_MAX,
      })
      if (page.length === 0) return {}
      await removeMany(
        workflows,
        call,
        app,
        page.map((row) => row.id),
      )
    }
  },
}
