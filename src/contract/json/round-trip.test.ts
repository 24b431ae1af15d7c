import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DescMessage, fromJson, type JsonValue, type Message, toBinary, toJson } from '@bufbuild/protobuf'
import { allMethods } from '../methods.ts'
import { decodeDoc, decodeJson, decodeRequest, encodeDoc, encodeJson } from './index.ts'
import { RandomMessages } from './random-messages.ts'

const SEED = 20240501
const PER_TYPE = 4

function reachableTypes(): DescMessage[] {
  const found = new Set<DescMessage>()
  const visit = (desc: DescMessage): void => {
    if (found.has(desc) || desc.typeName.startsWith('google.')) return
    found.add(desc)
    for (const field of desc.fields) if (field.message) visit(field.message)
  }
  for (const method of allMethods()) {
    visit(method.input)
    visit(method.output)
  }
  return [...found]
}

const types = reachableTypes()

// Buffers and other byte arrays of equal content count as equal, as they do to all readers of messages.
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(plainBytes)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plainBytes(v)]))
}

function assertSame(actual: Message, expected: Message, text: string): void {
  assert.deepEqual(plainBytes(actual), plainBytes(expected), `${expected.$typeName}: ${text}`)
}

test('a document gives back exactly the message it was made of, for every message type of the contract', () => {
  const random = new RandomMessages(SEED)
  assert.ok(types.length > 600)
  for (const desc of types) {
    for (let i = 0; i < PER_TYPE; i++) {
      const message = random.message(desc)
      const text = encodeDoc(message)
      assertSame(decodeDoc(desc, text), message, text)
    }
  }
})

// An answer keeps microseconds only, and Concept.value is 1 where a request leaves it out.
function asAnswered(message: Message): Message {
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const dict = value as Record<string, unknown>
    if (dict.$typeName === 'google.protobuf.Timestamp') dict.nanos = Math.trunc((dict.nanos as number) / 1000) * 1000
    for (const inner of Object.values(dict)) walk(inner)
  }
  walk(message)
  return message
}

for (const names of ['snake', 'camel'] as const) {
  test(`an answer in ${names} case reads back as the message it was made of`, () => {
    const random = new RandomMessages(SEED + 1)
    for (const desc of types) {
      const message = asAnswered(random.message(desc))
      const text = encodeJson(message, names)
      assertSame(decodeRequest(desc, text).message, message, text)
    }
  })
}

test('the standard protobuf JSON reader understands the answers', () => {
  const random = new RandomMessages(SEED + 2)
  for (const desc of types) {
    const message = asAnswered(random.message(desc))
    // 64-bit numbers come through JSON.parse here as they do to JavaScript clients: rounded.
    if (/\d{16}/.test(encodeJson(message, 'camel'))) continue
    const json = JSON.parse(encodeJson(message, 'camel')) as JsonValue
    // Compared in binary form: that reader keeps more digits of a float than its type has.
    assert.deepEqual(toBinary(desc, fromJson(desc, json)), toBinary(desc, message), JSON.stringify(json))
  }
})

test('standard protobuf JSON is read as the standard reader reads it', () => {
  const random = new RandomMessages(SEED + 3)
  for (const desc of types) {
    const message = random.message(desc)
    // Omits zero values, which for Concept.value means another thing in requests than in the standard.
    const json = toJson(desc, message, { alwaysEmitImplicit: true })
    assertSame(decodeJson(desc, json), message, JSON.stringify(json))
  }
})
