import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  TaskInputSource_TaskInputSourceType as SourceType,
  TaskWorker_TaskWorkerStrategy as Strategy,
  type Task,
  type TaskSchema,
  Task_TaskType as TaskType,
} from '../../src/contract/index.ts'
import { succeeded, type TestApp } from './apps.ts'
import type { TestServer, TestUser } from './server.ts'
import { putInputs } from './stored-inputs.ts'

/** A task as tests write it. */
export type TaskInit = Exclude<MessageInitShape<typeof TaskSchema>, Task>

/** Workers of a task by the ids of users. */
export const people = (...ids: string[]) => ids.map((id) => ({ worker: { case: 'user', value: { id } } }) as const)

/** A task over all inputs of its app in which workers ask for inputs. */
export const dynamicTask = (workers: readonly string[], more: TaskInit = {}): TaskInit => ({
  type: TaskType.CONCEPTS_CLASSIFICATION,
  worker: { strategy: Strategy.DYNAMIC, workers: people(...workers) },
  inputSource: { type: SourceType.ALL_INPUTS },
  ...more,
})

/** The same, but each worker gets all inputs at once. */
export const fullTask = (workers: readonly string[], more: TaskInit = {}): TaskInit =>
  dynamicTask(workers, { worker: { strategy: Strategy.FULL, workers: people(...workers) }, ...more })

/** Makes a task and waits until its inputs are assigned; returns its id. */
export async function makeTask(server: TestServer, app: TestApp, task: TaskInit): Promise<string> {
  const { tasks } = succeeded(await server.call('PostTasks', { userAppId: app.userAppId, tasks: [task] }))
  await server.services.jobs.idle()
  return tasks[0]!.id
}

/** Users that are invited to an app with all scopes. */
export async function inviteUsers(server: TestServer, app: TestApp, ids: readonly string[]): Promise<TestUser[]> {
  const users: TestUser[] = []
  for (const id of ids) users.push(await server.makeUser(id))
  const collaborators = ids.map((id) => ({ user: { id }, scopes: ['All'] }))
  succeeded(await server.call('PostCollaborators', { userAppId: app.userAppId, collaborators }))
  return users
}

/** Puts inputs named i000, i001 and so on into an app; returns their ids. */
export async function numberedInputs(server: TestServer, app: TestApp, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, at) => `i${String(at).padStart(3, '0')}`)
  await putInputs(
    server.services,
    app,
    ids.map((id) => ({ id })),
  )
  return ids
}
