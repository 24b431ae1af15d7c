import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { setStatuses } from '../../store/repos/annotation-lists.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import { reviewsTask } from '../../store/repos/tasks.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { workerOf } from '../inputs/caller.ts'
import { readAction } from '../resource/patch.ts'
import { findTask } from '../tasks/find.ts'
import { invalidAnnotation } from './problem.ts'
import { settableStatus } from './status.ts'

/**
 * Gives the annotations of a task, or of users, another status, all at once; says whose they were and how many. The owner
 * of the app may do so, and the reviewers of the task; whoever else changes his own alone. Throws AppError 54102.
 */
export async function patchStatuses(
  call: Call,
  request: RequestOf<'PatchAnnotationsStatus'>,
): Promise<{ userIds: string[]; updatedCount: number }> {
  readAction(request.action, ['overwrite'], StatusCode.ANNOTATION_INVALID_ARGUMENT)
  const { taskId, userIds, statusCodes } = request
  if (taskId === '' && userIds.length === 0) {
    throw invalidAnnotation('The request names neither a task_id nor user_ids; send one of them.')
  }
  const statusCode = settableStatus(request.statusCode)
  const app = requireApp(call.target)
  const { db, clock } = call.services
  if (taskId !== '') await findTask(call, taskId)
  const me = workerOf(call).id
  const all = call.target.rights === 'owner' || (taskId !== '' && (await reviewsTask(db.read, app.pk, taskId, me)))
  const ids = all ? userIds : [me]
  const filter = {
    ...(taskId !== '' && { taskId }),
    ...(ids.length > 0 && { workers: [{ kind: 'user' as const, ids }] }),
    ...(statusCodes.length > 0 && { statusCodes }),
  }
  return db.transact(async (tx) => {
    const { userIds, count } = await setStatuses(tx, app.pk, filter, statusCode, clock.now())
    if (count > 0) await noteChange(tx, app.pk)
    return { userIds, updatedCount: count }
  })
}
