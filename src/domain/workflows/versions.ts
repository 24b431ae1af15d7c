import { AppError } from '../../base/errors.ts'
import { type WorkflowVersion, WorkflowVersionSchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { workflowVersions as rows, workflows as workflowRows } from '../../store/repos/families.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import { setLatestVersion } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts, visibilityOf } from '../resource/checks.ts'
import type { PageWindow } from '../resource/paging.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { presentVersions } from './version-messages.ts'

const PATCHABLE = ['description', 'license', 'metadata']
const CODE = StatusCode.WORKFLOW_INVALID_ARGUMENT

const missing = (id: string): AppError =>
  new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `The workflow has no version '${id}' here, or it is not visible to this key.`,
  )

/** Version rows of a workflow as messages. */
export async function versionMessages(
  call: Call,
  workflow: Row<'workflows'>,
  found: readonly Row<'workflow_versions'>[],
): Promise<WorkflowVersion[]> {
  const owners = await ownersOf(call.services.db.read, [workflow.app_pk])
  const owner = owners.get(workflow.app_pk)
  return presentVersions(
    call.services.db.read,
    found.map((row) => ({ row, workflowId: workflow.id, owner })),
  )
}

/** One page of the versions of a workflow, the newest first. */
export async function listVersions(
  call: Call,
  workflow: Row<'workflows'>,
  window: PageWindow,
): Promise<WorkflowVersion[]> {
  const lowest = visibleFrom(call.target)
  const found = await rows.list(call.services.db.read, {
    parent: workflow.pk,
    where: (row) => row('visibility', '>=', lowest),
    orderBy: { column: 'created_at', direction: 'desc' },
    ...window,
  })
  return versionMessages(call, workflow, found)
}

async function findAll(
  tx: Writer,
  workflow: Row<'workflows'>,
  ids: readonly string[],
): Promise<Row<'workflow_versions'>[]> {
  const found = await rows.getMany(tx, workflow.pk, ids)
  return ids.map((id) => {
    const row = found.get(id)
    if (!row) throw missing(id)
    return row
  })
}

/** Patches what describes versions; their nodes never change. */
export async function patchVersions(
  call: Call,
  workflow: Row<'workflows'>,
  patches: readonly WorkflowVersion[],
  actionText: string,
): Promise<WorkflowVersion[]> {
  const action = readAction(actionText, ['merge', 'overwrite', 'remove'], CODE)
  if (patches.some((patch) => patch.nodes.length > 0)) {
    throw new AppError(CODE, 'The nodes of a version cannot be patched; patch the workflow to make a new version.')
  }
  const changed = await call.services.db.transact(async (tx) => {
    const current = await findAll(
      tx,
      workflow,
      patches.map((patch) => patch.id),
    )
    const result: Row<'workflow_versions'>[] = []
    for (const [at, row] of current.entries()) {
      const version = applyPatch(
        WorkflowVersionSchema,
        decodeDoc(WorkflowVersionSchema, row.doc),
        patches[at]!,
        action,
        PATCHABLE,
      )
      checkTexts(version, CODE)
      const wish = patches[at]!.visibility
      const visibility = wish?.gettable ? visibilityOf(wish, CODE) : row.visibility
      const change = { doc: encodeDoc(version), description: version.description, visibility }
      result.push(await rows.update(tx, row, change, call.services.clock.now()))
    }
    return result
  })
  call.services.plans.clear()
  return versionMessages(call, workflow, changed)
}

/** Deletes versions; the last one stays, since a workflow without any could not be run. */
export async function deleteVersions(call: Call, workflow: Row<'workflows'>, ids: readonly string[]): Promise<void> {
  await call.services.db.transact(async (tx) => {
    const found = await findAll(tx, workflow, ids)
    const all = await rows.count(tx, { parent: workflow.pk })
    if (new Set(found.map((row) => row.pk)).size >= all) {
      throw new AppError(
        StatusCode.WORKFLOW_INVALID_REQUEST,
        'A workflow keeps at least one version; delete the workflow instead.',
      )
    }
    await rows.deleteMany(tx, workflow.pk, ids)
    await setLatestVersion(tx, workflow.pk)
  })
  call.services.plans.clear()
}

/** Makes versions, and with them the workflow, public; or makes versions private again. */
export async function publishVersions(
  call: Call,
  workflow: Row<'workflows'>,
  ids: readonly string[],
  visibility: number,
): Promise<void> {
  await call.services.db.transact(async (tx) => {
    const now = call.services.clock.now()
    for (const row of await findAll(tx, workflow, ids)) await rows.update(tx, row, { visibility }, now)
    const open = await rows.count(tx, { parent: workflow.pk, where: (row) => row('visibility', '>=', Visible.PUBLIC) })
    const shown = open > 0 ? Visible.PUBLIC : Visible.PRIVATE
    if (shown !== workflow.visibility) await workflowRows.update(tx, workflow, { visibility: shown }, now)
  })
  call.services.plans.clear()
}
