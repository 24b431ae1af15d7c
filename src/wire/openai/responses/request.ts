import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { StatusCode } from '../../../contract/status-code.ts'

/** What means the same in both interfaces. */
const SAME = ['temperature', 'top_p', 'parallel_tool_calls', 'stream', 'user'] as const
/** What would need a memory of earlier responses. */
const REMEMBERING = ['previous_response_id', 'conversation', 'prompt', 'background'] as const

const refused = (details: string): AppError => new AppError(StatusCode.PREDICT_INVALID_REQUEST, details)

/** Whether a JSON value is an object. */
export const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A request of the responses interface as one for chat completions; throws AppError PREDICT_INVALID_REQUEST for what cannot be said so. */
export function chatRequestOf(body: JsonObject): JsonObject {
  for (const field of REMEMBERING) {
    if (body[field])
      throw refused(`No response is kept here, so ${field} cannot be used; send all that was said in input.`)
  }
  const chat: JsonObject = { messages: messagesOf(body) }
  if (body.model !== undefined) chat.model = body.model
  for (const field of SAME) if (isSet(body[field])) chat[field] = body[field]!
  if (isSet(body.max_output_tokens)) chat.max_tokens = body.max_output_tokens!
  if (isObject(body.reasoning) && isSet(body.reasoning.effort)) chat.reasoning_effort = body.reasoning.effort!
  if (Array.isArray(body.tools) && body.tools.length > 0) chat.tools = body.tools.map(toolOf)
  if (isSet(body.tool_choice)) chat.tool_choice = choiceOf(body.tool_choice!)
  const format = isObject(body.text) ? formatOf(body.text.format) : undefined
  if (format) chat.response_format = format
  if (body.stream === true) chat.stream_options = { include_usage: true }
  return chat
}

const isSet = (value: JsonValue | undefined): boolean => value !== undefined && value !== null

function messagesOf({ instructions, input }: JsonObject): JsonObject[] {
  const messages: JsonObject[] = []
  if (typeof instructions === 'string' && instructions !== '') messages.push({ role: 'system', content: instructions })
  if (typeof input === 'string') messages.push({ role: 'user', content: input })
  else if (Array.isArray(input)) for (const item of input) addItem(messages, item)
  else throw refused('The input is missing; send a text or a list of items.')
  return messages
}

function addItem(messages: JsonObject[], item: JsonValue): void {
  if (!isObject(item)) throw refused('An item of input is not an object.')
  switch (item.type ?? 'message') {
    case 'message': {
      const role = item.role === 'developer' ? 'system' : (item.role ?? 'user')
      messages.push({ role, content: contentOf(item.content) })
      break
    }
    case 'function_call': {
      const { call_id = '', name = '', arguments: given = '{}' } = item
      const call = { id: call_id, type: 'function', function: { name, arguments: given } }
      // Calls that stand together were made in one message.
      const last = messages.at(-1)
      if (last?.role === 'assistant' && Array.isArray(last.tool_calls)) last.tool_calls.push(call)
      else messages.push({ role: 'assistant', content: null, tool_calls: [call] })
      break
    }
    case 'function_call_output': {
      const content = typeof item.output === 'string' ? item.output : JSON.stringify(item.output ?? '')
      messages.push({ role: 'tool', tool_call_id: item.call_id ?? '', content })
      break
    }
    // What a model thought is of no use to another call.
    case 'reasoning':
      break
    default:
      throw refused(`Items of the type '${String(item.type)}' are not supported in input.`)
  }
}

function contentOf(content: JsonValue | undefined): JsonValue {
  if (!Array.isArray(content)) return content ?? ''
  const parts = content.map(partOf)
  // Models that read texts only take them as a text.
  return parts.every((part) => part.type === 'text') ? parts.map(({ text }) => String(text)).join('') : parts
}

function partOf(part: JsonValue): JsonObject {
  if (!isObject(part)) throw refused('A part of a content is not an object.')
  switch (part.type) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { type: 'text', text: part.text ?? '' }
    case 'refusal':
      return { type: 'text', text: part.refusal ?? '' }
    case 'input_image': {
      if (typeof part.image_url !== 'string')
        throw refused('Pictures are taken by image_url, an address or a data URL.')
      const detail: JsonObject = part.detail === undefined ? {} : { detail: part.detail }
      return { type: 'image_url', image_url: { url: part.image_url, ...detail } }
    }
    default:
      throw refused(`Parts of the type '${String(part.type)}' are not supported in a content.`)
  }
}

function toolOf(tool: JsonValue): JsonObject {
  if (!isObject(tool) || tool.type !== 'function') throw refused('Only tools of the type function are supported.')
  const { type: _, ...declared } = tool
  return { type: 'function', function: declared }
}

function choiceOf(choice: JsonValue): JsonValue {
  if (!isObject(choice)) return choice
  if (choice.type !== 'function') throw refused('Only a function may be chosen by tool_choice.')
  return { type: 'function', function: { name: choice.name ?? '' } }
}

function formatOf(format: JsonValue | undefined): JsonObject | undefined {
  if (!isObject(format) || format.type === 'text') return undefined
  if (format.type !== 'json_schema') return format
  const { type: _, ...schema } = format
  return { type: 'json_schema', json_schema: schema }
}
