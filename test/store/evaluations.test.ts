import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import {
  addEvaluationChunk,
  changeEvaluation,
  dropEvaluation,
  type EvaluationSort,
  evaluationResults,
  findEvaluation,
  inputsLabelledWith,
  listEvaluations,
  nextEvaluationChunk,
  putEvaluationResults,
} from '../../src/store/repos/evaluations.ts'
import { concepts, evaluations, models, modelVersions, workflowEvaluations } from '../../src/store/repos/families.ts'
import {
  changeModelExport,
  getModelExport,
  modelExportFile,
  putModelExport,
} from '../../src/store/repos/model-exports.ts'
import { setVersionConcepts } from '../../src/store/repos/model-versions.ts'
import { addVersionFile } from '../../src/store/repos/version-files.ts'
import { addEvaluationData, changeEvaluationDatum, evaluationData } from '../../src/store/repos/workflow-evaluations.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

interface Made {
  readonly userPk: number
  readonly appPk: number
  readonly versionPk: number
}

const at = { created_at: 1, modified_at: 1 }

async function make(db: Database): Promise<Made> {
  return db.transact(async (tx) => {
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const model = await models.insert(tx, {
      ...at,
      app_pk: app.pk,
      id: 'pets',
      doc: '{}',
      model_type_id: 'embedding-classifier',
      name: 'pets',
      description: '',
      visibility: 10,
      latest_version_pk: null,
    })
    const version = await modelVersions.insert(tx, {
      ...at,
      model_pk: model.pk,
      id: 'v1',
      doc: '{}',
      status_code: 21_100,
      description: '',
      visibility: 10,
      completed_at: null,
    })
    const links = []
    for (const id of ['cat', 'dog']) {
      const row = await concepts.insert(tx, { ...at, app_pk: app.pk, id, doc: '{}', name: id, language: 'en' })
      links.push({ conceptPk: row.pk, doc: '{}' })
    }
    await setVersionConcepts(tx, version.pk, links)
    return { userPk: user.pk, appPk: app.pk, versionPk: version.pk }
  })
}

const add = (db: Database, { appPk, versionPk }: Made, id: string, more: object = {}) =>
  db.transact((tx) =>
    evaluations.insert(tx, {
      ...at,
      app_pk: appPk,
      id,
      doc: '{}',
      model_version_pk: versionPk,
      dataset_pk: null,
      dataset_version_pk: null,
      eval_dataset_id: '',
      train_dataset_id: '',
      status_code: 21_300,
      status_details: '',
      job_id: `job-${id}`,
      roc_auc: null,
      f1: null,
      macro_precision: null,
      macro_recall: null,
      mean_average_precision: null,
      ...more,
    }),
  )

