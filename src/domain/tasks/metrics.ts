import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  TaskReview_TaskReviewStrategy as Review,
  type Task,
  type TaskMetrics,
  TaskMetricsSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { countAssignments, countReviews } from '../../store/repos/task-counts.ts'
import type { Call } from '../call.ts'
import type { ShownTask } from './additional.ts'
import { labelersPerInput } from './partition.ts'
import { everyReviewer } from './review-rules.ts'
import { reviewedShare } from './sample.ts'
import { countSource, findSource } from './source.ts'
import { reviewerIds } from './workers.ts'

const { TASK_ASSIGNMENT_REVIEW_SUCCESS, TASK_ASSIGNMENT_REVIEW_PENDING } = StatusCode

/** Estimates how far tasks are, of what is counted by assignments; each as the contract describes it. */
export async function fillMetrics(call: Call, items: readonly ShownTask[]): Promise<void> {
  const sizes: Sizes = new Map()
  for (const { row, message } of items) message.metrics = await metricsOf(call, row.pk, message, sizes)
}

/** How many inputs sources have, by the task's words for them: tasks often share one, and asking may be a search. */
type Sizes = Map<string, Promise<number>>

async function metricsOf(call: Call, taskPk: number, task: Task, sizes: Sizes): Promise<TaskMetrics> {
  const { read } = call.services.db
  const counts = await countAssignments(read, taskPk)
  const of = (...codes: StatusCode[]): number =>
    counts.reduce((sum, { status_code, rows }) => sum + (codes.includes(status_code) ? rows : 0), 0)
  const assigned = counts.reduce((sum, { rows }) => sum + rows, 0)
  const open = of(StatusCode.TASK_ASSIGNMENT_PENDING)
  const settled = of(StatusCode.TASK_ASSIGNMENT_SUCCESS, StatusCode.TASK_ASSIGNMENT_REJECTED)
  const perInput = labelersPerInput(task)
  const source = await sizeOfSource(call, task, Math.ceil(assigned / perInput), sizes)
  const inputs = (assignments: number): number => Math.min(source, Math.floor(assignments / perInput))
  const percent = (done: number, over: boolean): number => percentOf(inputs(done), source, over)
  const whole = assigned >= source * perInput
  const awaiting = of(StatusCode.TASK_ASSIGNMENT_AWAITING_REVIEW)
  const expected = Math.max(0, source * perInput - assigned)
  const reviews = await reviewers(call, taskPk, task, {
    toCome: (open + expected) * reviewedShare(task) + of(StatusCode.TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW),
    awaiting,
    perInput,
  })
  return create(TaskMetricsSchema, {
    inputSource: { inputsCountEstimated: BigInt(source) },
    work: {
      inputsCountEstimated: BigInt(inputs(assigned - open)),
      inputsPercentEstimated: percent(assigned - open, whole && open === 0),
    },
    review: {
      inputsCountEstimated: BigInt(inputs(settled)),
      inputsPercentEstimated: percent(settled, whole && settled === assigned),
      ...reviews,
    },
  })
}

/** In whole percent; 100 only where really all is done. */
const percentOf = (done: number, all: number, over: boolean): number =>
  all === 0 ? 0 : over ? 100 : Math.min(99, Math.floor((done / all) * 100))

/** How many inputs the source of a task has; what was assigned of one that is gone. */
async function sizeOfSource(call: Call, { inputSource }: Task, assigned: number, sizes: Sizes): Promise<number> {
  const key = `${inputSource?.type} ${inputSource?.id}`
  const known = sizes.get(key)
  const size = known ?? findSource(call, inputSource).then((source) => countSource(call.services.db.read, source))
  if (!known) sizes.set(key, size)
  try {
    return Math.max(assigned, await size)
  } catch (error) {
    if (error instanceof AppError) return assigned
    throw error
  }
}

interface ReviewWork {
  /** Assignments that reviewers will get, as far as can be told. */
  readonly toCome: number
  readonly awaiting: number
  readonly perInput: number
}

/** What each reviewer has done, and what there is for him, in the order of the task's reviewers. */
async function reviewers(call: Call, taskPk: number, task: Task, { toCome, awaiting, perInput }: ReviewWork) {
  const ids = reviewerIds(task)
  const counts = await countReviews(call.services.db.read, taskPk)
  const of = (id: string, code: StatusCode, ofStatus?: StatusCode): number =>
    counts
      .filter(({ user_id, status_code, of_status }) => {
        return user_id === id && status_code === code && (ofStatus ?? of_status) === of_status
      })
      .reduce((sum, { rows }) => sum + rows, 0)
  const done = ids.map((id) => of(id, TASK_ASSIGNMENT_REVIEW_SUCCESS))
  const taken = ids.map((id) => of(id, TASK_ASSIGNMENT_REVIEW_PENDING))
  const takenByAll = taken.reduce((sum, one) => sum + one, 0)
  const none = (task.review?.strategy ?? Review.NONE) <= Review.NONE
  const reviewable = ids.map((_, at) => {
    if (none) return 0
    // What he has approved, but others have not yet, still waits.
    const approved = of(ids[at]!, TASK_ASSIGNMENT_REVIEW_SUCCESS, StatusCode.TASK_ASSIGNMENT_AWAITING_REVIEW)
    const rest = everyReviewer(task)
      ? awaiting - approved + toCome
      : taken[at]! + (awaiting - takenByAll + toCome) / ids.length
    return done[at]! + Math.max(0, rest)
  })
  const inputs = (assignments: number): number => Math.floor(assignments / perInput)
  return {
    inputsCountEstimatedPerReviewer: done.map((count) => BigInt(inputs(count))),
    inputsReviewableCountEstimatedPerReviewer: reviewable.map((count) => BigInt(Math.ceil(count / perInput))),
    inputsPercentEstimatedPerReviewer: ids.map((_, at) =>
      percentOf(done[at]!, reviewable[at]!, reviewable[at]! > 0 && done[at]! >= reviewable[at]!),
    ),
  }
}
