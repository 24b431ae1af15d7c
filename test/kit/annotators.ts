import { newId } from '../../src/base/ids.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { models, modelVersions } from '../../src/store/repos/families.ts'
import type { TestApp } from './apps.ts'
import type { TestServer } from './server.ts'

/** Puts a model that could have annotated straight into the store; returns the id of its one version. */
export async function insertModelVersion(
  server: TestServer,
  app: TestApp,
  { modelId = 'detector', modelTypeId = 'visual-detector' } = {},
): Promise<string> {
  const { db, clock } = server.services
  const now = clock.now()
  const id = newId()
  const common = { doc: '{}', visibility: 10, description: '', created_at: now, modified_at: now }
  await db.transact(async (tx) => {
    const model = await models.insert(tx, {
      ...common,
      app_pk: app.pk,
      id: modelId,
      name: modelId,
      model_type_id: modelTypeId,
      latest_version_pk: null,
    })
    const status_code = StatusCode.MODEL_TRAINED
    await modelVersions.insert(tx, { ...common, model_pk: model.pk, id, status_code, completed_at: null })
  })
  return id
}
