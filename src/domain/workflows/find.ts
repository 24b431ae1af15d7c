import { AppError } from '../../base/errors.ts'
import { CATALOGUE_APP, CATALOGUE_USER } from '../../catalogue/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { workflows as rows, workflowVersions } from '../../store/repos/families.ts'
import { defaultWorkflow, standingVersions } from '../../store/repos/workflows.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp, Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { findRow } from '../resource/verbs.ts'
import { workflows } from './resource.ts'

/** The workflow of the call's app with this id, the app's default one without an id. Throws 22102, or Moved. */
export async function findWorkflow(call: Call, id: string): Promise<Row<'workflows'>> {
  const app = requireApp(call.target)
  const { read } = call.services.db
  if (id !== '') return findRow(workflows, read, app, id, call)
  const row = await defaultWorkflow(read, app.pk)
  if (row && row.visibility >= visibleFrom(call.target)) return row
  throw new AppError(StatusCode.WORKFLOW_DOES_NOT_EXIST, 'The app has no default workflow here; name a workflow.')
}

/**
 * Like findWorkflow, but public built-in workflows are known in every app, as clients are used to: where the app has
 * no workflow of that id, or before looking there with `favorBuiltIn`.
 */
export async function findWorkflowAnywhere(call: Call, id: string, favorBuiltIn: boolean): Promise<Row<'workflows'>> {
  const favored = favorBuiltIn && id !== '' ? await builtInWorkflow(call, id) : undefined
  if (favored) return favored
  try {
    return await findWorkflow(call, id)
  } catch (error) {
    const absent = error instanceof AppError && error.code === StatusCode.WORKFLOW_DOES_NOT_EXIST
    const builtIn = absent && id !== '' ? await builtInWorkflow(call, id) : undefined
    if (builtIn) return builtIn
    throw error
  }
}

async function builtInWorkflow(call: Call, id: string): Promise<Row<'workflows'> | undefined> {
  const { directory, db } = call.services
  const user = await directory.user(CATALOGUE_USER)
  const app = user && (await directory.app(user.pk, CATALOGUE_APP))
  const row = app && (await rows.get(db.read, app.pk, id))
  return row && row.visibility >= Visible.PUBLIC ? row : undefined
}

/** Lowest visibility of what the caller sees inside a workflow that was found for the call. */
const visibleIn = ({ target }: Call, workflow: Row<'workflows'>): number =>
  workflow.app_pk === target.app?.pk ? visibleFrom(target) : Visible.PUBLIC

/** One version of a workflow by id, the latest that the caller sees without. Throws 11101. */
export async function findWorkflowVersion(
  call: Call,
  workflow: Row<'workflows'>,
  versionId: string,
): Promise<Row<'workflow_versions'>> {
  const { read } = call.services.db
  const lowest = visibleIn(call, workflow)
  if (versionId === '') {
    const row = (await standingVersions(read, [workflow], lowest)).get(workflow.pk)
    if (row) return row
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The workflow '${workflow.id}' has no version here.`)
  }
  const row = await workflowVersions.get(read, workflow.pk, versionId)
  if (row && row.visibility >= lowest) return row
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `The workflow '${workflow.id}' has no version '${versionId}' here, or it is not visible to this key.`,
  )
}
