import { equals } from '@bufbuild/protobuf'
import {
  type Task,
  TaskInputSourceSchema,
  TaskReviewSchema,
  type TaskWorker,
  TaskWorkerSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { leaveTaken } from '../../store/repos/task-reviews.ts'
import { annotationsToSayAnew, dropPending, setMembers, setTaskStatus } from '../../store/repos/tasks.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import { removeAnnotations } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { orderIsDone } from '../label-orders/follow-task.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { findRow, present, rewrite, toStored } from '../resource/verbs.ts'
import { beginTask } from './begin.ts'
import { checkMembers } from './check.ts'
import { demandDeleting } from './post.ts'
import { invalidTask, taskConflict } from './problem.ts'
import { normalTask, tasks } from './resource.ts'
import { settleReviewsJob } from './settle-job.ts'
import { findSource, type Source } from './source.ts'
import { isAuto, reviewerIds } from './workers.ts'

const { TASK_IN_PROGRESS } = StatusCode

/** What a task can be told to be; the other statuses come about by themselves. */
const SETTABLE: readonly StatusCode[] = [StatusCode.TASK_IN_PROGRESS, StatusCode.TASK_DONE, StatusCode.TASK_WONT_DO]

/**
 * Overwrites what is said of tasks, all or none. Who works on what, and how it is shared out and reviewed, was decided
 * when the task began and cannot change any more: saying it again is right, saying something else is 54100.
 */
export async function patchTasks(call: Call, patches: readonly Task[], actionText: string): Promise<Task[]> {
  const action = readAction(actionText, tasks.patch.actions, tasks.codes.invalid)
  const sources = new Map<string, Source>()
  for (const patch of patches) {
    normalTask(patch, call)
    await lookAhead(call, patch, sources)
  }
  const rows = await call.services.db.transact(async (tx) => {
    const changed: Row<'tasks'>[] = []
    for (const patch of patches) {
      const row = await findRow(tasks, tx, requireApp(call.target), patch.id, call)
      const { message } = toStored(tasks, row)
      refuseOtherWork(message, patch)
      const result = applyPatch(tasks.desc, message, patch, action, tasks.patch.fields)
      let now = await rewrite(tasks, call, row, result, tx)
      if (patch.review) await changeReview(call, tx, row, message.review, result)
      if (patch.status?.code) now = await patchStatus(call, tx, now, patch.status.code)
      if (now.status_code === TASK_IN_PROGRESS && row.status_code !== TASK_IN_PROGRESS && isAuto(result)) {
        await removeAnnotations(tx, now.app_pk, await annotationsToSayAnew(tx, now))
        await dropPending(tx, now.pk)
        await beginTask(call, tx, now, {
          task: result,
          source: sources.get(row.id) ?? (await findSource(call, result.inputSource)),
          versionPk: now.version_pk,
        })
      }
      changed.push(now)
    }
    return changed
  })
  return present(tasks, call, rows)
}

/** Does before the transaction what may take long: asks for new people, and for the source of a task that begins again. */
async function lookAhead(call: Call, patch: Task, sources: Map<string, Source>): Promise<void> {
  const row = await findRow(tasks, call.services.db.read, requireApp(call.target), patch.id, call)
  const { message } = toStored(tasks, row)
  await checkMembers(call, reviewerIds(patch), new Set(reviewerIds(message)))
  if (!message.deletePreviousAnnotations && isAuto(message)) demandDeleting(call, patch)
  const begins = patch.status?.code === TASK_IN_PROGRESS && row.status_code !== TASK_IN_PROGRESS
  if (begins && isAuto(message)) sources.set(row.id, await findSource(call, message.inputSource))
}

function refuseOtherWork(task: Task, patch: Task): void {
  const other = (what: string): Error =>
    taskConflict(`The ${what} of the task '${task.id}' cannot be changed after it was created; make another task.`)
  if (patch.type !== 0 && patch.type !== task.type) throw other('type')
  if (patch.worker && task.worker && !sameWorker(patch.worker, task.worker)) throw other('worker')
  if (patch.inputSource && task.inputSource && !equals(TaskInputSourceSchema, patch.inputSource, task.inputSource)) {
    throw other('input_source')
  }
  if (patch.review && patch.review.strategy !== (task.review?.strategy ?? 0)) throw other('review.strategy')
}

/** Whether a worker is said again; a model or workflow may be named without the version that was chosen for it. */
function sameWorker(said: TaskWorker, known: TaskWorker): boolean {
  const [auto, of] = [said.workers[0]?.worker, known.workers[0]?.worker]
  if (auto?.case === 'model' && of?.case === 'model') {
    const version = auto.value.modelVersion?.id ?? ''
    return auto.value.id === of.value.id && (version === '' || version === of.value.modelVersion?.id)
  }
  if (auto?.case === 'workflow' && of?.case === 'workflow') {
    const version = auto.value.version?.id ?? ''
    return auto.value.id === of.value.id && (version === '' || version === of.value.version?.id)
  }
  return equals(TaskWorkerSchema, said, known)
}

async function changeReview(call: Call, tx: Writer, row: Row<'tasks'>, before: Task['review'], task: Task) {
  if (before && task.review && equals(TaskReviewSchema, before, task.review)) return
  await setMembers(tx, row.pk, 'reviewer', reviewerIds(task))
  await leaveTaken(tx, row.pk)
  const options = { appPk: row.app_pk, concurrencyKey: `consensus:${row.pk}` }
  await call.services.jobs.enqueue(tx, settleReviewsJob, { taskPk: row.pk }, options)
}

async function patchStatus(call: Call, tx: Writer, row: Row<'tasks'>, code: StatusCode): Promise<Row<'tasks'>> {
  if (code === row.status_code) return row
  if (!SETTABLE.includes(code)) {
    const allowed = SETTABLE.map((one) => `${StatusCode[one]} ${one}`).join(', ')
    throw invalidTask(`A task cannot be given the status ${code}; use one of ${allowed}.`)
  }
  const now = call.services.clock.now()
  await setTaskStatus(tx, row.pk, { code }, now)
  if (code === StatusCode.TASK_DONE) await orderIsDone(tx, row, now)
  return (await tasks.rows.getByPk(tx, row.pk))!
}
