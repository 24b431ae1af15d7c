import { isDeepStrictEqual } from 'node:util'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Access, request } from '../api-client.ts'
import type { FileModel, FileNode, WorkflowFile } from './read.ts'

/** An app of a running server. */
export interface Place {
  readonly access: Access
  readonly userId: string
  readonly appId: string
}

interface JsonModel {
  readonly id: string
  readonly userId: string
  readonly appId: string
  readonly modelTypeId?: string
  readonly description?: string
  readonly modelVersion?: {
    readonly id: string
    readonly outputInfo?: { readonly params?: JsonObject; readonly data?: JsonObject }
  }
}

interface JsonNode {
  readonly id: string
  readonly model: JsonModel
  readonly nodeInputs?: readonly { readonly nodeId: string }[]
  readonly suppressOutput?: boolean
  readonly outputInfoOverride?: JsonObject
}

interface Answer {
  readonly status: { readonly code: number; readonly description?: string; readonly details?: string }
  readonly workflow?: { readonly id: string; readonly nodes?: readonly JsonNode[] }
  readonly workflows?: readonly { readonly id: string; readonly nodes?: readonly JsonNode[] }[]
  readonly model?: JsonModel
}

async function ask(place: Place, path: string, body?: object, method?: 'PATCH'): Promise<Answer> {
  const answer = await request<Answer>(place.access, `${path}?json_names=camel`, body, method)
  const { code, description, details } = answer.status
  if (code === StatusCode.SUCCESS) return answer
  throw new AppError(code, [description, details].filter(Boolean).join(': '))
}

const appPath = ({ userId, appId }: { readonly userId: string; readonly appId: string }): string =>
  `/v2/users/${encodeURIComponent(userId)}/apps/${encodeURIComponent(appId)}`
const modelPath = (of: { readonly userId: string; readonly appId: string; readonly id: string }): string =>
  `${appPath(of)}/models/${encodeURIComponent(of.id)}`

/**
 * A workflow of an app as a file. With `inline`, models of the app itself are written as what they are made of, so
 * that the file makes them anew wherever it is taken; otherwise every model is named by its ids and its version.
 */
export async function exportWorkflow(
  place: Place,
  workflowId: string,
  options: { readonly versionId?: string; readonly inline?: boolean } = {},
): Promise<WorkflowFile> {
  const base = `${appPath(place)}/workflows/${encodeURIComponent(workflowId)}`
  const { workflow } = await ask(place, base)
  let nodes = workflow?.nodes ?? []
  if (options.versionId !== undefined) {
    const answer = await request<Answer & { readonly workflowVersion?: { readonly nodes?: readonly JsonNode[] } }>(
      place.access,
      `${base}/versions/${encodeURIComponent(options.versionId)}?json_names=camel`,
    )
    if (answer.status.code !== StatusCode.SUCCESS) throw new AppError(answer.status.code, answer.status.details ?? '')
    nodes = answer.workflowVersion?.nodes ?? []
  }
  const written: FileNode[] = []
  for (const { id, model, nodeInputs = [], suppressOutput = false, outputInfoOverride } of nodes) {
    const inOwnApp = model.userId === place.userId && model.appId === place.appId
    written.push({
      id,
      model: options.inline && inOwnApp ? await inlined(place, model) : byIds(model),
      nodeInputs: nodeInputs.map(({ nodeId }) => nodeId),
      suppressOutput,
      ...(isEmpty(outputInfoOverride) ? {} : { outputInfoOverride }),
    })
  }
  return { id: workflow?.id ?? workflowId, nodes: written }
}

const isEmpty = (value: JsonObject | undefined): boolean => value === undefined || Object.keys(value).length === 0

const byIds = ({ id, userId, appId, modelVersion }: JsonModel): FileModel => ({
  modelId: id,
  ...(modelVersion ? { modelVersionId: modelVersion.id } : {}),
  userId,
  appId,
})

async function inlined(place: Place, { id, userId, appId, modelVersion }: JsonModel): Promise<FileModel> {
  const version = modelVersion ? `/versions/${modelVersion.id}` : ''
  const { model } = await ask(place, `${modelPath({ id, userId, appId })}${version}/output_info`)
  const { params, data } = model?.modelVersion?.outputInfo ?? {}
  const outputInfo = { ...(isEmpty(params) ? {} : { params: params! }), ...conceptsOf(data) }
  return {
    modelId: id,
    ...(model?.modelTypeId ? { modelTypeId: model.modelTypeId } : {}),
    ...(model?.description ? { description: model.description } : {}),
    ...(isEmpty(outputInfo) ? {} : { outputInfo }),
  }
}

