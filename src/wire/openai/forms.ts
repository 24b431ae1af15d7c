import type { JsonObject } from '@bufbuild/protobuf'
import { readChat, responseOf } from './responses/answer.ts'
import { ResponseEvents } from './responses/events.ts'
import { chatRequestOf } from './responses/request.ts'

/** Turns what a model writes piece by piece into server-sent events. */
interface Events {
  /** The events of one piece, as JSON. */
  take(piece: string): string
  /** What stands after the last one. */
  end(): string
}

/** How requests and answers of a path look. */
export interface Form {
  /** What the method of the model is told that is asked for. */
  readonly endpoint: string
  /** What the model is asked. */
  request(asked: JsonObject): JsonObject
  /** Its answer, as JSON. */
  answer(text: string, asked: JsonObject): string
  events(asked: JsonObject): Events
}

const CHAT = '/chat/completions'

/** Paths of which models know themselves how requests and answers look. */
export const asItIs = (endpoint: string): Form => ({
  endpoint,
  request: (asked) => asked,
  answer: (text) => text,
  events: () => ({ take: (piece) => `data: ${piece}\n\n`, end: () => 'data: [DONE]\n\n' }),
})

/** Responses, which every model that completes chats can give. */
export const responses: Form = {
  endpoint: CHAT,
  request: chatRequestOf,
  answer: (text, asked) => JSON.stringify(responseOf(asked, readChat(text))),
  events: (asked) => new ResponseEvents(asked),
}

/** Whether what a path answers may be streamed. */
export const maybeStreamed = (form: Form): boolean => form.endpoint === CHAT
