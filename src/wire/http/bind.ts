import { parse as parseQuery } from 'node:querystring'
import { type DescMessage, type Message, ScalarType } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  asRequestError,
  decodeRequest,
  FieldProblem,
  type FieldReader,
  type MessageReader,
  messageReader,
  parseJson,
  ReadState,
} from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { RouteMatch } from './router.ts'

/** Most `name=value` pairs of a query; more are refused. */
export const MAX_QUERY_PAIRS = 1000

/** Query names that speak to the transport instead of naming a field. */
const TRANSPORT_NAMES = new Set(['json_names', 'jsonNames'])

/** A request put together from path, query and body, and how often its multi-word names came in either casing. */
export interface Bound {
  request: Message
  snake: number
  camel: number
}

type Dict = Record<string, unknown>

/** The parsed query, with a list where a name repeats. */
export function queryOf(text: string): Record<string, string | string[] | undefined> {
  if (text.split('&', MAX_QUERY_PAIRS + 1).length > MAX_QUERY_PAIRS) {
    throw new AppError(
      StatusCode.CONN_BAD_REQUEST_FORMAT,
      `The query has more than ${MAX_QUERY_PAIRS} values; send fewer, or send them in a body.`,
    )
  }
  return parseQuery(text, '&', '=', { maxKeys: MAX_QUERY_PAIRS })
}

/**
 * Makes the request message of a matched call. Of fields given twice the path beats the query and the query beats
 * the body, which any verb may have. Throws AppError 11100 that names the field.
 */
export function bindRequest(match: RouteMatch, query: string, body: string): Bound {
  const { route, values } = match
  const reader = messageReader(route.method.input, 'request')
  const empty = body === '' || body.trim() === ''
  const field = route.binding.body === '*' ? '' : route.binding.body
  const bound: Bound = empty
    ? { request: reader.create() as unknown as Message, snake: 0, camel: 0 }
    : boundBody(route.method.input, body, field)
  const message = bound.request as unknown as Dict
  try {
    if (query !== '') {
      const state = new ReadState(false)
      for (const [name, value] of Object.entries(queryOf(query))) {
        if (!TRANSPORT_NAMES.has(name)) setField(reader, message, name.split('.'), value!, state)
      }
      bound.snake += state.snake
      bound.camel += state.camel
    }
    const uncounted = new ReadState(false)
    for (let i = 0; i < values.length; i++) setField(reader, message, route.params[i]!, values[i]!, uncounted)
  } catch (error) {
    throw asRequestError(error)
  }
  return bound
}

function boundBody(input: DescMessage, body: string, field: string): Bound {
  const { message, snake, camel } = decodeRequest(input, body, field)
  return { request: message, snake, camel }
}

/** Sets the field that a dotted name means, making the messages on the way; unknown names are ignored. */
function setField(
  reader: MessageReader,
  message: Dict,
  path: readonly string[],
  value: string | string[],
  state: ReadState,
): void {
  let target = message
  let owner = reader
  for (let i = 0; i < path.length; i++) {
    const field = owner.fields.get(path[i]!)
    if (!field) return
    if (field.casing === 1) state.snake++
    else if (field.casing === 2) state.camel++
    if (i === path.length - 1) {
      setLeaf(field, target, value, state, path)
      return
    }
    const child = field.child()
    if (!child) return
    target = openChild(field, child, target)
    owner = child
  }
}

function setLeaf(
  field: FieldReader,
  target: Dict,
  value: string | string[],
  state: ReadState,
  path: readonly string[],
): void {
  const given = (Array.isArray(value) ? value : [value]).filter((v) => v !== '' || takesEmpty(field))
  if (given.length === 0) return
  try {
    const repeated = field.desc.fieldKind === 'list'
    field.set(target, repeated ? given.map((v) => jsonOf(field, v)) : jsonOf(field, given.at(-1)!), state)
  } catch (error) {
    throw error instanceof FieldProblem ? error.within(path.join('.')) : error
  }
}

/** `per_page=` means that the caller has no wish; only text can really be empty. */
function takesEmpty(field: FieldReader): boolean {
  return field.desc.scalar === ScalarType.STRING || field.desc.scalar === ScalarType.BYTES
}

/** Objects in a query can only be written as JSON. */
function jsonOf(field: FieldReader, value: string): unknown {
  return field.desc.message && /^\s*[{[]/.test(value) ? parseJson(value) : value
}

function openChild(field: FieldReader, child: MessageReader, parent: Dict): Dict {
  const { localName, oneof } = field.desc
  if (!oneof) {
    parent[localName] ??= child.create()
    return parent[localName] as Dict
  }
  const choice = parent[oneof.localName] as { case?: string; value?: unknown }
  if (choice.case === localName) return choice.value as Dict
  const value = child.create()
  parent[oneof.localName] = { case: localName, value }
  return value
}
