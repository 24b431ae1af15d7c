import type { Task } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import type { Condition } from '../../store/repos/keyed.ts'
import { withMember, withOrder } from '../../store/repos/tasks.ts'
import { requireApp, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { readPage } from '../resource/paging.ts'
import { findRow, listPage, present } from '../resource/verbs.ts'
import { fillAdditional } from './additional.ts'
import { MEMBERS_MAX } from './limits.ts'
import { invalidTask } from './problem.ts'
import { tasks } from './resource.ts'

/** One task, with what the request wants beside it. Throws AppError 54102. */
export async function getTask(call: Call, id: string, additionalFields: readonly string[]): Promise<Task> {
  const row = await findRow(tasks, call.services.db.read, requireApp(call.target), id, call)
  const [task] = await present(tasks, call, [row])
  await fillAdditional(call, [{ row, message: task! }], additionalFields)
  return task!
}

/** One page of the app's tasks, the newest first; those of label orders only where they are asked for. */
export async function listTasks(call: Call, request: RequestOf<'ListTasks'>): Promise<Task[]> {
  const app = requireApp(call.target)
  const where = conditionOf(call, request)
  const found = await listPage(tasks, call, app, { where, window: readPage(request) })
  if (request.additionalFields.length === 0) return found
  const ids = found.map(({ id }) => id)
  const rows = await tasks.rows.getMany(call.services.db.read, app.pk, ids)
  const items = found.flatMap((message) => {
    const row = rows.get(message.id)
    return row ? [{ row, message }] : []
  })
  await fillAdditional(call, items, request.additionalFields)
  return found
}

function conditionOf(call: Call, request: RequestOf<'ListTasks'>): Condition<'tasks'> {
  const { workerUserIds, reviewUserIds, labelOrderIds, ids, inputSourceType, inputSourceIds } = request
  for (const [field, given] of Object.entries({ workerUserIds, reviewUserIds, labelOrderIds, ids, inputSourceIds })) {
    if (given.length > MEMBERS_MAX) throw invalidTask(`There are ${given.length} ${field}; use at most ${MEMBERS_MAX}.`)
  }
  const withOrders = request.includingLabelOrderTasks || labelOrderIds.length > 0
  const me = call.principal.user?.id ?? ''
  const named = (users: readonly string[]): string[] => users.map((id) => (id === 'me' ? me : id))
  return (task) =>
    task.and([
      task('visibility', '>=', visibleFrom(call.target)),
      ...(withOrders ? [] : [task('label_order_id', '=', '')]),
      ...(labelOrderIds.length > 0 ? [withOrder(labelOrderIds)(task)] : []),
      ...(ids.length > 0 ? [task('id', 'in', ids)] : []),
      ...(inputSourceType === 0 ? [] : [task('source_type', '=', inputSourceType)]),
      ...(inputSourceIds.length > 0 ? [task('source_id', 'in', inputSourceIds)] : []),
      ...(workerUserIds.length > 0 ? [withMember('worker', named(workerUserIds))(task)] : []),
      ...(reviewUserIds.length > 0 ? [withMember('reviewer', named(reviewUserIds))(task)] : []),
    ])
}
