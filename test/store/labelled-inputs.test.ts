import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { StatusCode } from '../../src/contract/status-code.ts'
import { apps, concepts, datasets, models, modelVersions, users } from '../../src/store/repos/families.ts'
import { addToDatasets, GONE } from '../../src/store/repos/inputs.ts'
import { pageOfLabelledInputs } from '../../src/store/repos/labelled-inputs.ts'
import { setVersionConcepts } from '../../src/store/repos/model-versions.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

onEachEngine('inputs with the labels of a model version', (engine) => {
  it('are found by concept, time and dataset, the newest first, hidden ones never', () =>
    withDatabase(engine, async (db) => {
      let now = 0
      const clock = { now: () => ++now }
      const user = await db.transact((tx) => users.insert(tx, newUser('ann')))
      const app = await db.transact((tx) => apps.insert(tx, newApp(user.pk, 'app')))
      const label = (...ids: string[]) => ({ data: { concepts: ids.map((id) => ({ id, value: 1 })) } })
      const owner = { id: 'ann', pk: user.pk }
      const pks = await putInputs({ db, clock }, { pk: app.pk, owner }, [
        { id: 'a', ...label('cat') },
        { id: 'b', ...label('dog') },
        { id: 'c', ...label('cat', 'dog') },
        { id: 'gone', ...label('cat'), statusCode: GONE as StatusCode },
      ])
      const until = now
      await putInputs({ db, clock }, { pk: app.pk, owner }, [{ id: 'late', ...label('cat') }])
      const row = { doc: '{}', description: '', visibility: 10, created_at: 1, modified_at: 1 }
      const versionPk = await db.transact(async (tx) => {
        const common = { ...row, app_pk: app.pk, id: 'm', name: 'm', model_type_id: 'x', latest_version_pk: null }
        const model = await models.insert(tx, common)
        const version = await modelVersions.insert(tx, {
          ...row,
          model_pk: model.pk,
          id: 'f'.repeat(32),
          status_code: 21_100,
          completed_at: null,
        })
        const cat = await concepts.get(tx, app.pk, 'cat')
        await setVersionConcepts(tx, version.pk, [{ conceptPk: cat!.pk, doc: '{}' }])
        const dataset = await datasets.insert(tx, { ...row, app_pk: app.pk, id: 'few' })
        await addToDatasets(tx, [{ dataset_pk: dataset.pk, input_pk: pks.get('c')!, created_at: 1 }])
        return version.pk
      })
      const ids = async (more: object, window = { limit: 10, offset: 0 }) =>
        (await pageOfLabelledInputs(db.read, { appPk: app.pk, versionPk, until, ...more }, window)).map(({ id }) => id)
      assert.deepEqual(await ids({}), ['c', 'a'])
      assert.deepEqual(await ids({ until: now }), ['late', 'c', 'a'])
      assert.deepEqual(await ids({}, { limit: 1, offset: 1 }), ['a'])
      assert.deepEqual(await ids({ datasetId: 'few' }), ['c'])
      assert.deepEqual(await ids({ datasetId: 'none' }), [])
      assert.deepEqual(await ids({ versionPk: versionPk + 1 }), [])
    }))
})
