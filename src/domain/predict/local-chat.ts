import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import type { PlanNode } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { answerHere, type TalkEnd, talkHere } from './local-talk.ts'
import { invalid, isObject } from './method-args.ts'

/** Fields of a chat request that language models of this server go by; others are taken and passed over. */
const TAKEN = ['temperature', 'top_p', 'max_tokens', 'stop', 'seed']

interface Asked {
  readonly messages: readonly JsonValue[]
  readonly params: JsonObject
}

function readRequest(request: JsonObject): Asked {
  const { messages, max_completion_tokens: most, n } = request
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalid('The field messages must be a list of {role, content}; send at least one.')
  }
  if (n !== undefined && n !== null && n !== 1) throw invalid('The models of this server give one answer; leave n out.')
  const { tools } = request
  if (Array.isArray(tools) && tools.length > 0) throw invalid('The model cannot call tools; leave tools out.')
  const given = { ...request, max_tokens: request.max_tokens ?? most }
  const taken = TAKEN.flatMap((name) => {
    const value = (given as JsonObject)[name]
    return value === undefined || value === null ? [] : [[name, value] as const]
  })
  return { messages, params: Object.fromEntries(taken) }
}

const usageOf = ({ promptTokens, completionTokens }: TalkEnd): JsonObject => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
})

const head = (call: Call, node: PlanNode, object: string): JsonObject => ({
  id: `chatcmpl-${newId()}`,
  object,
  created: Math.floor(call.services.clock.now() / 1_000),
  model: node.id,
})

/** Answers a chat request of the OpenAI interface by a language model of this server. */
export async function chatHere(call: Call, node: PlanNode, request: JsonObject): Promise<JsonObject> {
  const { messages, params } = readRequest(request)
  const { text, end } = await answerHere(call, node, params, messages)
  const message = { role: 'assistant', content: text }
  return {
    ...head(call, node, 'chat.completion'),
    choices: [{ index: 0, message, finish_reason: end.finishReason, logprobs: null }],
    usage: usageOf(end),
  }
}

/** The same as the events of a stream: the role, pieces of the answer, the end, and usage where it is asked for. */
export async function* chatStreamHere(
  call: Call,
  node: PlanNode,
  request: JsonObject,
): AsyncGenerator<JsonObject, void, undefined> {
  const { messages, params } = readRequest(request)
  const base = head(call, node, 'chat.completion.chunk')
  const chunk = (delta: JsonObject, finish: string | null): JsonObject => ({
    ...base,
    choices: [{ index: 0, delta, finish_reason: finish, logprobs: null }],
  })
  const { stream_options: options } = request
  const wantsUsage = isObject(options) && options.include_usage === true
  let begun = false
  for await (const event of talkHere(call, node, params, messages)) {
    // The first event comes with the first piece: a request that fails before has not begun to answer.
    if (!begun) yield chunk({ role: 'assistant', content: '' }, null)
    begun = true
    if ('piece' in event) {
      yield chunk({ content: event.piece }, null)
      continue
    }
    yield chunk({}, event.end.finishReason)
    if (wantsUsage) yield { ...base, choices: [], usage: usageOf(event.end) }
  }
}
