import assert from 'node:assert/strict'
import { it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { systemClock } from '../../src/base/clock.ts'
import { AnnotationSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import type { Database } from '../../src/store/database.ts'
import { listAnnotationRows, setStatuses } from '../../src/store/repos/annotation-lists.ts'
import { apps, tasks, users } from '../../src/store/repos/families.ts'
import {
  addAssignments,
  assignmentsByPk,
  assignmentsOf,
  assignmentsOfInputs,
  submittedOf,
} from '../../src/store/repos/task-assignments.ts'
import { countAssignments, countReviews, countTaskAnnotations } from '../../src/store/repos/task-counts.ts'
import { type InputWish, inputsOfSourceAfter } from '../../src/store/repos/task-inputs.ts'
import { setReviews, takenForReview, waitingForReview } from '../../src/store/repos/task-reviews.ts'
import { deletePartOfTask, setMembers, tasksWithMembers, withMember } from '../../src/store/repos/tasks.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

const { TASK_ASSIGNMENT_PENDING, TASK_ASSIGNMENT_AWAITING_REVIEW } = StatusCode
const { TASK_ASSIGNMENT_REVIEW_PENDING, TASK_ASSIGNMENT_REVIEW_SUCCESS } = StatusCode

async function seeded(db: Database) {
  const { user, app, task, other } = await db.transact(async (tx) => {
    const user = await users.insert(tx, { ...newUser('owner'), email: null })
    const app = await apps.insert(tx, { ...newApp(user.pk, 'app'), is_template: 0, is_featured: 0 } as never)
    const row = (id: string) => ({
      ...{ app_pk: app.pk, id, doc: '{}', status_code: 54001, status_details: '', visibility: 10, created_at: 1 },
      ...{ modified_at: 1, label_order_id: '', source_type: 1, source_id: '', version_pk: 0, cursor: 0 },
    })
    const [task, other] = [await tasks.insert(tx, row('one')), await tasks.insert(tx, row('two'))]
    await setMembers(tx, task.pk, 'worker', ['ann', 'bob'])
    await setMembers(tx, task.pk, 'reviewer', ['rob'])
    return { user, app, task, other }
  })
  const place = { pk: app.pk, owner: { id: 'owner', pk: user.pk } }
  const ids = Array.from({ length: 6 }, (_, at) => ({ id: `i${at}` }))
  const inputs = [...(await putInputs({ db, clock: systemClock }, place, ids)).values()]
  return { app, task, other, inputs, user }
}

const assigned = (taskPk: number, inputPk: number, id: string, status_code: number = TASK_ASSIGNMENT_PENDING) => ({
  ...{ task_pk: taskPk, input_pk: inputPk, worker_kind: 'user' as const, worker_id: id, status_code },
  ...{ created_at: 1, modified_at: 1 },
})

onEachEngine('rows of tasks', (engine) => {
  it('assign an input to a worker once, and find it by input, by worker and by pk', () =>
    withDatabase(engine, async (db) => {
      const { task, other, inputs } = await seeded(db)
      const rows = inputs.flatMap((pk) => [assigned(task.pk, pk, 'ann'), assigned(task.pk, pk, 'bob')])
      await db.transact((tx) => addAssignments(tx, rows))
      await db.transact((tx) => addAssignments(tx, [...rows, assigned(other.pk, inputs[0]!, 'ann')]))
      const own = await assignmentsOf(db.read, task.pk, { kind: 'user', id: 'ann' }, TASK_ASSIGNMENT_PENDING, 4)
      assert.deepEqual(
        own.map(({ input_pk }) => input_pk),
        inputs.slice(0, 4),
      )
      const ofInput = (await assignmentsOfInputs(db.read, task.pk, [inputs[0]!])).get(inputs[0]!)!
      assert.deepEqual(ofInput.map(({ worker_id }) => worker_id).sort(), ['ann', 'bob'])
      const found = await assignmentsByPk(db.read, task.pk, [own[1]!.pk, own[0]!.pk])
      assert.deepEqual(
        found.map(({ pk }) => pk),
        [own[0]!.pk, own[1]!.pk],
      )
      assert.deepEqual(await assignmentsByPk(db.read, other.pk, [own[0]!.pk]), [], 'of another task')
      const counts = await countAssignments(db.read, task.pk)
      assert.deepEqual(counts.map(({ worker_id, rows: n }) => [worker_id, n]).sort(), [
        ['ann', 6],
        ['bob', 6],
      ])
      assert.deepEqual(await submittedOf(db.read, task.pk, { kind: 'user', id: 'ann' }, 5), [])
    }))

  it('are deleted part by part, with what reviewers said, and leave other tasks alone', () =>
    withDatabase(engine, async (db) => {
      const { task, other, inputs } = await seeded(db)
      const rows = inputs.flatMap((pk) => [assigned(task.pk, pk, 'ann'), assigned(other.pk, pk, 'ann')])
      await db.transact((tx) => addAssignments(tx, rows))
      const own = await assignmentsOf(db.read, task.pk, { kind: 'user', id: 'ann' }, TASK_ASSIGNMENT_PENDING, 9)
      await db.transact((tx) => setReviews(tx, own, 'rob', TASK_ASSIGNMENT_REVIEW_SUCCESS, 1))
      assert.deepEqual(await countReviews(db.read, task.pk), [
        { user_id: 'rob', status_code: TASK_ASSIGNMENT_REVIEW_SUCCESS, of_status: TASK_ASSIGNMENT_PENDING, rows: 6 },
      ])
      assert.equal(await db.transact((tx) => deletePartOfTask(tx, task.pk)), true)
      assert.deepEqual(await countAssignments(db.read, task.pk), [])
      assert.deepEqual(await countReviews(db.read, task.pk), [])
      assert.equal((await countAssignments(db.read, other.pk))[0]?.rows, 6)
    }))

  it('wait for review until somebody takes them, or until each reviewer has said something', () =>
    withDatabase(engine, async (db) => {
      const { task, inputs } = await seeded(db)
      const rows = inputs.map((pk, at) =>
        assigned(
          task.pk,
          pk,
          at < 4 ? 'ann' : 'bob',
          at === 0 ? TASK_ASSIGNMENT_PENDING : TASK_ASSIGNMENT_AWAITING_REVIEW,
        ),
      )
      await db.transact((tx) => addAssignments(tx, rows))
      const wish = { userId: 'rob', everybody: false, workers: [], limit: 10 }
      const waiting = await waitingForReview(db.read, task.pk, wish)
      assert.deepEqual(
        waiting.map(({ input_pk }) => input_pk),
        inputs.slice(1),
      )
      await db.transact((tx) => setReviews(tx, waiting.slice(0, 2), 'sue', TASK_ASSIGNMENT_REVIEW_PENDING, 1))
      const pks = async (more: object) =>
        (await waitingForReview(db.read, task.pk, { ...wish, ...more })).map(({ input_pk }) => inputs.indexOf(input_pk))
      assert.deepEqual(await pks({}), [3, 4, 5])
      assert.deepEqual(await pks({ everybody: true }), [1, 2, 3, 4, 5])
      assert.deepEqual(await pks({ everybody: true, userId: 'sue' }), [3, 4, 5])
      assert.deepEqual(await pks({ takenToo: true }), [1, 2, 3, 4, 5])
      assert.deepEqual(await pks({ workers: [{ kind: 'user', id: 'bob' }] }), [4, 5])
      assert.deepEqual(await pks({ submittedBy: 0 }), [])
      const taken = await takenForReview(db.read, task.pk, 'sue', [], 10)
      assert.deepEqual(
        taken.map(({ input_pk }) => inputs.indexOf(input_pk)),
        [1, 2],
      )
      assert.deepEqual(await takenForReview(db.read, task.pk, 'sue', [{ kind: 'user', id: 'bob' }], 10), [])
      assert.deepEqual(await takenForReview(db.read, task.pk, 'rob', [], 10), [])
    }))

  it('know their people', () =>
    withDatabase(engine, async (db) => {
      const { app, task } = await seeded(db)
      const members = await tasksWithMembers(db.read, app.pk, ['one', 'two', 'three'])
      assert.deepEqual([...members].map(([id, own]) => [id, [...own].sort()]).sort(), [
        ['one', ['ann', 'bob', 'rob']],
        ['two', []],
      ])
      const count = (...wish: Parameters<typeof withMember>) =>
        tasks.count(db.read, { parent: app.pk, where: withMember(...wish) })
      assert.deepEqual(await Promise.all([count('worker', ['ann']), count('worker', ['rob'])]), [1, 0])
      await db.transact((tx) => setMembers(tx, task.pk, 'worker', ['rob']))
      assert.deepEqual(await Promise.all([count('worker', ['ann']), count('worker', ['rob'])]), [0, 1])
    }))

  it('take inputs in the order of their pks, whatever their status', () =>
    withDatabase(engine, async (db) => {
      const { app, task, inputs } = await seeded(db)
      await db.transact(async (tx) => {
        const pending = { status_code: StatusCode.INPUT_PENDING }
        await tx.updateTable('inputs').set(pending).where('pk', 'in', [inputs[1]!, inputs[4]!]).execute()
      })
      const both = [StatusCode.INPUT_SUCCESS, StatusCode.INPUT_PENDING]
      const next = async (after: number, statuses = both, among = {}, more: Partial<InputWish> = {}) =>
        (await inputsOfSourceAfter(db.read, app.pk, among, { statuses, after, limit: 3, ...more })).map((pk) =>
          inputs.indexOf(pk),
        )
      assert.deepEqual(await next(0), [0, 1, 2])
      assert.deepEqual(await next(inputs[2]!), [3, 4, 5])
      assert.deepEqual(await next(0, [StatusCode.INPUT_SUCCESS]), [0, 2, 3])
      assert.deepEqual(await next(0, both, { inputPks: [inputs[5]!, inputs[1]!] }), [1, 5])
      assert.deepEqual(await next(0, both, { inputPks: [] }), [])
      assert.deepEqual(await next(inputs[0]!, both, {}, { until: inputs[2]! }), [1, 2])
      const rows = [assigned(task.pk, inputs[0]!, 'ann'), assigned(task.pk, inputs[0]!, 'bob')]
      await db.transact((tx) => addAssignments(tx, [...rows, assigned(task.pk, inputs[1]!, 'ann')]))
      const lacking = (fewerThan: number, notTo?: string) =>
        next(0, both, {}, { unassigned: { taskPk: task.pk, fewerThan, ...(notTo !== undefined && { notTo }) } })
      assert.deepEqual(await lacking(1), [2, 3, 4])
      assert.deepEqual(await lacking(2), [1, 2, 3])
      assert.deepEqual(await lacking(2, 'ann'), [2, 3, 4])
      assert.deepEqual(await lacking(3, 'cid'), [0, 1, 2])
    }))

  it('of annotations change by task and input together', () =>
    withDatabase(engine, async (db) => {
      const { app, inputs, user } = await seeded(db)
      const drafts = inputs.flatMap((inputPk) =>
        ['one', 'two'].map((taskId) => ({
          ...{ appPk: app.pk, inputPk, statusCode: StatusCode.ANNOTATION_PENDING, trusted: true },
          message: create(AnnotationSchema, { taskId, data: { metadata: { a: 1 } } }),
          worker: { kind: 'user' as const, id: 'ann', pk: user.pk },
          conceptPk: () => undefined,
        })),
      )
      await db.transact((tx) => storeAnnotations(tx, drafts, 1))
      const filter = { taskId: 'one', inputPks: inputs.slice(0, 2), workers: [{ kind: 'user' as const, ids: ['ann'] }] }
      const page = { newestFirst: false, limit: 10, offset: 0 }
      const listed = await listAnnotationRows(db.read, app.pk, filter, page)
      assert.deepEqual(
        listed.map(({ input_pk }) => input_pk),
        inputs.slice(0, 2),
      )
      const { count } = await db.transact((tx) => setStatuses(tx, app.pk, filter, StatusCode.ANNOTATION_SUCCESS, 2))
      assert.equal(count, 2)
      const counts = await countTaskAnnotations(db.read, app.pk, 'one')
      assert.deepEqual(counts.map(({ status_code, rows }) => [status_code, rows]).sort(), [
        [StatusCode.ANNOTATION_SUCCESS, 2],
        [StatusCode.ANNOTATION_PENDING, 4],
      ])
    }))
})
