import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { createParser } from 'eventsource-parser'
import { brokenOff, garbage, RemoteFailure, toldFailure } from '../failure.ts'
import { EVENT_CHARS_MAX } from '../limits.ts'
import type { Link } from '../link.ts'

const DONE = '[DONE]'

/**
 * Posts JSON and yields the JSON objects of the event stream that comes back, until its `[DONE]`. Throws AppError as
 * Link does, also when the stream is none, tells of an error, or ends before its end.
 */
export async function* jsonEvents(
  link: Link,
  path: string,
  body: JsonValue,
  signal: AbortSignal,
): AsyncGenerator<JsonObject, void, undefined> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const pieces = link.stream({ method: 'POST', path, headers, body: JSON.stringify(body), signal })
  try {
    for await (const data of eventData(pieces)) {
      if (data === DONE) return
      const event = objectOf(data)
      if (event.error !== undefined && event.error !== null) throw toldFailure(event.error, link.settings.apiKey)
      yield event
    }
    throw brokenOff()
  } catch (error) {
    throw error instanceof RemoteFailure ? error.told : error
  }
}

/** The data of the events in a stream of bytes. */
async function* eventData(pieces: AsyncIterable<Buffer>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let events: string[] = []
  let isOversized = false
  const parser = createParser({
    maxBufferSize: EVENT_CHARS_MAX,
    onEvent: ({ data }) => events.push(data),
    onError: ({ type }) => {
      isOversized ||= type === 'max-buffer-size-exceeded'
    },
  })
  for await (const piece of pieces) {
    parser.feed(decoder.decode(piece, { stream: true }))
    if (isOversized) throw garbage('a stream of events')
    const ready = events
    events = []
    yield* ready
  }
}

function objectOf(data: string): JsonObject {
  try {
    const value = JSON.parse(data) as JsonValue
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // Falls through to the refusal below.
  }
  throw garbage('a stream of JSON events')
}