/** The concepts that a model works on, by what a new one needs of them. */
function conceptsOf(data: JsonObject | undefined): JsonObject {
  const concepts = Array.isArray(data?.concepts) ? (data.concepts as JsonObject[]) : []
  if (concepts.length === 0) return {}
  return {
    data: { concepts: concepts.map(({ id, name, value }) => ({ id: id!, name: name ?? '', value: value ?? 0 })) },
  }
}

/**
 * Makes a workflow of a file in an app, and the models that it describes where there are none: a model that is there
 * but is set up otherwise gets a new version. With `replace`, a workflow with this id gets a new version. Answers the
 * id of the workflow.
 */
export async function importWorkflow(
  place: Place,
  file: WorkflowFile,
  options: { readonly replace?: boolean } = {},
): Promise<string> {
  const nodes: object[] = []
  for (const { id, model, nodeInputs, suppressOutput, outputInfoOverride } of file.nodes) {
    nodes.push({
      id,
      model: await modelOf(place, id, model),
      nodeInputs: nodeInputs.map((nodeId) => ({ nodeId })),
      suppressOutput,
      outputInfoOverride,
    })
  }
  const path = `${appPath(place)}/workflows`
  const workflows = [{ id: file.id, nodes }]
  const exists = options.replace === true && (await found(ask(place, `${path}/${encodeURIComponent(file.id)}`)))
  const answer = exists
    ? await ask(place, path, { workflows, action: 'overwrite' }, 'PATCH')
    : await ask(place, path, { workflows })
  return answer.workflows?.[0]?.id ?? file.id
}

/** The model of a node as the server takes it, with its version. */
async function modelOf(place: Place, nodeId: string, wanted: FileModel): Promise<object> {
  const home = { userId: wanted.userId ?? place.userId, appId: wanted.appId ?? place.appId, id: wanted.modelId }
  const known = await found(ask(place, modelPath(home)))
  const { model } = known ?? (await create(place, nodeId, wanted))
  if (!model) throw new AppError(StatusCode.MODEL_DOES_NOT_EXIST, `The server said nothing of ${wanted.modelId}.`)
  const { id, userId, appId, modelVersion } = model
  if (wanted.modelVersionId !== undefined) {
    return { id, userId, appId, modelVersion: { id: wanted.modelVersionId } }
  }
  if (known && !(await isAsWanted(place, model, wanted))) {
    const renewed = await addVersion(place, model, wanted)
    return { id, userId, appId, modelVersion: { id: renewed.model?.modelVersion?.id } }
  }
  return { id, userId, appId, ...(modelVersion ? { modelVersion: { id: modelVersion.id } } : {}) }
}

/** What is asked for, or undefined where there is none. */
async function found(answer: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await answer
  } catch (error) {
    const none = [StatusCode.MODEL_DOES_NOT_EXIST, StatusCode.WORKFLOW_DOES_NOT_EXIST]
    if (error instanceof AppError && none.includes(error.code)) return undefined
    throw error
  }
}

async function create(place: Place, nodeId: string, wanted: FileModel): Promise<Answer> {
  const { modelId, modelTypeId, description = '' } = wanted
  if (modelTypeId === undefined) {
    throw new AppError(
      StatusCode.MODEL_DOES_NOT_EXIST,
      `The node "${nodeId}" names the model '${modelId}', which does not exist; give its model_type_id to have it made.`,
    )
  }
  const { model } = await ask(place, `${appPath(place)}/models`, {
    models: [{ id: modelId, modelTypeId, description }],
  })
  return addVersion(place, model!, wanted)
}

const addVersion = (place: Place, model: JsonModel, { outputInfo }: FileModel): Promise<Answer> =>
  ask(place, `${modelPath(model)}/versions`, { modelVersions: [{ ...(outputInfo ? { outputInfo } : {}) }] })

/** Whether all that a file says of a model holds for its newest version. */
async function isAsWanted(place: Place, model: JsonModel, wanted: FileModel): Promise<boolean> {
  if (wanted.modelTypeId !== undefined && wanted.modelTypeId !== model.modelTypeId) {
    throw new AppError(
      StatusCode.MODEL_INVALID_ARGUMENT,
      `The model '${model.id}' is there already, of the type ${model.modelTypeId}; the file wants ${wanted.modelTypeId}.`,
    )
  }
  if (wanted.outputInfo === undefined) return true
  const { model: full } = await ask(place, `${modelPath(model)}/output_info`)
  const { params = {}, data } = full?.modelVersion?.outputInfo ?? {}
  return isWithin(wanted.outputInfo, { params, ...conceptsOf(data) })
}

/** Whether an object says all that another one says. */
function isWithin(part: JsonValue, whole: JsonValue | undefined): boolean {
  if (typeof part !== 'object' || part === null || Array.isArray(part)) return isDeepStrictEqual(part, whole)
  if (typeof whole !== 'object' || whole === null || Array.isArray(whole)) return false
  return Object.entries(part).every(([key, value]) => isWithin(value, whole[key]))
}
