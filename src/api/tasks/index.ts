import { StatusCode } from '../../contract/status-code.ts'
import { requireApp } from '../../domain/access/target.ts'
import { getTask, listTasks } from '../../domain/tasks/list.ts'
import { patchTasks } from '../../domain/tasks/patch.ts'
import { postTasks } from '../../domain/tasks/post.ts'
import { tasks } from '../../domain/tasks/resource.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostTasks' | 'GetTask' | 'ListTasks' | 'PatchTasks' | 'DeleteTasks'

const task = { kind: 'task', codes: { invalid: StatusCode.CONN_INVALID_REQUEST } } as const

/** Tasks of labelling. */
export const taskFamily: Pick<Registry, Rpcs> = {
  ...bindResource(tasks, { remove: 'DeleteTasks' }, { parent: (call) => requireApp(call.target) }),

  PostTasks: async (request, call) => ({ tasks: await postTasks(call, checkBatch(task, request.tasks)) }),

  GetTask: async (request, call) => ({ task: await getTask(call, request.taskId, request.additionalFields) }),

  ListTasks: async (request, call) => ({ tasks: await listTasks(call, request) }),

  PatchTasks: async (request, call) => ({
    tasks: await patchTasks(call, checkBatch(task, request.tasks), request.action),
  }),
}
