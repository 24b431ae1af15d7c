import { AppError } from '../../base/errors.ts'
import { type Task, TaskSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { JobContext } from '../../jobs/define.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { tasks } from '../../store/repos/families.ts'
import { originalsOfInputs } from '../../store/repos/input-media.ts'
import { stillProcessed } from '../../store/repos/reindex.ts'
import { addAssignments, assignmentsOfInputs } from '../../store/repos/task-assignments.ts'
import { notePreviousDeleted, previousAutoAnnotations, setTaskStatus } from '../../store/repos/tasks.ts'
import { ensureConcepts, type LabelPlace } from '../annotations/concepts.ts'
import { removeAnnotations, storeAnnotations } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { labelPlace } from '../inputs/caller.ts'
import { callInApp } from '../inputs/process/call.ts'
import { storedInput } from '../inputs/stored-input.ts'
import { defineJob } from '../jobs/define.ts'
import { orderBegins, orderIsDone } from '../label-orders/follow-task.ts'
import { runInputs } from '../predict/run.ts'
import type { Services } from '../services.ts'
import { type AutoAnnotation, autoAnnotations } from './auto-annotations.ts'
import { isOfModel, type ReadyAuto, readyAuto } from './auto-worker.ts'
import { ANNOTATED_TOGETHER, CLEARED_TOGETHER, IDLE_MS } from './limits.ts'
import { mayGrow, nextOfSource, type Source } from './source.ts'

interface Args {
  readonly taskPk: number
  readonly source: Source
}

type Context = JobContext<Args, undefined, Services>

const { TASK_IN_PROGRESS, TASK_IDLE, TASK_DONE, TASK_FAILED } = StatusCode
const { TASK_ASSIGNMENT_PENDING, TASK_ASSIGNMENT_SUCCESS, TASK_ASSIGNMENT_AWAITING_REVIEW } = StatusCode

/**
 * Annotates the inputs of a task by its model or workflow. Annotations of an input and the row that says it is done are
 * one commit, so a server that was killed annotates nothing twice. Where more inputs may come, the task is idle
 * afterwards and the job looks again after a while; otherwise the task is done.
 */
export const autoTaskJob = defineJob<Args>({
  kind: 'auto-annotate',
  async run(ctx) {
    const { args, services, appPk, signal, log } = ctx
    const row = await atWork(services.db.read, args.taskPk)
    const call = row && (await callInApp(services, appPk!, { requestId: ctx.id, signal, log }))
    if (!call) return
    const task: Task = { ...decodeDoc(TaskSchema, row.doc), id: row.id }
    if (row.status_code === TASK_IDLE && (await unannotated(services.db.read, args, 0, 1)).length === 0) return
    const auto = await readyAuto(call, task)
    if (task.deletePreviousAnnotations && row.previous_deleted === 0) await clear(ctx, task, auto)
    const place = await labelPlace(call)
    for (let after = 0; ; ) {
      signal.throwIfAborted()
      const pks = await unannotated(services.db.read, args, after, ANNOTATED_TOGETHER)
      if (pks.length === 0) return
      after = pks.at(-1)!
      const made = await annotate(call, auto, task, pks)
      if (!(await write(ctx, place, auto, made))) return
    }
  },
  async settled(tx, { status, args, error, appPk }, { clock, jobs }) {
    const row = await atWork(tx, args.taskPk)
    if (!row || status === 'cancelled') return
    const now = clock.now()
    if (status === 'failed') {
      const details = error?.details ?? 'The model could not annotate.'
      return setTaskStatus(tx, row.pk, { code: TASK_FAILED, details }, now)
    }
    const code = mayGrow(args.source) ? TASK_IDLE : TASK_DONE
    if (row.status_code !== code) await setTaskStatus(tx, row.pk, { code }, now)
    if (code !== TASK_IDLE) return orderIsDone(tx, row, now)
    const options = { dedupeKey: `auto-annotate:${args.taskPk}`, runAfter: now + IDLE_MS * 1000 }
    await jobs.enqueue(tx, autoTaskJob, args, { appPk: appPk!, ...options })
  },
})

/**
 * Has a task annotated at once; asked for again and again, once after the other. Runs that overlap with a later look do
 * no harm, as each looks at what is done when it writes.
 */
export async function beginAuto(jobs: Services['jobs'], tx: Writer, appPk: number, args: Args): Promise<void> {
  await jobs.enqueue(tx, autoTaskJob, args, { appPk, concurrencyKey: `auto-annotate:${args.taskPk}` })
}

/** The task while it is to be worked on: neither gone nor done nor given up. */
async function atWork(db: Reader, taskPk: number) {
  const row = await tasks.getByPk(db, taskPk)
  return row && (row.status_code === TASK_IN_PROGRESS || row.status_code === TASK_IDLE) ? row : undefined
}

/** The next inputs of the source that the task has not annotated yet. */
const unannotated = (db: Reader, { taskPk, source }: Args, after: number, limit: number): Promise<number[]> =>
  nextOfSource(db, source, { after, limit, for: 'models', unassigned: { taskPk, fewerThan: 1 } })

/** An input with what is to be said of it; without, where the model could not look at it. */
interface Annotated {
  readonly inputPk: number
  readonly annotations?: readonly AutoAnnotation[]
}

async function annotate(call: Call, auto: ReadyAuto, task: Task, pks: readonly number[]): Promise<Annotated[]> {
  const { db, blobs } = call.services
  const originals = await originalsOfInputs(db.read, pks)
  const inputs = await Promise.all(pks.map((pk) => storedInput(blobs, originals.get(pk) ?? [])))
  const ran = await runInputs(auto.call, auto.compiled, inputs, { sampleMs: task.sampleMs })
  return ran.map((one, at): Annotated => {
    const inputPk = pks[at]!
    if ('error' in one) return failed(call, inputPk, one.error)
    try {
      return { inputPk, annotations: autoAnnotations(task, auto.said(one.result)) }
    } catch (error) {
      if (!(error instanceof AppError) || isOfModel(error.code)) throw error
      return failed(call, inputPk, error)
    }
  })
}

function failed(call: Call, inputPk: number, error: AppError): Annotated {
  call.log.info({ input: inputPk, reason: error.details }, 'an input could not be annotated')
  return { inputPk }
}

/** Writes what was said of inputs, and that they are done; false when the task is not to be worked on any more. */
async function write(
  { args: { taskPk }, services: { clock }, checkpoint, ...ctx }: Context,
  place: LabelPlace,
  { annotates, worker }: ReadyAuto,
  made: readonly Annotated[],
): Promise<boolean> {
  let goesOn = false
  await checkpoint(async (tx) => {
    const row = await atWork(tx, taskPk)
    goesOn = row !== undefined
    if (!row) return undefined
    const now = clock.now()
    const pks = made.map(({ inputPk }) => inputPk)
    const [there, done] = [await stillProcessed(tx, pks), await assignmentsOfInputs(tx, taskPk, pks)]
    const fresh = made.filter(({ inputPk }) => there.has(inputPk) && !done.has(inputPk))
    const all = fresh.flatMap(({ inputPk, annotations = [] }) => annotations.map((one) => ({ ...one, inputPk })))
    const datas = all.flatMap(({ message }) => message.data ?? [])
    const conceptPk = await ensureConcepts(tx, place, datas, now)
    const drafts = all.map(({ message, statusCode, inputPk }) => ({
      appPk: row.app_pk,
      inputPk,
      message: { ...message, worker },
      worker: annotates,
      statusCode,
      trusted: false,
      conceptPk,
    }))
    await storeAnnotations(tx, drafts, now)
    await addAssignments(
      tx,
      fresh.map(({ inputPk, annotations }) => ({
        task_pk: taskPk,
        input_pk: inputPk,
        worker_kind: annotates.kind,
        worker_id: annotates.id,
        status_code: statusOf(annotations),
        created_at: now,
        modified_at: now,
      })),
    )
    if (row.status_code === TASK_IDLE) await setTaskStatus(tx, taskPk, { code: TASK_IN_PROGRESS }, now)
    await orderBegins(tx, row, now)
    return { done: ctx.done + fresh.length }
  })
  return goesOn
}

/** What could not be looked at stays open, and is tried again when the task is taken up again. */
function statusOf(annotations: readonly AutoAnnotation[] | undefined): StatusCode {
  if (!annotations) return TASK_ASSIGNMENT_PENDING
  const waits = annotations.some(({ statusCode }) => statusCode === StatusCode.ANNOTATION_AWAITING_REVIEW)
  return waits ? TASK_ASSIGNMENT_AWAITING_REVIEW : TASK_ASSIGNMENT_SUCCESS
}

/** Deletes, once for each task, what earlier ones have made by the same model or workflow of the same concepts. */
async function clear({ args, appPk, signal, checkpoint }: Context, task: Task, { worker }: ReadyAuto): Promise<void> {
  const of = worker.worker
  if (of.case !== 'model' && of.case !== 'workflow') return
  const named = { kind: of.case, id: of.value.id, appId: of.value.appId, userId: of.value.userId } as const
  const concepts = task.concepts.map(({ concept }) => ({ id: concept?.id ?? '', name: concept?.name ?? '' }))
  for (let over = false; !over; ) {
    signal.throwIfAborted()
    await checkpoint(async (tx) => {
      const row = await atWork(tx, args.taskPk)
      over = !row
      if (!row) return undefined
      const pks = await previousAutoAnnotations(tx, appPk!, {
        worker: named,
        concepts,
        by: row,
        limit: CLEARED_TOGETHER,
      })
      await removeAnnotations(tx, appPk!, pks)
      over = pks.length < CLEARED_TOGETHER
      if (over) await notePreviousDeleted(tx, args.taskPk)
      return {}
    })
  }
}
