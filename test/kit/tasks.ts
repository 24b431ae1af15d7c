import { after, before, beforeEach } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  PutTaskAssignmentsRequestAction as Action,
  type PutTaskAssignmentsRequest,
  TaskInputSource_TaskInputSourceType as SourceType,
  TaskWorker_TaskWorkerStrategy as Strategy,
  type Task,
  type TaskSchema,
  Task_TaskType as TaskType,
} from '../../src/contract/index.ts'
import type { TestedEngine } from '../store/kit.ts'
import { makeApp, succeeded, type TestApp } from './apps.ts'
import { startOnEngine } from './on-engine.ts'
import type { TestServer, TestServerOptions, TestUser } from './server.ts'
import { putInputs } from './stored-inputs.ts'

/** What a test of tasks begins with. */
export interface TaskStage {
  readonly server: TestServer
  readonly app: TestApp
  /** Invited with all scopes, as many as were wished for. */
  readonly people: readonly TestUser[]
  /** Ids of the inputs of the app. */
  readonly inputs: readonly string[]
}

/** How a stage is set up; ids of apps and people get a number, so that each test has its own. */
export interface StageWish {
  readonly app: string
  readonly people?: readonly string[]
  readonly inputs?: number
  readonly server?: TestServerOptions
  readonly makeApp?: typeof makeApp
}

/** Starts one server on an engine for a suite, and makes an app with people and inputs before each test. */
export function onTaskStage(engine: TestedEngine, wish: StageWish, set: (stage: TaskStage) => void): void {
  let server: TestServer
  let apps = 0
  before(async () => {
    server = await startOnEngine(engine, wish.server)
  })
  after(() => server[Symbol.asyncDispose]())
  beforeEach(async () => {
    const n = apps++
    const app = await (wish.makeApp ?? makeApp)(server, `${wish.app}-${n}`)
    const ids = (wish.people ?? []).map((id) => `${id}-${n}`)
    const people = ids.length > 0 ? await inviteUsers(server, app, ids) : []
    const inputs = wish.inputs ? await numberedInputs(server, app, wish.inputs) : []
    set({ server, app, people, inputs })
  })
}

type Config = PutTaskAssignmentsRequest['actionConfig']['case']

/** The calls of those who work on tasks, for the stage that there is when they are made. */
export function taskCalls(stage: () => Pick<TaskStage, 'server' | 'app'>) {
  const UA = () => ({ userAppId: stage().app.userAppId })
  const put = (taskId: string, user: TestUser, action: Action, config?: Config, value: object = {}) =>
    stage().server.call(
      'PutTaskAssignments',
      { ...UA(), taskId, action, ...(config && { actionConfig: { case: config, value } as never }) },
      { key: user.pat },
    )
  const named = (ids: readonly string[]) => ({ taskAssignments: ids.map((id) => ({ id })) })
  return {
    UA,
    put,
    make: (task: TaskInit) => makeTask(stage().server, stage().app, task),
    patch: (task: TaskInit, action = 'overwrite') =>
      stage().server.call('PatchTasks', { ...UA(), tasks: [task], action }),
    start: async (taskId: string, user: TestUser) =>
      succeeded(await put(taskId, user, Action.LABEL_START)).taskAssignments,
    submit: (taskId: string, user: TestUser, ids: readonly string[]) =>
      put(taskId, user, Action.LABEL_SUBMIT, 'labelSubmitConfig', named(ids)),
    startReview: async (taskId: string, user: TestUser, ...workers: string[]) =>
      succeeded(await put(taskId, user, Action.REVIEW_START, 'reviewStartConfig', { workers: people(...workers) }))
        .taskAssignments,
    approve: (taskId: string, user: TestUser, ids: readonly string[]) =>
      put(taskId, user, Action.REVIEW_APPROVE, 'reviewApproveConfig', named(ids)),
    changes: (taskId: string, user: TestUser, ids: readonly string[]) =>
      put(taskId, user, Action.REVIEW_REQUEST_CHANGES, 'reviewRequestChangesConfig', named(ids)),
    reject: (taskId: string, user: TestUser, ids: readonly string[]) =>
      put(taskId, user, Action.REVIEW_REJECT, 'reviewRejectConfig', named(ids)),
  }
}

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
