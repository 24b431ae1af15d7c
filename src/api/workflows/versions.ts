import { Visible } from '../../domain/access/target.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { findWorkflow, findWorkflowVersion } from '../../domain/workflows/find.ts'
import { workflows } from '../../domain/workflows/resource.ts'
import {
  deleteVersions,
  listVersions,
  patchVersions,
  publishVersions,
  versionMessages,
} from '../../domain/workflows/versions.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'ListWorkflowVersions'
  | 'GetWorkflowVersion'
  | 'DeleteWorkflowVersions'
  | 'PatchWorkflowVersions'
  | 'PostWorkflowVersionsPublish'
  | 'PostWorkflowVersionsUnPublish'

const version = { kind: 'workflow version', codes: workflows.codes }

/** Versions of a workflow: each a fixed graph. */
export const workflowVersionRpcs: Pick<Registry, Rpcs> = {
  ListWorkflowVersions: async (request, call) => {
    const workflow = await findWorkflow(call, request.workflowId)
    return { workflowVersions: await listVersions(call, workflow, readPage(request)) }
  },

  GetWorkflowVersion: async (request, call) => {
    const workflow = await findWorkflow(call, request.workflowId)
    const row = await findWorkflowVersion(call, workflow, request.workflowVersionId)
    const [workflowVersion] = await versionMessages(call, workflow, [row])
    return { workflowVersion }
  },

  DeleteWorkflowVersions: async (request, call) => {
    const workflow = await findWorkflow(call, request.workflowId)
    await deleteVersions(call, workflow, checkBatch(version, request.workflowVersionIds))
    return {}
  },

  PatchWorkflowVersions: async (request, call) => {
    const workflow = await findWorkflow(call, request.workflowId)
    const patches = checkBatch(version, request.workflowVersions)
    return { workflowVersions: await patchVersions(call, workflow, patches, request.action) }
  },

  PostWorkflowVersionsPublish: async (request, call) => {
    const workflow = await findWorkflow(call, request.workflowId)
    await publishVersions(
      call,
      workflow,
      checkBatch(version, request.publications).map((publication) => publication.versionId),
      Visible.PUBLIC,
    )
    return {}
  },

  PostWorkflowVersionsUnPublish: async (request, call) => {
    const workflow = await findWorkflow(call, request.workflowId)
    await publishVersions(
      call,
      workflow,
      checkBatch(version, request.publications).map((publication) => publication.versionId),
      Visible.PRIVATE,
    )
    return {}
  },
}
