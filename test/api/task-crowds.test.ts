import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  PutTaskAssignmentsRequestAction as Action,
  TaskReview_TaskReviewStrategy as Review,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { succeeded, type TestApp } from '../kit/apps.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { dynamicTask, fullTask, onTaskStage, people, type TaskInit, taskCalls } from '../kit/tasks.ts'
import { onEachEngine } from '../store/kit.ts'

const { SUCCESS, FAILURE, CONN_DOES_NOT_EXIST, TASK_PERMISSION_DENIED, TASK_CONFLICT } = StatusCode
const { TASK_ASSIGNMENT_SUCCESS, TASK_ASSIGNMENT_REJECTED } = StatusCode

/** What people may be told while inputs and reviewers come and go. */
const FAIR: readonly number[] = [SUCCESS, FAILURE, CONN_DOES_NOT_EXIST, TASK_PERMISSION_DENIED, TASK_CONFLICT]
const INPUTS = 30
const ROUNDS = 10

onEachEngine('tasks on which many work at once', (engine) => {
  let server: TestServer
  let app: TestApp
  let labelers: readonly TestUser[]
  let reviewers: readonly TestUser[]
  let inputs: readonly string[]

  onTaskStage(engine, { app: 'crowd', people: ['ann', 'bob', 'cid', 'rob', 'sue'], inputs: INPUTS }, (stage) => {
    ;({ server, app, inputs } = stage)
    labelers = stage.people.slice(0, 3)
    reviewers = stage.people.slice(3)
  })

  const { UA, make, patch, start, startReview, submit, approve, changes, reject, put } = taskCalls(() => ({
    server,
    app,
  }))
  const idsOf = (found: readonly { readonly id: string }[]) => found.map(({ id }) => id)

  const manual = (users: readonly TestUser[], approvalThreshold: number): TaskInit => ({
    review: {
      strategy: Review.MANUAL,
      users: users.map(({ id }) => ({ id })),
      strategyInfo: { case: 'manualStrategyInfo', value: { approvalThreshold } },
    },
  })
  const consensus = (users: readonly TestUser[], approvalThresholdReviewers: number): TaskInit => ({
    review: {
      strategy: Review.CONSENSUS,
      users: users.map(({ id }) => ({ id })),
      strategyInfo: {
        case: 'consensusStrategyInfo',
        value: { approvalThresholdLabelers: 2, approvalThresholdReviewers },
      },
    },
  })

  for (const [name, base, review] of [
    ['DYNAMIC, reviewed', dynamicTask, manual],
    ['DYNAMIC, by consensus', dynamicTask, consensus],
    ['FULL, reviewed', fullTask, manual],
    ['FULL, by consensus', fullTask, consensus],
  ] as const) {
    test(`${name}: nothing is left undecided in the end, and annotations are what their assignments are`, async () => {
      const dice = diceOf(name.length)
      const task = base(idsOf(labelers), review(reviewers, -1))
      const taskId = await make(task)
      const told = new Set<number>()
      const note = <R extends { status?: { code: number } | undefined }>(answer: R): R => {
        told.add(answer.status?.code ?? 0)
        return answer
      }
      const say = (user: TestUser, inputId: string) => {
        const annotations = [{ inputId, taskId, data: { concepts: [{ id: dice(3) > 0 ? 'dog' : 'cat', value: 1 }] } }]
        return server.call('PostAnnotations', { ...UA(), annotations }, { key: user.pat })
      }
      const label = async (user: TestUser): Promise<void> => {
        const open = note(await put(taskId, user, Action.LABEL_START)).taskAssignments.filter(() => dice(3) > 0)
        for (const { input } of open) if (dice(5) > 0) note(await say(user, input!.id))
        if (open.length > 0) note(await submit(taskId, user, idsOf(open)))
      }
      const judge = async (user: TestUser): Promise<void> => {
        const ids = idsOf(note(await put(taskId, user, Action.REVIEW_START)).taskAssignments)
        if (ids.length === 0) return
        const workers = people(labelers[dice(3)]!.id)
        const choice = dice(6)
        if (choice === 0) note(await put(taskId, user, Action.REVIEW_APPROVE, 'reviewApproveConfig', { workers }))
        else if (choice === 1) note(await changes(taskId, user, ids.slice(0, 2)))
        else if (choice === 2) note(await reject(taskId, user, ids.slice(0, 2)))
        else note(await approve(taskId, user, ids))
      }
      const disturb = async (round: number): Promise<void> => {
        note(await server.call('DeleteInputs', { ...UA(), ids: [inputs[dice(INPUTS)]!] }))
        await putInputs(server.services, app, [{ id: `late${round}` }])
        const some = dice(2) === 0 ? reviewers : [reviewers[dice(2)]!]
        note(await patch({ id: taskId, ...review(some, [0, 1, -1][dice(3)]!) }))
      }
      const again = async (work: (round: number) => Promise<void>) => {
        for (let round = 0; round < ROUNDS; round++) await work(round)
      }
      let working = true
      const labelling = Promise.all([...labelers.map((user) => again(() => label(user))), again(disturb)])
      const judging = reviewers.map(async (user) => {
        while (working) {
          await judge(user)
          // On SQLite a call that only reads waits for nothing.
          await nextTurn()
        }
      })
      await labelling.finally(() => {
        working = false
      })
      await Promise.all(judging)
      await server.services.jobs.idle()
      assert.deepEqual(
        [...told].filter((code) => !FAIR.includes(code)),
        [],
      )
      // One of two has approved some, and taken more, when he ceases to be a reviewer.
      const [first, last] = reviewers as [TestUser, TestUser]
      succeeded(await patch({ id: taskId, ...review(reviewers, -1) }))
      const taken = idsOf(await startReview(taskId, first))
      if (taken.length > 1) succeeded(await approve(taskId, first, taken.slice(1)))
      succeeded(await patch({ id: taskId, ...review([last], 0) }))

      for (let left = 1; left > 0; ) {
        left = 0
        for (const user of labelers) {
          const open = await start(taskId, user)
          if (open.length > 0) succeeded(await submit(taskId, user, idsOf(open)))
          left += open.length
        }
        await server.services.jobs.idle()
        const open = await startReview(taskId, last)
        if (open.length > 0) succeeded(await approve(taskId, last, idsOf(open)))
        left += open.length
      }
      await expectDecided(taskId)
    })
  }

  async function expectDecided(taskId: string): Promise<void> {
    const { read } = server.services.db
    const failed = read.selectFrom('jobs').select(['kind', 'error_details']).where('status', '=', 'failed')
    assert.deepEqual(await failed.execute(), [])
    const assigned = await read
      .selectFrom('task_assignments')
      .innerJoin('tasks', 'tasks.pk', 'task_assignments.task_pk')
      .select(['task_assignments.input_pk', 'task_assignments.worker_id', 'task_assignments.status_code'])
      .where('tasks.id', '=', taskId)
      .execute()
    const decided: readonly number[] = [TASK_ASSIGNMENT_SUCCESS, TASK_ASSIGNMENT_REJECTED]
    assert.deepEqual(
      assigned.filter(({ status_code }) => !decided.includes(status_code)),
      [],
    )
    const name = (row: { readonly input_pk: number; readonly worker_id: string }) => `${row.input_pk} ${row.worker_id}`
    const approved = new Set(assigned.filter(({ status_code }) => status_code === decided[0]).map(name))
    const said = await read
      .selectFrom('annotations')
      .select(['input_pk', 'worker_id', 'status_code'])
      .where('task_id', '=', taskId)
      .execute()
    assert.ok(said.length > 0)
    const other = said.filter((row) => approved.has(name(row)) && row.status_code !== StatusCode.ANNOTATION_SUCCESS)
    assert.deepEqual(other, [])
  }
})

/** Numbers by chance, the same for the same seed. */
function diceOf(seed: number): (sides: number) => number {
  let state = seed
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff
    return (state >> 9) % sides
  }
}