onEachEngine('evaluations', (engine) => {
  it('are listed by any figure, those without it as the lowest, and by what they are about', () =>
    withDatabase(engine, async (db) => {
      const made = await make(db)
      await add(db, made, 'a', { roc_auc: 0.5, eval_dataset_id: 'x', created_at: 3 })
      await add(db, made, 'b', { roc_auc: 0.9, f1: 0.25, created_at: 2 })
      await add(db, made, 'c', { status_code: 21_317, created_at: 1 })
      const viewer = { appPk: made.appPk, minVisibility: 0 }
      const list = async (sort: EvaluationSort, more = {}) =>
        (await listEvaluations(db.read, viewer, { sort, descending: true, limit: 10, offset: 0, ...more })).map(
          ({ id }) => id,
        )
      assert.deepEqual(await list('roc_auc'), ['b', 'a', 'c'])
      assert.deepEqual(await list('roc_auc', { descending: false }), ['c', 'a', 'b'])
      assert.deepEqual(await list('created_at'), ['a', 'b', 'c'])
      assert.deepEqual(await list('f1', { limit: 1 }), ['b'])
      for (const sort of ['app_id', 'model_id', 'eval_dataset_id', 'train_dataset_id'] as const) {
        assert.equal((await list(sort)).length, 3)
      }
      assert.deepEqual(await list('created_at', { withoutStatuses: { from: 21_310, to: 21_317 } }), ['a', 'b'])
      assert.deepEqual(await list('created_at', { evalDatasetIds: ['x'], modelTypeId: 'embedding-classifier' }), ['a'])
      assert.deepEqual(await list('created_at', { conceptIds: ['cat', 'dog'], offset: 2 }), ['c'])
      assert.deepEqual(await list('created_at', { conceptIds: ['cat', 'bird'] }), [])
      const row = await findEvaluation(db.read, { userPk: made.userPk, minVisibility: 0 }, 'a')
      assert.deepEqual(
        [row?.user_id, row?.own_app_id, row?.model_id, row?.version_id, row?.dataset_id],
        ['ann', 'app', 'pets', 'v1', null],
      )
      assert.equal(await findEvaluation(db.read, { appPk: made.appPk, minVisibility: 50 }, 'a'), undefined)
      assert.deepEqual(await list('created_at', { versionPk: made.versionPk, limit: 1 }), ['a'])
      assert.deepEqual(await list('created_at', { versionPk: made.versionPk + 1 }), [])
    }))

  it('have chunks that are added once, and results that go with them', () =>
    withDatabase(engine, async (db) => {
      const made = await make(db)
      const { pk } = await add(db, made, 'a')
      const chunk = { evaluation_pk: pk, position: 0, examples: 2, content: Buffer.from('first') }
      await db.transact(async (tx) => {
        await addEvaluationChunk(tx, chunk)
        await addEvaluationChunk(tx, { ...chunk, content: Buffer.from('second') })
        await addEvaluationChunk(tx, { ...chunk, position: 4 })
        await putEvaluationResults(tx, pk, { label_counts: '{"old":1}', test_set: '{}' })
        await putEvaluationResults(tx, pk, { label_counts: '{"new":1}' })
        assert.equal(await changeEvaluation(tx, pk, { roc_auc: 0.75 }, 9), true)
        assert.equal(await changeEvaluation(tx, -1, { roc_auc: 0.75 }, 9), false)
      })
      assert.equal(Buffer.from((await nextEvaluationChunk(db.read, pk, 0))!.content).toString(), 'first')
      assert.equal((await nextEvaluationChunk(db.read, pk, 1))?.position, 4)
      assert.deepEqual(await evaluationResults(db.read, pk, ['label_counts', 'test_set']), ['{"new":1}'])
      assert.equal(await db.transact((tx) => dropEvaluation(tx, made.appPk, 'a')), 'job-a')
      assert.equal(await nextEvaluationChunk(db.read, pk, 0), undefined)
      assert.deepEqual(await inputsLabelledWith(db.read, made.appPk, [1, 2], 0, 10), [])
    }))

  it('exports and evaluations of workflows are kept beside them', () =>
    withDatabase(engine, async (db) => {
      const { versionPk, appPk } = await make(db)
      const row = {
        ...at,
        version_pk: versionPk,
        status_code: 21_503,
        status_details: '',
        media_id: 'm1',
        size: 0,
        job_id: 'j',
      }
      const blob = { hash: 'ab', size: 5, contentType: 'application/zip' }
      await db.transact(async (tx) => {
        await putModelExport(tx, row)
        await putModelExport(tx, { ...row, media_id: 'm2' })
        assert.equal(await changeModelExport(tx, 'm1', { size: 5 }, 2), false)
        assert.equal(await changeModelExport(tx, 'm2', { size: 5 }, 2), true)
        await addVersionFile(tx, versionPk, 'export', blob, 2)
      })
      assert.equal((await getModelExport(db.read, versionPk))?.media_id, 'm2')
      assert.deepEqual(await modelExportFile(db.read, appPk, 'm2'), { hash: 'ab', size: 5 })
      assert.equal(await modelExportFile(db.read, appPk + 1, 'm2'), undefined)
      await db.transact(async (tx) => {
        const plain = { ...at, doc: '{}', description: '', visibility: 10 }
        const workflow = await tx
          .insertInto('workflows')
          .values({ ...plain, app_pk: appPk, id: 'flow', name: '', latest_version_pk: null })
          .returning('pk')
          .executeTakeFirstOrThrow()
        const version = await tx
          .insertInto('workflow_versions')
          .values({ ...plain, workflow_pk: workflow.pk, id: 'v1' })
          .returning('pk')
          .executeTakeFirstOrThrow()
        const { pk } = await workflowEvaluations.insert(tx, {
          ...at,
          app_pk: appPk,
          id: 'e',
          doc: '{}',
          workflow_version_pk: version.pk,
          target_node_id: 'n',
          template_id: 't',
          dataset_version_pk: 1,
          predictions_version_pk: null,
          status_code: 43_100,
          status_details: '',
          job_id: '',
        })
        const datum = { evaluation_pk: pk, position: 1, id: 'd1', doc: '{}' }
        await addEvaluationData(tx, [datum, { ...datum, doc: '{"again":1}' }, { ...datum, id: 'd0', position: 0 }])
        await changeEvaluationDatum(tx, pk, 'd0', '{"changed":1}')
        const rows = await evaluationData(tx, pk, { limit: 5, offset: 0 })
        assert.deepEqual(
          rows.map(({ id, doc }) => [id, doc]),
          [
            ['d0', '{"changed":1}'],
            ['d1', '{}'],
          ],
        )
      })
    }))
})
