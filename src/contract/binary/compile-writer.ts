import type { DescField, DescMessage } from '@bufbuild/protobuf'
import type { MessageCodec, WriteMessage } from './codec.ts'
import { isBareWrapper, isJsonStruct, scalarPlan, tagOf, zeroSource } from './fields.ts'
import { jsonToStruct } from './json-struct.ts'

const LENGTH_DELIMITED = 2

/** Generates the function that writes one message type: its fields from the last to the first, as the Writer wants. */
export function compileWriter(desc: DescMessage, codecOf: (desc: DescMessage) => MessageCodec): WriteMessage {
  const children: MessageCodec[] = []
  const child = (message: DescMessage): string => `c[${children.push(codecOf(message)) - 1}]`
  const descending = desc.fields.toSorted((a, b) => b.number - a.number)
  const parts = descending.map((field) => `  { ${writeField(field, child)} }`)
  const source = `return (w, m) => {\n${parts.join('\n')}\n}`
  return new Function('c', 'jsonToStruct', source)(children, jsonToStruct) as WriteMessage
}

type ChildOf = (message: DescMessage) => string

function writeField(field: DescField, child: ChildOf): string {
  const own = `m[${JSON.stringify(field.localName)}]`
  switch (field.fieldKind) {
    case 'list':
      return `const l = ${own}; if (l.length > 0) { ${writeList(field, child)} }`
    case 'map':
      return writeMap(field, own, child)
    default: {
      const write = writeValue(field, 'v', child)
      if (field.oneof !== undefined) {
        const oneof = `m[${JSON.stringify(field.oneof.localName)}]`
        return `const o = ${oneof}; if (o.case === ${JSON.stringify(field.localName)}) { const v = o.value; ${write} }`
      }
      return `const v = ${own}; if (${isSet(field)}) { ${write} }`
    }
  }
}

/** JavaScript source that tells whether the value `v` of a singular field goes on the wire. */
function isSet(field: DescField): string {
  if (field.fieldKind === 'message') return 'v !== undefined'
  switch (scalarPlan(field).method) {
    case 'bytes':
      return 'v.length > 0'
    case 'float':
    case 'double':
      // Minus zero is not zero on the wire.
      return 'v !== 0 || Object.is(v, -0)'
    case 'int64':
    case 'uint64':
      return 'v != 0'
    default:
      return `v !== ${zeroSource(field)}`
  }
}

function writeValue(field: DescField, value: string, child: ChildOf): string {
  if (field.message !== undefined) return writeMessage(field, value, child(field.message))
  const { method, wireType } = scalarPlan(field)
  return `w.${method}(${value}); ${writeTag(field.number, wireType)}`
}

function writeMessage(field: DescField, value: string, codec: string): string {
  const message = isJsonStruct(field) ? `jsonToStruct(${value})` : isBareWrapper(field) ? `{value:${value}}` : value
  return `const k = w.mark(); ${codec}.write(w, ${message}); w.len(k); ${writeTag(field.number, LENGTH_DELIMITED)}`
}

function writeList(field: DescField & { fieldKind: 'list' }, child: ChildOf): string {
  if (field.listKind !== 'message' && field.packed) {
    const { method } = scalarPlan(field)
    const items = method === 'float' ? 'w.floats(l)' : backwards(`w.${method}(l[i])`)
    return `const k = w.mark(); ${items}; w.len(k); ${writeTag(field.number, LENGTH_DELIMITED)}`
  }
  return backwards(writeValue(field, 'l[i]', child))
}

function backwards(body: string): string {
  return `for (let i = l.length - 1; i >= 0; i--) { ${body} }`
}

function writeMap(field: DescField & { fieldKind: 'map' }, own: string, child: ChildOf): string {
  const write = writeValue({ ...field, number: 2 } as DescField, 'o[l[i]]', child)
  const entry = `const e = w.mark(); { ${write} } w.string(l[i]); w.tag1(${tagOf(1, LENGTH_DELIMITED)}); w.len(e)`
  const loop = backwards(`${entry}; ${writeTag(field.number, LENGTH_DELIMITED)}`)
  return `const o = ${own}; const l = Object.keys(o); ${loop}`
}

function writeTag(number: number, wireType: number): string {
  const tag = tagOf(number, wireType)
  if (tag < 0x80) return `w.tag1(${tag})`
  if (tag < 0x4000) return `w.tag2(${(tag & 0x7f) | 0x80}, ${tag >>> 7})`
  return `w.tag(${tag})`
}
