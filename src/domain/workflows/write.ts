import { create, type JsonObject } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { type Workflow, type WorkflowNode, type WorkflowVersion, WorkflowVersionSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import type { Writer } from '../../store/database.ts'
import { workflowVersions } from '../../store/repos/families.ts'
import { setLatestVersion } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { checkTexts, visibilityOf } from '../resource/checks.ts'
import { applyPatch, type PatchAction, readAction } from '../resource/patch.ts'
import { removeImage } from '../resource/remove-image.ts'
import { findRow, insertOne, present, rewrite, toStored } from '../resource/verbs.ts'
import { checkNodes, mergeNodes } from './nodes.ts'
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
  const asked = wish?.visibility?.gettable ? wish.visibility : undefined
  const visibility = asked ? visibilityOf(asked, workflows.codes.invalid) : row.visibility
  const version = create(WorkflowVersionSchema, {
    nodes: [...nodes],
    description: wish?.description ?? '',
    license: wish?.license ?? '',
    metadata: wish?.metadata as JsonObject | undefined,
  })
  checkTexts(version, workflows.codes.invalid)
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
  const nodes = await Promise.all(
    patches.map((patch) =>
      patch.nodes.length > 0 && action !== 'remove' ? checkPatchedNodes(call, app, patch, action) : undefined,
    ),
  )
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'workflows'>[] = []
    for (const [at, patch] of patches.entries()) {
      const row = await findRow(workflows, tx, app, patch.id, call)
      const { message } = toStored(workflows, row)
      const result =
        action === 'remove'
          ? removeImage(workflows, message, patch)
          : applyPatch(workflows.desc, message, patch, action, workflows.patch.fields)
      const written = await rewrite(workflows, call, row, result, tx)
      const newNodes = nodes[at]
      changed.push(newNodes ? await addVersion(call, written, newNodes, patch.version, tx) : written)
    }
    return changed
  })
  call.services.plans.clear()
  return present(workflows, call, rows)
}

async function checkPatchedNodes(
  call: Call,
  app: AppPlace,
  patch: Workflow,
  action: PatchAction,
): Promise<WorkflowNode[]> {
  if (action === 'overwrite') return checkNodes(call, patch.nodes)
  const row = await findRow(workflows, call.services.db.read, app, patch.id, call)
  const [current] = await present(workflows, call, [row])
  return checkNodes(call, mergeNodes(current!.nodes, patch.nodes))
}
