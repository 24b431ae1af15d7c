import { create, type JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { type Workflow, type WorkflowNode, type WorkflowVersion, WorkflowVersionSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { workflowVersions } from '../../store/repos/families.ts'
import { setLatestVersion } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { applyPatch, type PatchAction, readAction } from '../resource/patch.ts'
import { findRow, insertOne, present, rewrite, toStored } from '../resource/verbs.ts'
import { checkNodes } from './nodes.ts'
import { workflows } from './resource.ts'

interface AppPlace {
  readonly pk: number
}

/** Stores new workflows with their first versions, all or none; returns them with nodes in the order they will run. */
export async function createWorkflows(call: Call, app: AppPlace, given: readonly Workflow[]): Promise<Workflow[]> {
  const checked = await Promise.all(given.map((workflow) => checkNodes(call, workflow.nodes)))
  const rows = await call.services.db.transact(async (tx) => {
    const stored: Row<'workflows'>[] = []
    for (const [at, workflow] of given.entries()) {
      const row = await insertOne(workflows, call, app, workflow, tx)
      stored.push(await addVersion(call, row, checked[at]!, workflow.version, tx))
    }
    return stored
  })
  call.services.plans.clear()
  return present(workflows, call, rows)
}

/** Adds a version with these (checked) nodes and makes it the latest. */
async function addVersion(
  call: Call,
  row: Row<'workflows'>,
  nodes: readonly WorkflowNode[],
  wish: WorkflowVersion | undefined,
  tx: Writer,
): Promise<Row<'workflows'>> {
  const visibility = wish?.visibility?.gettable || row.visibility || Visible.PRIVATE
  const version = create(WorkflowVersionSchema, {
    nodes: [...nodes],
    description: wish?.description ?? '',
    license: wish?.license ?? '',
    metadata: wish?.metadata as JsonObject | undefined,
  })
  const now = call.services.clock.now()
  const added = await workflowVersions.insert(tx, {
    workflow_pk: row.pk,
    id: newId(),
    doc: encodeDoc(version),
    description: version.description,
    visibility,
    created_at: now,
    modified_at: now,
  })
  await setLatestVersion(tx, row.pk, added.pk)
  return { ...row, latest_version_pk: added.pk }
}

/** Patches workflows, all or none; new nodes make a new version, other fields change the workflow itself. */
export async function patchWorkflows(
  call: Call,
  app: AppPlace,
  patches: readonly Workflow[],
  actionText: string,
): Promise<Workflow[]> {
  const action = readAction(actionText, workflows.patch.actions, workflows.codes.invalid)
  if (action === 'remove') checkRemove(patches)
  const nodes = await Promise.all(
    patches.map((patch) => (patch.nodes.length > 0 ? checkPatchedNodes(call, app, patch, action) : undefined)),
  )
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'workflows'>[] = []
    for (const [at, patch] of patches.entries()) {
      const row = await findRow(workflows, tx, app, patch.id)
      const result = applyPatch(workflows.desc, toStored(workflows, row).message, patch, action, workflows.patch.fields)
      const written = await rewrite(workflows, call, row, result, tx)
      const newNodes = nodes[at]
      changed.push(newNodes ? await addVersion(call, written, newNodes, patch.version, tx) : written)
    }
    return changed
  })
  call.services.plans.clear()
  return present(workflows, call, rows)
}

// The original removes nothing but the picture, and nothing beside it in one call.
function checkRemove(patches: readonly Workflow[]): void {
  for (const patch of patches) {
    const alone =
      patch.image !== undefined &&
      patch.nodes.length === 0 &&
      patch.description === '' &&
      patch.notes === '' &&
      patch.metadata === undefined
    if (!alone)
      throw new AppError(
        StatusCode.WORKFLOW_INVALID_ARGUMENT,
        "The action 'remove' takes away the image alone; use 'overwrite' for the rest.",
      )
  }
}

async function checkPatchedNodes(
  call: Call,
  app: AppPlace,
  patch: Workflow,
  action: PatchAction,
): Promise<WorkflowNode[]> {
  if (action === 'overwrite') return checkNodes(call, patch.nodes)
  const row = await findRow(workflows, call.services.db.read, app, patch.id)
  const [current] = await present(workflows, call, [row])
  const merged = applyPatch(workflows.desc, current!, patch, action, ['nodes'])
  return checkNodes(call, merged.nodes)
}
