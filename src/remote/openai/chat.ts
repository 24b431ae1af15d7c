import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { RemoteSettings } from '../../workflow/remote.ts'
import { garbage } from '../failure.ts'
import type { Link } from '../link.ts'
import { jsonEvents } from './events.ts'

const PATH = '/chat/completions'

/** Parameters of a model version, a node or a call that go into the request as they are. */
const PASSED_ON = [
  'temperature',
  'max_tokens',
  'top_p',
  'stop',
  'seed',
  'frequency_penalty',
  'presence_penalty',
  'reasoning_effort',
  'response_format',
  'tools',
  'tool_choice',
]

/** One message of a conversation as the interface has it. */
export type ChatMessage = JsonObject

/** What a user says: text, pictures as data URLs, or both. */
export function userMessage(text: string | undefined, imageUrls: readonly string[]): ChatMessage {
  if (imageUrls.length === 0) return { role: 'user', content: text ?? '' }
  const pictures = imageUrls.map((url): JsonObject => ({ type: 'image_url', image_url: { url } }))
  return { role: 'user', content: [...(text === undefined ? [] : [{ type: 'text', text }]), ...pictures] }
}

/** The request for an answer to messages, under parameters named as in the contract. */
export function chatBody(settings: RemoteSettings, params: JsonObject, messages: readonly ChatMessage[]): JsonObject {
  const system = params.system_prompt
  const begin = typeof system === 'string' && system !== '' ? [{ role: 'system', content: system }] : []
  const passed = PASSED_ON.flatMap((name) => (params[name] === undefined ? [] : [[name, params[name]] as const]))
  return withOwnFields(settings, { messages: [...begin, ...messages], ...Object.fromEntries(passed) })
}

/** A request with the model's name on its server and the fields that its owner puts in or takes out. */
export function withOwnFields({ model, body }: RemoteSettings, request: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries({ ...request, ...body, model }).filter(([, value]) => value !== null))
}

/** Asks for a whole answer, as the server gives it. */
export function chat(link: Link, body: JsonObject, signal: AbortSignal): Promise<JsonObject> {
  const { stream: _s, stream_options: _o, ...whole } = body
  return link.askJson(PATH, whole, signal, (answer) => {
    firstChoice(answer)
    return answer as JsonObject
  })
}

/** Asks for an answer as it is written: the chunks as the server gives them. */
export function chatStream(link: Link, body: JsonObject, signal: AbortSignal): AsyncGenerator<JsonObject> {
  return jsonEvents(link, PATH, { ...body, stream: true }, signal)
}

/** The text of a whole answer; empty where the model calls tools instead. */
export function textOfAnswer(answer: JsonObject): string {
  const message = firstChoice(answer).message
  return textOf(isObject(message) ? message.content : undefined)
}

/** What a chunk of a stream adds to the text. */
export function textOfChunk({ choices }: JsonObject): string {
  const first = Array.isArray(choices) ? choices[0] : undefined
  const delta = isObject(first) ? first.delta : undefined
  return textOf(isObject(delta) ? delta.content : undefined)
}

function firstChoice(answer: unknown): JsonObject {
  const choices = isObject(answer as JsonValue) ? (answer as JsonObject).choices : undefined
  const first = Array.isArray(choices) ? choices[0] : undefined
  if (!isObject(first) || !isObject(first.message)) throw garbage('a chat completion')
  return first
}

/** Content is a text, or a list of parts of which the texts count. */
function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isObject(part) && typeof part.text === 'string' ? part.text : '')).join('')
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
