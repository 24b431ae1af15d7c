import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { newId } from '../../../base/ids.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { isObject } from './request.ts'

/** Reasons for which a model stops before its answer is whole. */
const BROKEN_OFF: Readonly<Record<string, string>> = { length: 'max_output_tokens', content_filter: 'content_filter' }

/** A response without anything in it yet, with what was asked for and when it began, in seconds since 1970. */
export function emptyResponse(asked: JsonObject, created: JsonValue = 0): JsonObject {
  return {
    id: `resp_${newId()}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    error: null,
    incomplete_details: null,
    instructions: asked.instructions ?? null,
    max_output_tokens: asked.max_output_tokens ?? null,
    metadata: asked.metadata ?? {},
    model: asked.model ?? '',
    output: [],
    parallel_tool_calls: asked.parallel_tool_calls ?? true,
    previous_response_id: null,
    store: false,
    temperature: asked.temperature ?? null,
    text: asked.text ?? { format: { type: 'text' } },
    tool_choice: asked.tool_choice ?? 'auto',
    tools: asked.tools ?? [],
    top_p: asked.top_p ?? null,
    usage: null,
  }
}

/** The item of a text that the model has written. */
export const messageItem = (id: string, text: string): JsonObject => ({
  id,
  type: 'message',
  role: 'assistant',
  status: 'completed',
  content: [textPart(text)],
})

/** The part of a message that holds its text. */
export const textPart = (text: string): JsonObject => ({ type: 'output_text', text, annotations: [], logprobs: [] })

/** The item of a function that the model wants called; `call` is as chat completions have it. */
export function callItem(id: string, call: { readonly id: string; readonly name: string; readonly given: string }) {
  return { id, type: 'function_call', call_id: call.id, name: call.name, arguments: call.given, status: 'completed' }
}

/** A response with its output, once the model has ended for a reason of chat completions. */
export function ended(
  response: JsonObject,
  output: JsonObject[],
  reason: string,
  usage: JsonValue | undefined,
): JsonObject {
  const broken = BROKEN_OFF[reason]
  return {
    ...response,
    output,
    status: broken ? 'incomplete' : 'completed',
    incomplete_details: broken ? { reason: broken } : null,
    usage: usageOf(usage),
  }
}

/** What a model has written for chat completions; throws AppError MODEL_PREDICTION_FAILED where it is no JSON object. */
export function readChat(text: string): JsonObject {
  try {
    const value: JsonValue = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Said below.
  }
  throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, 'What the model answered is no JSON object.')
}

/** The answer of chat completions as a response. */
export function responseOf(asked: JsonObject, chat: JsonObject): JsonObject {
  const [choice] = Array.isArray(chat.choices) ? chat.choices : []
  const { message = {}, finish_reason = 'stop' } = isObject(choice) ? choice : {}
  const { content = '', tool_calls = [] } = isObject(message) ? message : {}
  const output: JsonObject[] = []
  if (typeof content === 'string' && content !== '') output.push(messageItem(`msg_${newId()}`, content))
  for (const call of Array.isArray(tool_calls) ? tool_calls : []) {
    if (!isObject(call) || !isObject(call.function)) continue
    const { name, arguments: given } = call.function
    output.push(callItem(`fc_${newId()}`, { id: String(call.id), name: String(name), given: String(given) }))
  }
  return ended(emptyResponse(asked, chat.created), output, String(finish_reason), chat.usage)
}

function usageOf(usage: JsonValue | undefined): JsonValue {
  if (!isObject(usage)) return null
  const {
    prompt_tokens = 0,
    completion_tokens = 0,
    total_tokens = 0,
    prompt_tokens_details,
    completion_tokens_details,
  } = usage
  return {
    input_tokens: prompt_tokens,
    input_tokens_details: { cached_tokens: detail(prompt_tokens_details, 'cached_tokens') },
    output_tokens: completion_tokens,
    output_tokens_details: { reasoning_tokens: detail(completion_tokens_details, 'reasoning_tokens') },
    total_tokens,
  }
}

const detail = (details: JsonValue | undefined, name: string): JsonValue =>
  (isObject(details) ? details[name] : undefined) ?? 0
