import { create, type DescField, type DescMessage } from '@bufbuild/protobuf'
import { hasCustomJsonRepresentation, isWrapperDesc } from '@bufbuild/protobuf/wkt'
import { blankMessage } from './blank-message.ts'
import { type Dict, defaultFloat, isPlainStruct, isUnwrapped } from './field-shape.ts'
import { FieldProblem } from './problem.ts'
import type { ReadState } from './read-state.ts'
import { enumReader, kindOf, type Read, scalarReader } from './scalars-in.ts'
import { readDuration, readTimestamp } from './time-in.ts'
import { readStruct, readWellKnown } from './well-known-in.ts'

/** How JSON is meant: `request` fills the contract's JSON defaults, `document` takes every value as written. */
export type ReadMode = 'request' | 'document'

/** One field under one of its JSON names. */
export interface FieldReader {
  readonly desc: DescField
  /** Casing that this name shows: 0 for single words, which show none. */
  readonly casing: 0 | 1 | 2
  /** Null is a value of its own here (google.protobuf.Value) instead of an absent field. */
  readonly takesNull: boolean
  /** Reads a JSON value into the field of `message`. */
  set(message: Dict, json: unknown, state: ReadState): void
  /** Reader of the message type of a singular field that JSON writes as an object of fields, else undefined. */
  child(): MessageReader | undefined
}

export const SNAKE = 1
export const CAMEL = 2

/** Reads one message type; compiled once per type and mode. */
export class MessageReader {
  readonly desc: DescMessage
  readonly fields = new Map<string, FieldReader>()
  /** Makes a message as an empty JSON object means it. */
  readonly create: () => Dict

  constructor(desc: DescMessage, mode: ReadMode) {
    this.desc = desc
    const preset: Dict = {}
    for (const field of desc.fields) {
      const reader = compileField(field, mode)
      const casing = field.name === field.jsonName ? 0 : SNAKE
      this.fields.set(field.name, { ...reader, casing })
      if (casing !== 0) this.fields.set(field.jsonName, { ...reader, casing: CAMEL })
      const value = mode === 'request' ? defaultFloat(field) : undefined
      if (value !== undefined) preset[field.localName] = value
    }
    this.create = blankMessage(desc, preset)
  }

  /** A new message from a JSON object; throws FieldProblem. */
  read(json: unknown, state: ReadState): Dict {
    return this.readInto(this.create(), json, state)
  }

  /** Sets the fields that the JSON object names; unknown names and nulls are ignored. */
  readInto(message: Dict, json: unknown, state: ReadState): Dict {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new FieldProblem(`must be an object, not ${kindOf(json)}`)
    }
    state.enter()
    const object = json as Dict
    let name = ''
    try {
      for (name in object) {
        const value = object[name]
        const field = this.fields.get(name)
        if (field === undefined || value === undefined || (value === null && !field.takesNull)) continue
        if (field.casing === SNAKE) state.snake++
        else if (field.casing === CAMEL) state.camel++
        field.set(message, value, state)
      }
    } catch (error) {
      throw error instanceof FieldProblem ? error.within(name) : error
    }
    state.depth--
    return message
  }
}

const caches: Record<ReadMode, Map<DescMessage, MessageReader>> = { request: new Map(), document: new Map() }

/** The reader of a message type, compiled at its first use. */
export function messageReader(desc: DescMessage, mode: ReadMode): MessageReader {
  let reader = caches[mode].get(desc)
  if (!reader) {
    reader = new MessageReader(desc, mode)
    caches[mode].set(desc, reader)
  }
  return reader
}

function compileField(field: DescField, mode: ReadMode): Omit<FieldReader, 'casing'> {
  const name = field.localName
  const { read, child } = compileValue(field, mode)
  const base = { desc: field, takesNull: field.message?.typeName === 'google.protobuf.Value' }
  if (field.fieldKind === 'list') {
    const nulls = base.takesNull
    const set: FieldReader['set'] = (message, json, state) => {
      if (json !== null) message[name] = readList(json, state, read, nulls)
    }
    return { ...base, child: none, set }
  }
  if (field.fieldKind === 'map') {
    const nulls = base.takesNull
    const set: FieldReader['set'] = (message, json, state) => {
      if (json !== null) message[name] = readMap(json, state, read, nulls)
    }
    return { ...base, child: none, set }
  }
  if (field.oneof) {
    const oneof = field.oneof.localName
    const set: FieldReader['set'] = (message, json, state) => {
      message[oneof] = { case: name, value: read(json, state) }
    }
    return { ...base, child, set }
  }
  const set: FieldReader['set'] = (message, json, state) => {
    message[name] = read(json, state)
  }
  return { ...base, child, set }
}

const none = (): undefined => undefined

interface ValueReader {
  read: Read
  child(): MessageReader | undefined
}

/** Reader of a single value of the field: of an item where the field is a list or map. */
function compileValue(field: DescField, mode: ReadMode): ValueReader {
  if (field.message) return compileMessage(field.message, field, mode)
  if (field.enum) return { read: enumReader(field.enum), child: none }
  return { read: scalarReader(field.scalar!), child: none }
}

function compileMessage(message: DescMessage, field: DescField, mode: ReadMode): ValueReader {
  if (isWrapperDesc(message)) {
    const read = scalarReader(message.fields[0].scalar)
    if (isUnwrapped(field)) return { read, child: none }
    return { child: none, read: (json, state) => create(message, { value: read(json, state) } as never) }
  }
  if (isPlainStruct(message, field.parent)) return { read: readStruct, child: none }
  if (message.typeName === 'google.protobuf.Timestamp') return { read: readTimestamp, child: none }
  if (message.typeName === 'google.protobuf.Duration') return { read: readDuration, child: none }
  if (hasCustomJsonRepresentation(message)) return { read: readWellKnown(message), child: none }
  // Resolved at the first use, because message types contain each other.
  let reader: MessageReader | undefined
  const child = (): MessageReader => (reader ??= messageReader(message, mode))
  return { child, read: (json, state) => (reader ?? child()).read(json, state) }
}

function readList(json: unknown, state: ReadState, read: Read, nulls: boolean): unknown[] {
  if (!Array.isArray(json)) throw new FieldProblem(`must be a list, not ${kindOf(json)}`)
  const list: unknown[] = []
  let i = 0
  try {
    for (; i < json.length; i++) {
      const item = json[i]
      if (item !== null || nulls) list.push(read(item, state))
    }
  } catch (error) {
    throw error instanceof FieldProblem ? error.within(i) : error
  }
  return list
}

/** All maps of the contract have string keys. */
function readMap(json: unknown, state: ReadState, read: Read, nulls: boolean): Dict {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new FieldProblem(`must be an object, not ${kindOf(json)}`)
  }
  const map: Dict = {}
  for (const [key, item] of Object.entries(json)) {
    // As a key of a plain object it would replace the prototype.
    if ((item === null && !nulls) || key === '__proto__') continue
    try {
      map[key] = read(item, state)
    } catch (error) {
      throw error instanceof FieldProblem ? error.within(key.slice(0, 64)) : error
    }
  }
  return map
}
