import type { Micros } from '../../base/clock.ts'
import type { Writer } from '../session.ts'

// Built-in rows are written again on every change of the catalogue: each function adds its row or, where it is there
// already, changes what the program says about it, and returns its pk.

interface Put {
  readonly id: string
  readonly doc: string
  readonly visibility: number
}

/** Adds or changes a built-in user. */
export async function putUser(tx: Writer, { id, doc, visibility }: Put, now: Micros): Promise<number> {
  const row = await tx
    .insertInto('users')
    .values({ id, doc, visibility, password_hash: null, created_at: now, modified_at: now })
    .onConflict((c) => c.column('id').doUpdateSet({ doc, visibility }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  return row.pk
}

/** Adds or changes a built-in app. */
export async function putApp(
  tx: Writer,
  app: Put & { userPk: number; name: string; description: string },
  now: Micros,
): Promise<number> {
  const { id, doc, visibility, name, description } = app
  const row = await tx
    .insertInto('apps')
    .values({
      user_pk: app.userPk,
      id,
      doc,
      visibility,
      name,
      description,
      default_workflow_pk: null,
      created_at: now,
      modified_at: now,
    })
    .onConflict((c) => c.columns(['user_pk', 'id']).doUpdateSet({ doc, visibility, name, description }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  return row.pk
}

/** Adds or changes a built-in model. */
export async function putModel(
  tx: Writer,
  model: Put & { appPk: number; typeId: string; name: string; description: string },
  now: Micros,
): Promise<number> {
  const { id, doc, visibility, name, description, typeId: model_type_id } = model
  const row = await tx
    .insertInto('models')
    .values({
      app_pk: model.appPk,
      id,
      doc,
      visibility,
      name,
      description,
      model_type_id,
      latest_version_pk: null,
      created_at: now,
      modified_at: now,
    })
    .onConflict((c) => c.columns(['app_pk', 'id']).doUpdateSet({ doc, visibility, name, description, model_type_id }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  return row.pk
}

/** Adds or changes a version of a built-in model, makes it the latest and returns its pk. */
export async function putModelVersion(
  tx: Writer,
  version: Put & { modelPk: number; statusCode: number; description: string },
  now: Micros,
): Promise<number> {
  const { id, doc, visibility, description, statusCode: status_code } = version
  const { pk } = await tx
    .insertInto('model_versions')
    .values({
      model_pk: version.modelPk,
      id,
      doc,
      visibility,
      description,
      status_code,
      completed_at: now,
      created_at: now,
      modified_at: now,
    })
    .onConflict((c) => c.columns(['model_pk', 'id']).doUpdateSet({ doc, visibility, description, status_code }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  await tx.updateTable('models').set({ latest_version_pk: pk }).where('pk', '=', version.modelPk).execute()
  return pk
}

/** Adds or renames a built-in concept and returns its pk. */
export async function putConcept(
  tx: Writer,
  concept: { appPk: number; id: string; name: string },
  now: Micros,
): Promise<number> {
  const { id, name } = concept
  const { pk } = await tx
    .insertInto('concepts')
    .values({
      app_pk: concept.appPk,
      id,
      name,
      language: '',
      doc: JSON.stringify({ name }),
      created_at: now,
      modified_at: now,
    })
    .onConflict((c) => c.columns(['app_pk', 'id']).doUpdateSet({ name }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  return pk
}

/** Adds or changes a built-in workflow. */
export async function putWorkflow(
  tx: Writer,
  workflow: Put & { appPk: number; description: string },
  now: Micros,
): Promise<number> {
  const { id, doc, visibility, description } = workflow
  const row = await tx
    .insertInto('workflows')
    .values({
      app_pk: workflow.appPk,
      id,
      doc,
      visibility,
      name: id,
      description,
      latest_version_pk: null,
      created_at: now,
      modified_at: now,
    })
    .onConflict((c) => c.columns(['app_pk', 'id']).doUpdateSet({ doc, visibility, description }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  return row.pk
}

/** Adds or changes a version of a built-in workflow and makes it the latest. */
export async function putWorkflowVersion(
  tx: Writer,
  version: Put & { workflowPk: number; description: string },
  now: Micros,
): Promise<void> {
  const { id, doc, visibility, description } = version
  const { pk } = await tx
    .insertInto('workflow_versions')
    .values({ workflow_pk: version.workflowPk, id, doc, visibility, description, created_at: now, modified_at: now })
    .onConflict((c) => c.columns(['workflow_pk', 'id']).doUpdateSet({ doc, visibility, description }))
    .returning('pk')
    .executeTakeFirstOrThrow()
  await tx.updateTable('workflows').set({ latest_version_pk: pk }).where('pk', '=', version.workflowPk).execute()
}
