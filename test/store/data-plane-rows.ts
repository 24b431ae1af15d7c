import type { Database } from '../../src/store/database.ts'
import { annotations, inputs } from '../../src/store/repos/families.ts'
import { newApp, newUser } from './kit.ts'

/** A user, an app, an input and its input-level annotation. */
export async function newAnnotatedInput(
  db: Database,
): Promise<{ appPk: number; inputPk: number; annotationPk: number }> {
  return db.transact(async (tx) => {
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const input = await inputs.insert(tx, {
      app_pk: app.pk,
      id: 'one',
      kinds: 1,
      status_code: 30_000,
      status_details: '',
      add_job_pk: null,
      doc: '{}',
      created_at: 1,
      modified_at: 1,
    })
    const annotation = await annotations.insert(tx, newAnnotation(app.pk, input.pk, 'first', 1))
    return { appPk: app.pk, inputPk: input.pk, annotationPk: annotation.pk }
  })
}

/** A row of an annotation. */
export function newAnnotation(appPk: number, inputPk: number, id: string, inputLevel: 0 | 1) {
  return {
    app_pk: appPk,
    input_pk: inputPk,
    id,
    worker_kind: 'user' as const,
    worker_id: 'ann',
    worker_pk: null,
    status_code: 24_150,
    trusted: 1 as const,
    input_level: inputLevel,
    task_id: '',
    track_id: '',
    shapes: 0,
    doc: '{}',
    created_at: 1,
    modified_at: 1,
  }
}
