import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  PutTaskAssignmentsRequestAction as Action,
  type DataSchema,
  TaskReview_TaskReviewStrategy as Review,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { consensusJob } from '../../src/domain/tasks/consensus-job.ts'
import { reviewTaskJob } from '../../src/domain/tasks/review-job.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { dynamicTask, fullTask, makeTask, onTaskStage, people, type TaskInit, taskCalls } from '../kit/tasks.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { onEachEngine } from '../store/kit.ts'

const { TASK_ASSIGNMENT_PENDING, TASK_ASSIGNMENT_SUCCESS, TASK_ASSIGNMENT_REJECTED } = StatusCode
const { TASK_ASSIGNMENT_AWAITING_REVIEW, TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW } = StatusCode
const { ANNOTATION_SUCCESS, ANNOTATION_PENDING, ANNOTATION_AWAITING_REVIEW, ANNOTATION_REVIEW_DENIED } = StatusCode

onEachEngine('task reviews', (engine) => {
  let server: TestServer
  let app: TestApp
  let ann: TestUser
  let bob: TestUser
  let rob: TestUser
  let sue: TestUser
  let inputs: readonly string[]

  onTaskStage(engine, { app: 'reviewed', people: ['ann', 'bob', 'rob', 'sue'], inputs: 14 }, (stage) => {
    ;({ server, app, inputs } = stage)
    ;[ann, bob, rob, sue] = stage.people as [TestUser, TestUser, TestUser, TestUser]
  })

  const calls = taskCalls(() => ({ server, app }))
  const { UA, put, patch, start, startReview, approve, changes, reject } = calls
  const taskAssignments = (ids: readonly string[]) => ({ taskAssignments: ids.map((id) => ({ id })) })
  const submit = async (taskId: string, user: TestUser, ids: readonly string[]) => {
    const { taskAssignments: sent } = succeeded(await calls.submit(taskId, user, ids))
    await server.services.jobs.idle()
    return sent
  }
  const codes = (response: Awaited<ReturnType<typeof approve>>) =>
    succeeded(response).taskAssignments.map(({ status }) => status?.code)
  const say = async (taskId: string, user: TestUser, inputId: string, data: MessageInitShape<typeof DataSchema>) => {
    const annotations = [{ inputId, taskId, data }]
    return succeeded(await server.call('PostAnnotations', { ...UA(), annotations }, { key: user.pat })).annotations[0]!
  }
  const tag = (id: string) => ({ concepts: [{ id, value: 1 }] })
  const found = async ({ inputId, id }: { readonly inputId: string; readonly id: string }) =>
    succeeded(await server.call('GetAnnotation', { ...UA(), inputId, annotationId: id })).annotation!
  const statusOf = async (annotation: { readonly inputId: string; readonly id: string }) =>
    (await found(annotation)).status!.code
  const metrics = async (taskId: string) =>
    succeeded(await server.call('GetTask', { ...UA(), taskId, additionalFields: ['metrics'] })).task!.metrics!.review!
  const counts = async (taskId: string) => {
    const { counts: all } = succeeded(await server.call('GetTaskInputCount', { ...UA(), taskId }))
    return all.map((one) => [
      one.pending,
      one.awaitingConsensusReview,
      one.awaitingReview,
      one.success,
      one.reviewDenied,
    ])
  }
  const manual = (users: readonly TestUser[], approvalThreshold = 0): TaskInit => ({
    review: {
      strategy: Review.MANUAL,
      users: users.map(({ id }) => ({ id })),
      strategyInfo: { case: 'manualStrategyInfo', value: { samplePercentage: 1, approvalThreshold } },
    },
  })
  const consensus = (approvalThresholdLabelers: number, users: readonly TestUser[] = [rob]): TaskInit => ({
    review: {
      strategy: Review.CONSENSUS,
      users: users.map(({ id }) => ({ id })),
      strategyInfo: { case: 'consensusStrategyInfo', value: { approvalThresholdLabelers } },
    },
  })
  const patchReview = async (id: string, { review }: TaskInit) => {
    succeeded(await patch({ id, review }))
    await server.services.jobs.idle()
  }
  /** Ann labels and submits everything; her first annotation and all assignments. */
  async function labelled(task: TaskInit) {
    const taskId = await makeTask(server, app, task)
    const said = await say(taskId, ann, inputs[0]!, tag('dog'))
    const ids: string[] = []
    for (let open = await start(taskId, ann); open.length > 0; open = await start(taskId, ann)) {
      ids.push(...open.map(({ id }) => id))
      await submit(
        taskId,
        ann,
        open.map(({ id }) => id),
      )
    }
    return { taskId, said, ids }
  }

  test('give each reviewer ten at a time, his own until he has decided', async () => {
    const { taskId, said, ids } = await labelled(fullTask([ann.id], manual([rob, sue])))
    assert.equal(await statusOf(said), ANNOTATION_AWAITING_REVIEW)
    const first = (await startReview(taskId, rob)).map(({ id }) => id)
    assert.deepEqual(first, ids.slice(0, 10))
    assert.deepEqual(
      (await startReview(taskId, rob)).map(({ id }) => id),
      first,
    )
    assert.deepEqual(
      (await startReview(taskId, sue)).map(({ id }) => id),
      ids.slice(10),
    )
    assert.deepEqual(codes(await approve(taskId, rob, first)), Array(10).fill(TASK_ASSIGNMENT_SUCCESS))
    assert.equal(await statusOf(said), ANNOTATION_SUCCESS)
    assert.deepEqual(await startReview(taskId, rob), [], 'the others are taken')
    const review = await metrics(taskId)
    assert.deepEqual([review.inputsCountEstimated, review.inputsPercentEstimated], [10n, 71])
    assert.deepEqual(review.inputsCountEstimatedPerReviewer, [10n, 0n])
    assert.deepEqual(review.inputsReviewableCountEstimatedPerReviewer, [10n, 4n])
    assert.deepEqual(review.inputsPercentEstimatedPerReviewer, [100, 0])
  })

  test('approve, reject and ask for changes, and annotations follow', async () => {
    const { taskId, said, ids } = await labelled(fullTask([ann.id], manual([rob])))
    const [one, two, three] = ids
    const second = await say(taskId, ann, inputs[1]!, tag('cat'))
    assert.deepEqual(codes(await changes(taskId, rob, [one!])), [TASK_ASSIGNMENT_PENDING])
    assert.equal(await statusOf(said), ANNOTATION_PENDING)
    assert.deepEqual(codes(await reject(taskId, rob, [two!])), [TASK_ASSIGNMENT_REJECTED])
    assert.equal(await statusOf(second), ANNOTATION_REVIEW_DENIED)
    assert.deepEqual(codes(await approve(taskId, rob, [three!])), [TASK_ASSIGNMENT_SUCCESS])
    assert.deepEqual(codes(await approve(taskId, rob, [three!])), [TASK_ASSIGNMENT_SUCCESS], 'saying it again is right')
    refused(await approve(taskId, rob, [two!]), StatusCode.TASK_CONFLICT, /does not await review/)
    assert.deepEqual(await counts(taskId), [[1, 0, 11, 1, 1]])
    assert.deepEqual(
      (await start(taskId, ann)).map(({ id }) => id),
      [one],
    )
    await submit(taskId, ann, [one!])
    assert.equal(await statusOf(said), ANNOTATION_AWAITING_REVIEW)
    assert.deepEqual((await startReview(taskId, rob)).map(({ id }) => id).slice(0, 1), [one])
  })

  test('need everybody where the task says so; a rejection by one is final', async () => {
    const { taskId, said, ids } = await labelled(fullTask([ann.id], manual([rob, sue], -1)))
    const [one, two] = ids
    assert.deepEqual(
      (await startReview(taskId, rob)).map(({ id }) => id),
      ids.slice(0, 10),
    )
    assert.deepEqual(
      (await startReview(taskId, sue)).map(({ id }) => id),
      ids.slice(0, 10),
    )
    assert.deepEqual(codes(await approve(taskId, rob, [one!, two!])), Array(2).fill(TASK_ASSIGNMENT_AWAITING_REVIEW))
    assert.equal(await statusOf(said), ANNOTATION_AWAITING_REVIEW)
    assert.ok(!(await startReview(taskId, rob)).some(({ id }) => id === one), 'he has said what he thinks')
    assert.deepEqual(codes(await approve(taskId, sue, [one!])), [TASK_ASSIGNMENT_SUCCESS])
    assert.equal(await statusOf(said), ANNOTATION_SUCCESS)
    assert.deepEqual(codes(await reject(taskId, sue, [two!])), [TASK_ASSIGNMENT_REJECTED])
    const review = await metrics(taskId)
    assert.deepEqual(review.inputsCountEstimatedPerReviewer, [2n, 2n])
    assert.deepEqual(review.inputsReviewableCountEstimatedPerReviewer, [14n, 14n])
  })

  test('are about the work of some workers where a reviewer wants that', async () => {
    const taskId = await makeTask(server, app, fullTask([ann.id, bob.id], manual([rob])))
    const [his] = await start(taskId, bob)
    const [hers] = await start(taskId, ann)
    await submit(taskId, bob, [his!.id])
    await submit(taskId, ann, [hers!.id])
    assert.deepEqual(
      (await startReview(taskId, rob, ann.id)).map(({ id }) => id),
      [hers!.id],
    )
    const bulk = await put(taskId, rob, Action.REVIEW_REJECT, 'reviewRejectConfig', { workers: people(bob.id) })
    assert.deepEqual(codes(bulk), [TASK_ASSIGNMENT_REJECTED])
    assert.deepEqual(await counts(taskId), [
      [13, 0, 1, 0, 0],
      [13, 0, 0, 0, 1],
    ])
    const stranger = await put(taskId, rob, Action.REVIEW_APPROVE, 'reviewApproveConfig', { workers: people('eve') })
    refused(stranger, StatusCode.CONN_INVALID_REQUEST, /no worker 'eve'/)
    const both = { workers: people(ann.id), ...taskAssignments([hers!.id]) }
    const odd = await put(taskId, rob, Action.REVIEW_APPROVE, 'reviewApproveConfig', both)
    refused(odd, StatusCode.CONN_INVALID_REQUEST, /send one of them/)
  })

  test('are for the reviewers of the task alone', async () => {
    const { taskId, ids } = await labelled(fullTask([ann.id], manual([rob])))
    for (const user of [ann, sue, server.admin]) {
      refused(await put(taskId, user, Action.REVIEW_START), StatusCode.TASK_PERMISSION_DENIED, /no reviewer/)
      refused(await approve(taskId, user, ids.slice(0, 1)), StatusCode.TASK_PERMISSION_DENIED, /no reviewer/)
    }
    refused(await approve(taskId, rob, ['999999999']), StatusCode.CONN_DOES_NOT_EXIST, /no assignment/)
    refused(await approve(taskId, rob, []), StatusCode.CONN_INVALID_REQUEST, /names no task assignment/)
  })

  test('of somebody who is no reviewer any more are left to the others', async () => {
    const { taskId, ids } = await labelled(fullTask([ann.id], manual([rob])))
    assert.equal((await startReview(taskId, rob)).length, 10)
    await patchReview(taskId, manual([sue]))
    assert.deepEqual(
      (await startReview(taskId, sue)).map(({ id }) => id),
      ids.slice(0, 10),
    )
    await patchReview(taskId, manual([rob]))
    assert.deepEqual(
      (await startReview(taskId, rob)).map(({ id }) => id),
      ids.slice(0, 10),
    )
  })

  test('are over when all who are still to approve have done so', async () => {
    const { taskId, said, ids } = await labelled(fullTask([ann.id], manual([rob, sue], -1)))
    const [one, two, three] = ids
    codes(await approve(taskId, rob, [one!, two!]))
    codes(await approve(taskId, sue, [three!]))
    await patchReview(taskId, manual([rob], -1))
    assert.deepEqual(await counts(taskId), [[0, 0, 12, 2, 0]])
    assert.equal(await statusOf(said), ANNOTATION_SUCCESS)
    await patchReview(taskId, manual([rob, sue]))
    assert.deepEqual(await counts(taskId), [[0, 0, 11, 3, 0]], 'one is enough now')
    await patchReview(taskId, manual([], -1))
    assert.deepEqual(await counts(taskId), [[0, 0, 11, 3, 0]], 'nobody has not approved the rest')
  })

  test('by consensus are decided anew when fewer have to agree', async () => {
    const taskId = await makeTask(server, app, dynamicTask([ann.id, bob.id], consensus(2)))
    const said = await say(taskId, ann, inputs[0]!, tag('dog'))
    await submit(taskId, ann, [(await start(taskId, ann))[0]!.id])
    assert.equal(await statusOf(said), StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW)
    await patchReview(taskId, consensus(1))
    assert.equal(await statusOf(said), ANNOTATION_SUCCESS)
  })

  test('of all work of a worker go on in the background, though the server is killed meanwhile', async () => {
    const { taskId } = await labelledByStore(1_700)
    const torn = await whileTorn(server, reviewTaskJob, async () => {
      const bulk = await put(taskId, rob, Action.REVIEW_APPROVE, 'reviewApproveConfig', { workers: people(ann.id) })
      assert.equal(succeeded(bulk).taskAssignments.length, 1_000)
    })
    assert.ok(torn.tears >= 3, `${torn.tears} tears`)
    assert.deepEqual(await counts(taskId), [[0, 0, 0, 1_714, 0]])
    assert.deepEqual((await metrics(taskId)).inputsCountEstimatedPerReviewer, [1_714n])
  })

  test('by consensus approve what enough labelers say, and leave the rest to people', async () => {
    const taskId = await makeTask(server, app, fullTask([ann.id, bob.id, sue.id], consensus(2)))
    const [i0, i1] = inputs
    const dog = [await say(taskId, ann, i0!, tag('dog')), await say(taskId, bob, i0!, tag('dog'))]
    const cat = await say(taskId, sue, i0!, tag('cat'))
    const apart = [await say(taskId, ann, i1!, tag('dog')), await say(taskId, bob, i1!, tag('cat'))]
    const of = async (user: TestUser) => (await start(taskId, user)).slice(0, 2).map(({ id }) => id)
    const sent = await submit(taskId, ann, await of(ann))
    assert.deepEqual(
      sent.map(({ status }) => status?.code),
      Array(2).fill(TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW),
    )
    assert.equal(await statusOf(dog[0]!), StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW)
    await submit(taskId, bob, await of(bob))
    // Two say dog: that is decided, whatever the third says.
    assert.deepEqual([await statusOf(dog[0]!), await statusOf(dog[1]!)], Array(2).fill(ANNOTATION_SUCCESS))
    const groups = await Promise.all(dog.map(async (one) => (await found(one)).consensusInfo?.annotation_group))
    assert.match(String(groups[0]), /^[0-9a-f]{32}$/)
    assert.equal(groups[0], groups[1])
    // Of the other input the third may still decide.
    assert.equal(await statusOf(apart[0]!), StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW)
    await submit(taskId, sue, await of(sue))
    assert.equal(await statusOf(cat), ANNOTATION_AWAITING_REVIEW)
    assert.deepEqual([await statusOf(apart[0]!), await statusOf(apart[1]!)], Array(2).fill(ANNOTATION_AWAITING_REVIEW))
    assert.deepEqual(await counts(taskId), [
      [12, 0, 1, 1, 0],
      [12, 0, 1, 1, 0],
      [12, 0, 2, 0, 0],
    ])
    const waiting = await startReview(taskId, rob)
    assert.equal(waiting.length, 4)
    codes(
      await approve(
        taskId,
        rob,
        waiting.map(({ id }) => id),
      ),
    )
    assert.equal(await statusOf(cat), ANNOTATION_SUCCESS)
  })

  test('by consensus compare places, not only names', async () => {
    const taskId = await makeTask(server, app, fullTask([ann.id, bob.id], consensus(2)))
    const box = (topRow: number) => ({
      regions: [
        {
          regionInfo: { boundingBox: { topRow, leftCol: 0.1, bottomRow: topRow + 0.4, rightCol: 0.5 } },
          data: tag('dog'),
        },
      ],
    })
    const near = [await say(taskId, ann, inputs[0]!, box(0.1)), await say(taskId, bob, inputs[0]!, box(0.15))]
    const far = [await say(taskId, ann, inputs[1]!, box(0.1)), await say(taskId, bob, inputs[1]!, box(0.5))]
    for (const user of [ann, bob]) {
      const ids = (await start(taskId, user)).slice(0, 2).map(({ id }) => id)
      await submit(taskId, user, ids)
    }
    for (const one of near) assert.equal(await statusOf(one), ANNOTATION_SUCCESS)
    for (const one of far) assert.equal(await statusOf(one), ANNOTATION_AWAITING_REVIEW)
    assert.equal((await found(near[0]!)).data?.regions[0]?.regionInfo?.boundingBox?.topRow.toFixed(2), '0.10')
  })

  test('by consensus ignore those who say nothing', async () => {
    const taskId = await makeTask(server, app, fullTask([ann.id, bob.id, sue.id], consensus(2)))
    await say(taskId, ann, inputs[0]!, tag('dog'))
    await say(taskId, bob, inputs[0]!, tag('dog'))
    for (const user of [sue, ann, bob]) {
      const ids = (await start(taskId, user)).slice(0, 2).map(({ id }) => id)
      await submit(taskId, user, ids)
    }
    // The first is approved for the one who said nothing as well; of the second nobody has said anything.
    assert.deepEqual(await counts(taskId), Array(3).fill([12, 0, 1, 1, 0]))
  })

  test('by consensus of one approve at once, of none leave all to people', async () => {
    const one = await labelled(fullTask([ann.id], consensus(1)))
    assert.equal(await statusOf(one.said), ANNOTATION_SUCCESS)
    assert.deepEqual(await counts(one.taskId), [[0, 0, 0, 14, 0]])
    const none = await labelled(fullTask([ann.id], consensus(0)))
    assert.equal(await statusOf(none.said), ANNOTATION_AWAITING_REVIEW)
    assert.deepEqual(await counts(none.taskId), [[0, 0, 14, 0, 0]])
  })

  test('by consensus let a DYNAMIC task give each input to as many as have to agree', async () => {
    const taskId = await makeTask(server, app, dynamicTask([ann.id, bob.id, sue.id], consensus(2)))
    const of = async (user: TestUser) => (await start(taskId, user)).map(({ input }) => input!.id)
    assert.deepEqual(await of(ann), inputs.slice(0, 10))
    assert.deepEqual(await of(bob), inputs.slice(0, 10))
    assert.deepEqual(await of(sue), inputs.slice(10))
    const said = await say(taskId, ann, inputs[0]!, tag('dog'))
    await say(taskId, bob, inputs[0]!, tag('dog'))
    await submit(taskId, ann, [(await start(taskId, ann))[0]!.id])
    assert.equal(await statusOf(said), StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW)
    await submit(taskId, bob, [(await start(taskId, bob))[0]!.id])
    assert.equal(await statusOf(said), ANNOTATION_SUCCESS)
  })

  test('by consensus come to the same though the server is killed meanwhile', async () => {
    const taskId = await makeTask(server, app, fullTask([ann.id, bob.id], consensus(2)))
    for (const user of [ann, bob]) for (const id of inputs) await say(taskId, user, id, tag('dog'))
    const torn = await whileTorn(server, consensusJob, async () => {
      for (const user of [ann, bob]) {
        for (let open = await start(taskId, user); open.length > 0; open = await start(taskId, user)) {
          succeeded(
            await put(
              taskId,
              user,
              Action.LABEL_SUBMIT,
              'labelSubmitConfig',
              taskAssignments(open.map(({ id }) => id)),
            ),
          )
        }
      }
    })
    assert.ok(torn.tears >= 2, `${torn.tears} tears`)
    assert.deepEqual(await counts(taskId), Array(2).fill([0, 0, 0, 14, 0]))
  })

  /** Many more inputs, all submitted by Ann: the rows at once, as callers would take long. */
  async function labelledByStore(count: number) {
    const { db } = server.services
    for (let at = 0; at < count; at += 100) await numberedInputsFrom(at)
    const taskId = await makeTask(server, app, fullTask([ann.id], manual([rob])))
    const { pk } = await db.read.selectFrom('tasks').select('pk').where('id', '=', taskId).executeTakeFirstOrThrow()
    await db.transact(async (tx) => {
      const change = { status_code: TASK_ASSIGNMENT_AWAITING_REVIEW }
      await tx.updateTable('task_assignments').set(change).where('task_pk', '=', pk).execute()
    })
    return { taskId }
  }

  async function numberedInputsFrom(at: number): Promise<void> {
    const wanted = Array.from({ length: 100 }, (_, n) => ({ id: `more${at + n}` }))
    await putInputs(server.services, app, wanted)
  }
})
