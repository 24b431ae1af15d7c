import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { DEFAULT_WORKFLOW } from '../../catalogue/seed.ts'
import { type App, WorkflowVersionSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { apps, workflows, workflowVersions } from '../../store/repos/families.ts'
import { setDefaultWorkflow, setLatestVersion, standingVersions } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { reach } from '../access/standing.ts'
import { Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { Parent } from '../resource/define.ts'
import { checkNodes } from '../workflows/nodes.ts'
import { renewNodes } from '../workflows/renew-nodes.ts'

/** A workflow to base an app on, with the version to copy. */
export interface BaseWorkflow {
  readonly workflow: Row<'workflows'>
  readonly version?: Row<'workflow_versions'>
}

/** Whether a message asks for some default workflow, by the present field or the older one. */
export const namesWorkflow = (app: App): boolean => app.defaultWorkflow !== undefined || app.defaultWorkflowId !== ''

/**
 * The workflow that a new app asks to be based on, the standard one if it asks for none. Throws 22102 for one that
 * the caller does not see, and what checkNodes throws where he may not use its models.
 */
export async function wantedWorkflow(call: Call, app: App): Promise<BaseWorkflow> {
  const wish = app.defaultWorkflow
  const id = wish?.id || app.defaultWorkflowId || DEFAULT_WORKFLOW
  const target = await reach(call, wish?.userId || (wish?.appId ? '' : CATALOGUE_USER), wish?.appId || CATALOGUE_APP)
  const { read } = call.services.db
  const workflow = target?.app && (await workflows.get(read, target.app.pk, id))
  if (!target || !workflow || workflow.visibility < visibleFrom(target)) {
    throw new AppError(
      StatusCode.WORKFLOW_DOES_NOT_EXIST,
      `There is no workflow '${id}' to base the app on; 'Universal' and 'Empty' of clarifai/main always exist.`,
    )
  }
  const version = (await standingVersions(read, [workflow], visibleFrom(target))).get(workflow.pk)
  if (version && target.user?.id !== CATALOGUE_USER) {
    const { nodes } = decodeDoc(WorkflowVersionSchema, version.doc)
    await renewNodes(read, nodes)
    await checkNodes(call, nodes)
  }
  return { workflow, version }
}

/** The default workflow that a patch asks for: without a place one of the app's own comes first, then a built-in one. */
export async function newDefault(call: Call, user: Parent, patch: App): Promise<BaseWorkflow> {
  const wish = patch.defaultWorkflow
  const { read } = call.services.db
  const app = wish?.userId || wish?.appId ? undefined : await apps.get(read, user.pk, patch.id)
  const own = app && (await workflows.get(read, app.pk, wish?.id || patch.defaultWorkflowId))
  return own ? { workflow: own } : wantedWorkflow(call, patch)
}

/**
 * Makes a workflow the default of an app, as a copy unless the app has one of that id already, and returns its pk.
 */
export async function copyAsDefault(call: Call, appPk: number, base: BaseWorkflow, tx: Writer): Promise<number> {
  const existing = await workflows.get(tx, appPk, base.workflow.id)
  const pk = existing?.pk ?? (await copyWorkflow(call, appPk, base, tx))
  await setDefaultWorkflow(tx, appPk, pk)
  return pk
}

async function copyWorkflow(
  call: Call,
  appPk: number,
  { workflow, version }: BaseWorkflow,
  tx: Writer,
): Promise<number> {
  const now = call.services.clock.now()
  const { id, name, description, doc } = workflow
  const common = { visibility: Visible.PRIVATE, created_at: now, modified_at: now }
  const copy = await workflows.insert(tx, {
    ...common,
    app_pk: appPk,
    id,
    name,
    description,
    doc,
    latest_version_pk: null,
  })
  if (!version) return copy.pk
  const { pk } = await workflowVersions.insert(tx, {
    ...common,
    workflow_pk: copy.pk,
    id: newId(),
    description: version.description,
    doc: version.doc,
  })
  await setLatestVersion(tx, copy.pk, pk)
  return copy.pk
}
