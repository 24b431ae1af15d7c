import type { IncomingMessage, ServerResponse } from 'node:http'
import { create, type JsonObject, type Message } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type PostModelOutputsRequest, PostModelOutputsRequestSchema } from '../../contract/index.ts'
import { methodInfo, type ResponseOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { Method } from '../../domain/models/methods.ts'
import type { Dispatcher } from '../call.ts'
import { HttpCall, headerReader, isClosed } from '../http/http-call.ts'
import { drained } from '../http/stream-answer.ts'
import { errorOf, sendError, sendJson, toOpenAiError } from './errors.ts'
import type { Form } from './forms.ts'
import { readModelName } from './model-name.ts'

/** A request of the OpenAI interface whose body has been read. */
export interface Asked {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly body: JsonObject
}

/** Answers a request with what the method of the model answers; the calls go through the same stages as all others. */
export async function predict(dispatcher: Dispatcher, form: Form, { req, res, body }: Asked): Promise<void> {
  const request = requestOf(form, body, Method.OPENAI)
  const call = new HttpCall(methodInfo('PostModelOutputs'), req, res, headerReader(req))
  const answer = (await dispatcher.unary(call, request)) as ResponseOf<'PostModelOutputs'>
  if (isClosed(res)) return
  name(res, answer)
  const failed = failureOf(answer)
  if (failed) sendError(res, failed)
  else sendJson(res, form.answer(textOf(answer), body))
}

/** Answers a request with server-sent events, as they come; a failure after the first one is the last event. */
export async function predictStream(dispatcher: Dispatcher, form: Form, { req, res, body }: Asked): Promise<void> {
  const request = requestOf(form, body, Method.OPENAI_STREAM)
  const events = form.events(body)
  const call = new HttpCall(methodInfo('GenerateModelOutputs'), req, res, headerReader(req))
  for await (const message of dispatcher.stream(call, one(request))) {
    if (isClosed(res)) return
    const answer = message as ResponseOf<'GenerateModelOutputs'>
    if (!res.headersSent) name(res, answer)
    const failed = failureOf(answer)
    if (failed && !res.headersSent) return sendError(res, failed)
    begin(res)
    if (failed) {
      // Clients take an event with an error for one, and the missing end for a stream that is not whole.
      res.write(`data: ${JSON.stringify({ error: toOpenAiError(failed.code, failed.details) })}\n\n`)
      res.end()
      return
    }
    const flowing = res.write(events.take(textOf(answer)))
    if (!flowing && !isClosed(res)) await drained(res)
  }
  if (isClosed(res)) return
  begin(res)
  res.end(events.end())
}

function begin(res: ServerResponse): void {
  if (res.headersSent) return
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
}

/** The id by which the operator finds the call in the log, where clients of this interface look for it. */
function name(res: ServerResponse, { status }: { readonly status?: { readonly reqId: string } }): void {
  if (status?.reqId) res.setHeader('x-request-id', status.reqId)
}

function requestOf(form: Form, asked: JsonObject, method: string): PostModelOutputsRequest {
  const { model, ...body } = form.request(asked)
  if (typeof model !== 'string') throw new AppError(StatusCode.PREDICT_INVALID_REQUEST, 'Name the model as a text.')
  const { userId, appId, modelId, versionId } = readModelName(model)
  const stringValue = JSON.stringify({ ...body, openai_endpoint: form.endpoint })
  return create(PostModelOutputsRequestSchema, {
    userAppId: { userId, appId },
    modelId,
    versionId,
    inputs: [{ data: { metadata: { _method_name: method }, parts: [{ id: 'msg', data: { stringValue } }] } }],
  })
}

/** Why a call failed; of a call with one input that failed, the input says it best. */
function failureOf({
  status,
  outputs,
}: Pick<ResponseOf<'PostModelOutputs'>, 'status' | 'outputs'>): AppError | undefined {
  if (!status || status.code === StatusCode.SUCCESS) return undefined
  const own = outputs[0]?.status
  return errorOf(own && own.code !== StatusCode.SUCCESS ? own : status)
}

const textOf = ({ outputs }: Pick<ResponseOf<'PostModelOutputs'>, 'outputs'>): string =>
  outputs[0]?.data?.parts[0]?.data?.stringValue ?? ''

async function* one(message: Message): AsyncIterable<Message> {
  yield message
}
