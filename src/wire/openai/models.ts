import type { IncomingMessage, ServerResponse } from 'node:http'
import { create } from '@bufbuild/protobuf'
import { PAGE_SIZE_MAX } from '../../base/limits.ts'
import { GetModelRequestSchema, ListModelsRequestSchema, type Model } from '../../contract/index.ts'
import { methodInfo, type ResponseOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { OPENAI_MODEL_TYPES } from '../../domain/models/methods.ts'
import type { Dispatcher } from '../call.ts'
import { HttpCall, headerReader } from '../http/http-call.ts'
import { errorOf, sendError, sendJson } from './errors.ts'
import { modelName, readModelName } from './model-name.ts'

/** Whose models are listed: the caller's own, and the public ones. */
const PLACES = [{ userId: 'me' }, { userId: 'clarifai', appId: 'main' }]

/** Answers with the models of this server that the interface can ask: up to 1000 of the caller and 1000 public ones. */
export async function listModels(dispatcher: Dispatcher, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const call = new HttpCall(methodInfo('ListModels'), req, res, headerReader(req))
  const models: Model[] = []
  for (const userAppId of PLACES) {
    const request = create(ListModelsRequestSchema, { userAppId, perPage: PAGE_SIZE_MAX, trainedOnly: true })
    const answer = (await dispatcher.unary(call, request)) as ResponseOf<'ListModels'>
    // A key that is bound to an app sees no other user.
    if (answer.status?.code === StatusCode.CONN_DOES_NOT_EXIST && userAppId.userId !== 'me') continue
    if (answer.status && answer.status.code !== StatusCode.SUCCESS) return sendError(res, errorOf(answer.status))
    models.push(...answer.models)
  }
  const fit = models.filter(({ modelTypeId }) => OPENAI_MODEL_TYPES.includes(modelTypeId))
  sendJson(res, JSON.stringify({ object: 'list', data: fit.map(entryOf) }))
}

/** Answers with one model, by its name in this interface. */
export async function getModel(
  dispatcher: Dispatcher,
  req: IncomingMessage,
  res: ServerResponse,
  name: string,
): Promise<void> {
  const { userId, appId, modelId, versionId } = readModelName(name)
  const call = new HttpCall(methodInfo('GetModel'), req, res, headerReader(req))
  const request = create(GetModelRequestSchema, { userAppId: { userId, appId }, modelId, versionId })
  const { status, model } = (await dispatcher.unary(call, request)) as ResponseOf<'GetModel'>
  if (!model) return sendError(res, errorOf(status!))
  sendJson(res, JSON.stringify(entryOf(model)))
}

const entryOf = ({ id, userId, appId, createdAt }: Model): object => ({
  id: modelName({ userId, appId, modelId: id }),
  object: 'model',
  created: Number(createdAt?.seconds ?? 0n),
  owned_by: userId,
})
