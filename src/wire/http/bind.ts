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
import type { Route, RouteMatch } from './router.ts'

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
        const place = TRANSPORT_NAMES.has(name) ? undefined : placeOf(reader, name.split('.'))
        if (place) setPlace(place, message, value!, state)
      }
      bound.snake += state.snake
      bound.camel += state.camel
    }
    const uncounted = new ReadState(false)
    const places = pathPlaces(route)
    for (let i = 0; i < values.length; i++) {
      const place = places[i]
      if (place) setPlace(place, message, values[i]!, uncounted)
    }
  } catch (error) {
    throw asRequestError(error)
  }
  return bound
}

function boundBody(input: DescMessage, body: string, field: string): Bound {
  const { message, snake, camel } = decodeRequest(input, body, field)
  return { request: message, snake, camel }
}

/** Where in a request the value of a dotted name belongs. */
interface Place {
  readonly path: readonly string[]
  /** The messages on the way, from the outermost. */
  readonly parents: readonly { readonly field: FieldReader; readonly child: MessageReader }[]
  readonly leaf: FieldReader
}

const known = new WeakMap<Route, readonly (Place | undefined)[]>()

/** The places of a route's parameters, which are the same for each of its calls. */
function pathPlaces(route: Route): readonly (Place | undefined)[] {
  let places = known.get(route)
  if (!places) {
    const reader = messageReader(route.method.input, 'request')
    places = route.params.map((path) => placeOf(reader, path))
    known.set(route, places)
  }
  return places
}

/** The place that a dotted name means, or undefined for names that the request has not. */
function placeOf(reader: MessageReader, path: readonly string[]): Place | undefined {
  const parents: { field: FieldReader; child: MessageReader }[] = []
  let owner = reader
  for (const name of path.slice(0, -1)) {
    const field = owner.fields.get(name)
    const child = field?.child()
    if (!field || !child) return undefined
    parents.push({ field, child })
    owner = child
  }
  const leaf = owner.fields.get(path.at(-1)!)
  return leaf && { path, parents, leaf }
}

/** Sets the field at a place, making the messages on the way, and counts the casing of its names. */
function setPlace({ path, parents, leaf }: Place, message: Dict, value: string | string[], state: ReadState): void {
  let target = message
  for (const { field, child } of parents) {
    countCasing(field, state)
    target = openChild(field, child, target)
  }
  countCasing(leaf, state)
  try {
    const json = leaf.desc.fieldKind === 'list' ? listOf(leaf, value) : singleOf(leaf, value)
    if (json !== undefined) leaf.set(target, json, state)
  } catch (error) {
    throw error instanceof FieldProblem ? error.within(path.join('.')) : error
  }
}

function countCasing({ casing }: FieldReader, state: ReadState): void {
  if (casing === 1) state.snake++
  else if (casing === 2) state.camel++
}

function listOf(field: FieldReader, value: string | string[]): unknown[] | undefined {
  const given = (Array.isArray(value) ? value : [value]).filter((v) => v !== '' || takesEmpty(field))
  return given.length === 0 ? undefined : given.map((v) => jsonOf(field, v))
}

/** Of a value that is given several times the last one counts. */
function singleOf(field: FieldReader, value: string | string[]): unknown {
  const last = Array.isArray(value) ? value.findLast((v) => v !== '' || takesEmpty(field)) : value
  return last === undefined || (last === '' && !takesEmpty(field)) ? undefined : jsonOf(field, last)
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
