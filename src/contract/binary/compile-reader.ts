import type { DescField, DescMessage } from '@bufbuild/protobuf'
import type { MessageCodec, ReadMessage } from './codec.ts'
import { isBareWrapper, isJsonStruct, scalarPlan, tagOf, zeroSource } from './fields.ts'
import { jsonToStruct, setOwn, structToJson } from './json-struct.ts'

const LENGTH_DELIMITED = 2

/**
 * Generates the function that reads one message type.
 *
 * Fields that are not in the contract, or come with another wire type than theirs, are dropped.
 */
export function compileReader(desc: DescMessage, codecOf: (desc: DescMessage) => MessageCodec): ReadMessage {
  const children: MessageCodec[] = []
  const child = (message: DescMessage): string => `c[${children.push(codecOf(message)) - 1}]`
  const cases = desc.fields.flatMap((field) => fieldCases(field, child))
  const source = `return (r, end, m, depth) => {
  r.begin(depth)
  while (r.pos < end) {
    const tag = r.uint32()
    switch (tag) {
${cases.join('\n')}
      default: r.skip(tag, end, depth)
    }
  }
  if (r.pos !== end) throw new Error('a value reaches past the end of its message')
  return m
}`
  return new Function('c', 'structToJson', 'jsonToStruct', 'setOwn', source)(
    children,
    structToJson,
    jsonToStruct,
    setOwn,
  ) as ReadMessage
}

type ChildOf = (message: DescMessage) => string

function fieldCases(field: DescField, child: ChildOf): string[] {
  switch (field.fieldKind) {
    case 'message':
      return [caseOf(field, LENGTH_DELIMITED, readMessageField(field, child(field.message)))]
    case 'list':
      return field.listKind === 'message'
        ? [caseOf(field, LENGTH_DELIMITED, readMessageItem(field, child(field.message)))]
        : readScalarItems(field)
    case 'map':
      return [caseOf(field, LENGTH_DELIMITED, readMapEntry(field, child))]
    default: {
      const { method, wireType } = scalarPlan(field)
      return [caseOf(field, wireType, assign(field, `r.${method}(end)`))]
    }
  }
}

function caseOf(field: DescField, wireType: number, body: string): string {
  return `      case ${tagOf(field.number, wireType)}: { ${body}; break }`
}

function property(name: string): string {
  return `m[${JSON.stringify(name)}]`
}

function assign(field: DescField, value: string): string {
  if (field.oneof === undefined) return `${property(field.localName)} = ${value}`
  return `${property(field.oneof.localName)} = {case:${JSON.stringify(field.localName)},value:${value}}`
}

/** A field that comes twice is merged into one message. */
function readMessageField(field: DescField, codec: string): string {
  const own = property(field.localName)
  if (isBareWrapper(field)) {
    const read = `${codec}.read(r, r.end(end), w, depth + 1)`
    return `const w = ${codec}.create(); if (${own} !== undefined) w.value = ${own}; ${own} = ${read}.value`
  }
  const oneof = field.oneof && property(field.oneof.localName)
  const before =
    oneof === undefined ? own : `(${oneof}.case === ${JSON.stringify(field.localName)} ? ${oneof}.value : undefined)`
  if (isJsonStruct(field)) {
    const start = `const b = ${before}; const s = b === undefined ? ${codec}.create() : (r.merge(), jsonToStruct(b))`
    return `${start}; ${assign(field, `structToJson(${codec}.read(r, r.end(end), s, depth + 1))`)}`
  }
  return assign(field, `${codec}.read(r, r.end(end), ${before} ?? ${codec}.create(), depth + 1)`)
}

function readMessageItem(field: DescField, codec: string): string {
  const read = `${codec}.read(r, r.end(end), ${codec}.create(), depth + 1)`
  return `${property(field.localName)}.push(${isJsonStruct(field) ? `structToJson(${read})` : read})`
}

/** Numbers may come packed or one by one, whichever the contract says. */
function readScalarItems(field: DescField): string[] {
  const { method, wireType } = scalarPlan(field)
  const list = property(field.localName)
  const one = caseOf(field, wireType, `${list}.push(r.${method}(end))`)
  if (wireType === LENGTH_DELIMITED) return [one]
  const loop = `while (r.pos < e) l.push(r.${method}())`
  const packed = `const l = ${list}; const e = r.end(end); ${loop}; if (r.pos !== e) throw new Error('a packed list is cut')`
  return [one, caseOf(field, LENGTH_DELIMITED, packed)]
}

function readMapEntry(field: DescField & { fieldKind: 'map' }, child: ChildOf): string {
  const key = scalarPlan({ ...field, scalar: field.mapKey, enum: undefined } as DescField)
  if (key.method !== 'string') throw new Error(`${field} has keys that the binary codec does not know`)
  const codec = field.mapKind === 'message' ? child(field.message) : undefined
  const plan = codec === undefined ? scalarPlan(field) : undefined
  const readValue =
    plan === undefined ? `${codec}.read(r, r.end(e), v ?? ${codec}.create(), depth + 1)` : `r.${plan.method}(e)`
  const zero = plan === undefined ? `${codec}.create()` : field.enum === undefined ? plan.zero : zeroSource(field)
  const local = isJsonStruct(field) ? 'structToJson(v)' : 'v'
  return `const e = r.end(end); let k = ''; let v
        while (r.pos < e) {
          const t = r.uint32()
          if (t === ${tagOf(1, 2)}) k = r.string(e)
          else if (t === ${tagOf(2, plan?.wireType ?? LENGTH_DELIMITED)}) v = ${readValue}
          else r.skip(t, e, depth)
        }
        if (r.pos !== e) throw new Error('a map entry is cut')
        if (v === undefined) v = ${zero}
        setOwn(${property(field.localName)}, k, ${local})`
}
