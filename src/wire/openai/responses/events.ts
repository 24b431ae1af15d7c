import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { newId } from '../../../base/ids.ts'
import { callItem, emptyResponse, ended, messageItem, readChat, textPart } from './answer.ts'
import { isObject } from './request.ts'

interface OpenItem {
  readonly id: string
  readonly at: number
  /** A text, or the arguments of a call. */
  written: string
  readonly call?: { readonly id: string; readonly name: string }
}

/** Turns the chunks of streamed chat completions into the events of a streamed response. */
export class ResponseEvents {
  #response: JsonObject
  readonly #items: OpenItem[] = []
  /** Items of calls by the index that their chunks carry. */
  readonly #calls = new Map<JsonValue, OpenItem>()
  #text: OpenItem | undefined
  #reason = 'stop'
  #usage: JsonValue | undefined
  #number = 0
  #begun = false

  constructor(asked: JsonObject) {
    this.#response = emptyResponse(asked)
  }

  /** The events of one chunk, given as JSON. */
  take(chunk: string): string {
    const { choices, usage, created } = readChat(chunk)
    if (isObject(usage)) this.#usage = usage
    let events = this.#begin(created)
    const [choice] = Array.isArray(choices) ? choices : []
    if (!isObject(choice)) return events
    if (typeof choice.finish_reason === 'string') this.#reason = choice.finish_reason
    const { content, tool_calls } = isObject(choice.delta) ? choice.delta : {}
    if (typeof content === 'string' && content !== '') events += this.#write(content)
    for (const call of Array.isArray(tool_calls) ? tool_calls : []) if (isObject(call)) events += this.#writeCall(call)
    return events
  }

  /** The events after the last chunk. */
  end(): string {
    let events = this.#begin()
    for (const item of this.#items) events += this.#close(item)
    const output = this.#items.map(whole)
    const response = ended(this.#response, output, this.#reason, this.#usage)
    return events + this.#event(`response.${String(response.status)}`, { response })
  }

  #begin(created?: JsonValue): string {
    if (this.#begun) return ''
    this.#begun = true
    this.#response = { ...this.#response, created_at: created ?? 0 }
    const response = this.#response
    return this.#event('response.created', { response }) + this.#event('response.in_progress', { response })
  }

  #write(delta: string): string {
    let events = ''
    if (!this.#text) {
      const item = this.#open('msg')
      this.#text = item
      const shown = { ...messageItem(item.id, ''), status: 'in_progress', content: [] }
      events += this.#event('response.output_item.added', { output_index: item.at, item: shown })
      events += this.#event('response.content_part.added', { ...inText(item), part: textPart('') })
    }
    this.#text.written += delta
    return events + this.#event('response.output_text.delta', { ...inText(this.#text), delta, logprobs: [] })
  }

  #writeCall({ index = 0, id, function: named }: JsonObject): string {
    const { name, arguments: delta } = isObject(named) ? named : {}
    let item = this.#calls.get(index)
    let events = ''
    if (!item) {
      item = this.#open('fc', { id: String(id ?? ''), name: String(name ?? '') })
      this.#calls.set(index, item)
      const shown = { ...whole(item), status: 'in_progress' }
      events += this.#event('response.output_item.added', { output_index: item.at, item: shown })
    }
    if (typeof delta !== 'string' || delta === '') return events
    item.written += delta
    return events + this.#event('response.function_call_arguments.delta', { ...at(item), delta })
  }

  #open(prefix: string, call?: OpenItem['call']): OpenItem {
    const item: OpenItem = { id: `${prefix}_${newId()}`, at: this.#items.length, written: '', call }
    this.#items.push(item)
    return item
  }

  #close(item: OpenItem): string {
    const done = item.call
      ? this.#event('response.function_call_arguments.done', {
          ...at(item),
          name: item.call.name,
          arguments: item.written,
        })
      : this.#event('response.output_text.done', { ...inText(item), text: item.written, logprobs: [] }) +
        this.#event('response.content_part.done', { ...inText(item), part: textPart(item.written) })
    return done + this.#event('response.output_item.done', { output_index: item.at, item: whole(item) })
  }

  #event(type: string, fields: JsonObject): string {
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#number++, ...fields })}\n\n`
  }
}

const at = (item: OpenItem): JsonObject => ({ item_id: item.id, output_index: item.at })
const inText = (item: OpenItem): JsonObject => ({ ...at(item), content_index: 0 })
const whole = (item: OpenItem): JsonObject =>
  item.call ? callItem(item.id, { ...item.call, given: item.written }) : messageItem(item.id, item.written)
