import { StatusCode } from '../../contract/status-code.ts'
import { requireApp } from '../../domain/access/target.ts'
import { presentAssignments } from '../../domain/tasks/assignments.ts'
import { countAnnotationsOfTask, countTaskInputs } from '../../domain/tasks/counts.ts'
import { getTask, listTasks } from '../../domain/tasks/list.ts'
import { patchTasks } from '../../domain/tasks/patch.ts'
import { postTasks } from '../../domain/tasks/post.ts'
import { nextInputs, putAssignments } from '../../domain/tasks/put-assignments.ts'
import { tasks } from '../../domain/tasks/resource.ts'
import { inputSamples } from '../../domain/tasks/samples.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'PostTasks'
  | 'GetTask'
  | 'ListTasks'
  | 'PatchTasks'
  | 'DeleteTasks'
  | 'GetTaskAnnotationCount'
  | 'GetTaskInputCount'
  | 'GetInputSamples'
  | 'PutTaskAssignments'
  | 'ListNextTaskAssignments'

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

  GetTaskAnnotationCount: (request, call) => countAnnotationsOfTask(call, request),

  GetTaskInputCount: (request, call) => countTaskInputs(call, request),

  GetInputSamples: async (request, call) => ({ hits: await inputSamples(call, request) }),

  PutTaskAssignments: async (request, call) => ({
    taskAssignments: await presentAssignments(call, await putAssignments(call, request)),
  }),

  ListNextTaskAssignments: async (request, call) => ({ inputs: await nextInputs(call, request.taskId) }),
}
