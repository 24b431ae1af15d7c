import type { DescMessage, MessageShape } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../status-code.ts'
import { messageReader } from './message-reader.ts'
import { asRequestError } from './problem.ts'
import { ImpreciseInteger, ReadState } from './read-state.ts'
import { checkShape } from './text-shape.ts'

/** A decoded request and how often its multi-word field names came in either casing. */
export interface Decoded<D extends DescMessage> {
  message: MessageShape<D>
  snake: number
  camel: number
}

/** Parses JSON text; throws AppError 11100 that says where it breaks, or what there is too much of. */
export function parseJson(text: string): unknown {
  checkShape(text)
  try {
    return JSON.parse(text)
  } catch (error) {
    // V8 quotes the surroundings, which may be megabytes or secret; only what it expected there is told.
    const reason = (error as Error).message.replace(/, (\.\.\.)?".*$/s, '').replace(' in JSON at', ' at')
    throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, `The request body must be valid JSON: ${reason}.`)
  }
}

interface ReviverContext {
  source?: string
}

/** Keeps integers that a double can't hold as bigint; slower, so only used where one was met. */
function parseExact(text: string): unknown {
  const revive = (_: string, value: unknown, context?: ReviverContext): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context!.source!)
      : value
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown)
}

/**
 * Decodes the JSON text of a request, noting the casing of its names; throws AppError 11100 with the field path.
 *
 * With `field` the text is the value of that field instead of the whole message. A bare `null` is an empty message.
 */
export function decodeRequest<D extends DescMessage>(desc: D, text: string, field = ''): Decoded<D> {
  const reader = messageReader(desc, 'request')
  const whole = (json: unknown): unknown => (field === '' ? (json ?? {}) : { [field]: json })
  const json = whole(parseJson(text))
  let state = new ReadState(true)
  try {
    let message: unknown
    try {
      message = reader.read(json, state)
    } catch (error) {
      if (!(error instanceof ImpreciseInteger)) throw error
      state = new ReadState(false)
      message = reader.read(whole(parseExact(text)), state)
    }
    return { message: message as MessageShape<D>, snake: state.snake, camel: state.camel }
  } catch (error) {
    throw asRequestError(error)
  }
}

/**
 * Decodes JSON that is already parsed, as in a request: both casings, contract defaults; throws AppError 11100.
 *
 * Takes over the value: free JSON in it (Struct) becomes part of the message and is cleaned in place.
 */
export function decodeJson<D extends DescMessage>(desc: D, json: unknown): MessageShape<D> {
  try {
    return messageReader(desc, 'request').read(json, new ReadState(false)) as unknown as MessageShape<D>
  } catch (error) {
    throw asRequestError(error)
  }
}

/** Decodes what `encodeDoc` wrote; missing fields are zero, no contract default applies. */
export function decodeDoc<D extends DescMessage>(desc: D, text: string): MessageShape<D> {
  return messageReader(desc, 'document').read(JSON.parse(text), new ReadState(false)) as unknown as MessageShape<D>
}
