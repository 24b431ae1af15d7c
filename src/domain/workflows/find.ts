import { AppError } from '../../base/errors.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { workflows as rows, workflowVersions } from '../../store/repos/families.ts'
import { defaultWorkflow } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp, Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { findRowOrMoved } from '../resource/rename.ts'
import { missing } from '../resource/verbs.ts'
import { workflows } from './resource.ts'

/**
 * The workflow that a call names: by id in the call's app, the app's default one without an id. With
 * `favorBuiltIn` a public built-in workflow of that id comes first; an app that lacks the id falls back to it only
 * where older clients relied on that, which is when they asked for it.
 */
export async function findWorkflow(call: Call, id: string, favorBuiltIn = false): Promise<Row<'workflows'>> {
  const app = requireApp(call.target)
  if (id === '') {
    const row = await defaultWorkflow(call.services.db.read, app.pk)
    if (!row) throw new AppError(StatusCode.WORKFLOW_DOES_NOT_EXIST, 'The app has no default workflow; name one.')
    return row
  }
  const builtIn = favorBuiltIn ? await builtInWorkflow(call, id) : undefined
  if (builtIn) return builtIn
  const url = (newId: string): string => `/v2/users/${app.user.id}/apps/${app.id}/workflows/${newId}`
  const row = await findRowOrMoved(workflows, call, app, id, url)
  if (row.visibility < visibleFrom(call.target)) throw missing(workflows, id)
  return row
}

async function builtInWorkflow(call: Call, id: string): Promise<Row<'workflows'> | undefined> {
  const { directory, db } = call.services
  const user = await directory.user(CATALOGUE_USER)
  const app = user && (await directory.app(user.pk, CATALOGUE_APP))
  const row = app && (await rows.get(db.read, app.pk, id))
  return row && row.visibility >= Visible.PUBLIC ? row : undefined
}

/** One version of a workflow by id, the latest without; refuses what is absent or hidden. */
export async function findWorkflowVersion(
  call: Call,
  workflow: Row<'workflows'>,
  versionId: string,
): Promise<Row<'workflow_versions'>> {
  const { read } = call.services.db
  const row =
    versionId === ''
      ? workflow.latest_version_pk === null
        ? undefined
        : await workflowVersions.getByPk(read, workflow.latest_version_pk)
      : await workflowVersions.get(read, workflow.pk, versionId)
  if (!row || row.visibility < visibleFrom(call.target)) {
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      `The workflow '${workflow.id}' has no version '${versionId}' here, or it is not visible to this key.`,
    )
  }
  return row
}
