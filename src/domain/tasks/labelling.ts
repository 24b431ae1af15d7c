import type { Annotation } from '../../contract/index.ts'
import { tasksWithMembers } from '../../store/repos/tasks.ts'
import { requireApp } from '../access/target.ts'
import type { AnnotationWorker } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { missingTask, notForYou } from './problem.ts'

/** Refuses annotations for tasks: of the message and its worker. Throws AppError 54102, 54103. */
export type TaskGate = (message: Pick<Annotation, 'taskId'>, worker: Pick<AnnotationWorker, 'kind' | 'id'>) => void

/**
 * Looks up the tasks that annotations are said to be made for. They must be there, and whoever annotates must be one of
 * the task's workers or reviewers, unless the caller owns the app.
 */
export async function taskGate(call: Call, messages: readonly Pick<Annotation, 'taskId'>[]): Promise<TaskGate> {
  const ids = [...new Set(messages.flatMap(({ taskId }) => taskId || []))]
  if (ids.length === 0) return () => {}
  const found = await tasksWithMembers(call.services.db.read, requireApp(call.target).pk, ids)
  return ({ taskId }, { kind, id }) => {
    if (taskId === '') return
    const members = found.get(taskId)
    if (!members) throw missingTask(taskId)
    if (call.target.rights === 'owner' || (kind === 'user' && members.has(id))) return
    throw notForYou(`You have no part in the task '${taskId}'; only its workers and reviewers annotate for it.`)
  }
}
