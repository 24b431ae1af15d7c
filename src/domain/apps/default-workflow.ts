import { AppError } from '../../base/errors.ts'
import { newId } from '../../base/ids.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { DEFAULT_WORKFLOW } from '../../catalogue/seed.ts'
import type { App } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { workflows, workflowVersions } from '../../store/repos/families.ts'
import { setDefaultWorkflow, setLatestVersion } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { reach } from '../access/standing.ts'
import { Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'

/** Whether a message asks for some default workflow, by the present field or the older one. */
export const namesWorkflow = (app: App): boolean => app.defaultWorkflow !== undefined || app.defaultWorkflowId !== ''

/** The workflow that a new app asks to be based on, the standard one if it asks for none; refuses what it cannot see. */
export async function wantedWorkflow(call: Call, app: App): Promise<Row<'workflows'>> {
  const wish = app.defaultWorkflow
  const id = wish?.id || app.defaultWorkflowId || DEFAULT_WORKFLOW
  const target = await reach(
    { services: call.services, principal: call.principal },
    wish?.userId || (wish?.appId ? '' : CATALOGUE_USER),
    wish?.appId || CATALOGUE_APP,
  )
  const row = target?.app && (await workflows.get(call.services.db.read, target.app.pk, id))
  if (!row || row.visibility < visibleFrom(target)) {
    throw new AppError(
      StatusCode.WORKFLOW_DOES_NOT_EXIST,
      `There is no workflow '${id}' to base the app on; 'Universal' and 'Empty' of clarifai/main always exist.`,
    )
  }
  return row
}

/** Copies a workflow with its latest version into an app and makes the copy the app's default. */
export async function copyAsDefault(call: Call, appPk: number, source: Row<'workflows'>, tx: Writer): Promise<void> {
  const existing = await workflows.get(tx, appPk, source.id)
  const pk = existing?.pk ?? (await copyWorkflow(call, appPk, source, tx))
  await setDefaultWorkflow(tx, appPk, pk)
}

async function copyWorkflow(call: Call, appPk: number, source: Row<'workflows'>, tx: Writer): Promise<number> {
  const now = call.services.clock.now()
  const { id, name, description, doc } = source
  const visibility = Visible.PRIVATE
  const copy = await workflows.insert(tx, {
    app_pk: appPk,
    id,
    name,
    description,
    doc,
    visibility,
    latest_version_pk: null,
    created_at: now,
    modified_at: now,
  })
  const version =
    source.latest_version_pk === null ? undefined : await workflowVersions.getByPk(tx, source.latest_version_pk)
  if (!version) return copy.pk
  const { pk } = await workflowVersions.insert(tx, {
    workflow_pk: copy.pk,
    id: newId(),
    description: version.description,
    doc: version.doc,
    visibility,
    created_at: now,
    modified_at: now,
  })
  await setLatestVersion(tx, copy.pk, pk)
  return copy.pk
}
