import { create } from '@bufbuild/protobuf'
import {
  type Task,
  type TaskReview,
  type TaskWorker,
  TaskWorkerSchema,
  TaskWorker_WorkerType as Type,
  UserSchema,
  type Worker,
  WorkerSchema,
} from '../../contract/index.ts'
import type { WorkerKind } from '../../store/schema/tables.ts'

/** User ids of those who work on a task, in their order; none where a model or a workflow does. */
export const workerIds = ({ worker }: Task): string[] =>
  (worker?.workers ?? []).flatMap(({ worker: one }) => (one.case === 'user' ? [one.value.id] : []))

/** User ids of those who review a task, in their order. */
export const reviewerIds = ({ review }: Task): string[] => (review?.users ?? []).map(({ id }) => id)

/** The model or workflow that does a task by itself. */
export function autoWorker({ worker }: Task): Worker['worker'] | undefined {
  return worker?.workers.map(({ worker: one }) => one).find(({ case: kind }) => kind === 'model' || kind === 'workflow')
}

/** Whether a task is done by a model or a workflow. */
export const isAuto = (task: Task): boolean => autoWorker(task) !== undefined

/** A user as a worker. */
export const userWorker = (id: string): Worker =>
  create(WorkerSchema, { worker: { case: 'user', value: create(UserSchema, { id }) } })

/**
 * Workers and reviewers said in one way, whichever of the older fields the message has them in: `workers` of the worker,
 * `users` of the review, each person once and by the id alone.
 */
export function normalMembers(task: Task, callerId: string): void {
  const known = (id: string): string => (id === 'me' ? callerId : id)
  if (task.worker) {
    const { userIds, users, models, workflows, workers } = task.worker
    const people = workers.flatMap(({ worker: one }) => (one.case === 'user' ? [one.value.id] : []))
    const named = people.length > 0 ? people : users.length > 0 ? users.map(({ id }) => id) : userIds
    const others = workers.filter(({ worker: one }) => one.case === 'model' || one.case === 'workflow')
    const older =
      others.length > 0
        ? []
        : [
            ...models.map((value) => create(WorkerSchema, { worker: { case: 'model', value } })),
            ...workflows.map((value) => create(WorkerSchema, { worker: { case: 'workflow', value } })),
          ]
    const ids = [...new Set(named.map(known))]
    task.worker = create(TaskWorkerSchema, {
      strategy: task.worker.strategy,
      strategyInfo: task.worker.strategyInfo,
      type: task.worker.type,
      workers: [...ids.map(userWorker), ...others, ...older],
    })
    if (task.worker.type === Type.WORKER_TYPE_NOT_SET && task.worker.workers.length > 0) {
      task.worker.type = isAuto(task) ? Type.WORKER_AUTO : Type.WORKER_HUMAN
    }
  }
  if (task.review) {
    const ids = task.review.users.length > 0 ? task.review.users.map(({ id }) => id) : task.review.userIds
    task.review.users = [...new Set(ids.map(known))].map((id) => create(UserSchema, { id }))
    task.review.userIds = []
  }
}

/** Says members in the older fields as well, for clients that read those. */
export function showMembers({ worker, review }: { worker?: TaskWorker; review?: TaskReview }): void {
  if (worker) {
    const named = worker.workers.map(({ worker: one }) => one)
    worker.users = named.flatMap((one) => (one.case === 'user' ? [one.value] : []))
    worker.userIds = worker.users.map(({ id }) => id)
  }
  if (review) review.userIds = review.users.map(({ id }) => id)
}

/** Somebody, or something, that works on a task. */
export interface TaskWorkerRef {
  readonly kind: WorkerKind
  readonly id: string
}

/** Everybody, and everything, that works on a task. */
export const taskWorkers = ({ worker }: Task): TaskWorkerRef[] =>
  (worker?.workers ?? []).flatMap((one) => refOf(one) ?? [])

/** How a worker is named in assignments; undefined where the message names nobody. */
export function refOf({ worker }: Worker): TaskWorkerRef | undefined {
  if (worker.case === 'user') return { kind: 'user', id: worker.value.id }
  if (worker.case === 'model') return { kind: 'model_version', id: worker.value.modelVersion?.id ?? '' }
  return worker.case === 'workflow' ? { kind: 'workflow_version', id: worker.value.version?.id ?? '' } : undefined
}
