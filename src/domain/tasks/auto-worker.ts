import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  type Data,
  ModelSchema,
  ModelVersionSchema,
  PostModelOutputsRequestSchema,
  type Task,
  type Worker,
  WorkerSchema,
  WorkflowSchema,
  WorkflowVersionSchema,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { findVersionPk } from '../../store/repos/annotation-workers.ts'
import type { Compiled } from '../../workflow/compile/index.ts'
import type { InputResult } from '../../workflow/plan.ts'
import { reach } from '../access/standing.ts'
import type { AnnotationWorker } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { readyModel } from '../predict/model.ts'
import { readyWorkflow } from '../predict/workflow.ts'
import { invalidTask } from './problem.ts'
import { autoWorker } from './workers.ts'

/** A model or workflow that is ready to annotate. */
export interface ReadyAuto {
  /** The place that it is in; predictions run there. */
  readonly call: Call
  readonly compiled: Compiled
  /** With the version that was chosen. */
  readonly worker: Worker
  readonly annotates: AnnotationWorker
  /** What it says of an input, of all nodes whose output no other node takes. */
  said(result: InputResult): Data[]
}

/** Finds the model or workflow of a task, with the rights of the call. Throws AppError as predictions with it would. */
export async function readyAuto(call: Call, task: Task): Promise<ReadyAuto> {
  const named = autoWorker(task)
  if (named?.case === 'model') {
    const { id, userId, appId, modelVersion } = named.value
    const there = await callAt(call, userId, appId)
    const request = create(PostModelOutputsRequestSchema, { modelId: id, versionId: modelVersion?.id ?? '' })
    const { model, rows, ...compiled } = await readyModel(there, request, {})
    const version = create(ModelVersionSchema, { id: model.modelVersion?.id ?? '' })
    const value = create(ModelSchema, { id: model.id, userId: model.userId, appId: model.appId, modelVersion: version })
    return {
      call: there,
      compiled,
      worker: create(WorkerSchema, { worker: { case: 'model', value } }),
      annotates: { kind: 'model_version', id: version.id, pk: rows.versionPk },
      said: (result) => dataOf(result, [compiled.nodes[0]!.index]),
    }
  }
  if (named?.case !== 'workflow') throw invalidTask('The task names no model and no workflow as its worker.')
  const { id, userId, appId, version } = named.value
  const there = await callAt(call, userId, appId)
  const wanted = { workflowId: id, versionId: version?.id ?? '', favorClarifaiWorkflows: false }
  const { workflow, ...compiled } = await readyWorkflow(there, wanted)
  const pinned = create(WorkflowVersionSchema, { id: workflow.version?.id ?? '' })
  const value = create(WorkflowSchema, {
    id: workflow.id,
    userId: workflow.userId,
    appId: workflow.appId,
    version: pinned,
  })
  const taken = new Set(compiled.nodes.flatMap(({ node }) => node?.nodeInputs.map(({ nodeId }) => nodeId) ?? []))
  const last = compiled.nodes.flatMap(({ index, node }) => (node && !taken.has(node.id) ? [index] : []))
  const pk = await findVersionPk(call.services.db.read, 'workflow_version', pinned.id, [there.target.app!.pk])
  return {
    call: there,
    compiled,
    worker: create(WorkerSchema, { worker: { case: 'workflow', value } }),
    annotates: { kind: 'workflow_version', id: pinned.id, pk: pk ?? null },
    said: (result) => dataOf(result, last),
  }
}

/** A call in the place of the model or workflow, which is that of the task unless it names another one. */
async function callAt(call: Call, userId: string, appId: string): Promise<Call> {
  const { user, app } = call.target
  if ((userId === '' || userId === user?.id) && (appId === '' || appId === app?.id)) return call
  const target = await reach(call, userId || (user?.id ?? ''), appId || (app?.id ?? ''))
  if (target?.app) return { ...call, target }
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `There is no app '${appId}' of a user '${userId}' with the worker of the task, or it is not visible to this key.`,
  )
}

/** What went wrong with the model rather than with the input: it would go wrong with every input. */
export const isOfModel = (code: StatusCode): boolean =>
  code >= StatusCode.MODEL_TRAINED && code < StatusCode.WORKFLOW_NO_MATCHING_INPUT

function dataOf({ nodes }: InputResult, places: readonly number[]): Data[] {
  const results = places.flatMap((at) => nodes[at] ?? [])
  for (const { code, details } of results) if (isOfModel(code)) throw new AppError(code, details)
  const good = results.filter(({ code }) => code === StatusCode.SUCCESS || code === StatusCode.MIXED_STATUS)
  const [bad] = results.filter(({ code }) => code !== StatusCode.WORKFLOW_NO_MATCHING_INPUT)
  if (good.length === 0 && bad) throw new AppError(bad.code, bad.details)
  return good.flatMap(({ data }) => data ?? [])
}
