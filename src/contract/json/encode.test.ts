import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import {
  AnnotationSchema,
  ConceptSchema,
  DataSchema,
  InputCountSchema,
  ModelSchema,
  MultiModelResponseSchema,
  MultiOutputResponseSchema,
  SingleModelTypeResponseSchema,
  StatusCode,
} from '../index.ts'
import { decodeDoc, encodeDoc, encodeJson, keepText } from './index.ts'
import { RandomMessages } from './random-messages.ts'
import { floatText, quote } from './text-out.ts'

test('an error answer keeps its empty list, its code is a number', () => {
  const status = { code: StatusCode.CONN_KEY_INVALID, description: 'Invalid API key', reqId: 'r' }
  const message = create(MultiModelResponseSchema, { status })
  assert.equal(
    encodeJson(message, 'snake'),
    '{"status":{"code":11008,"description":"Invalid API key","req_id":"r"},"models":[]}',
  )
  assert.equal(
    encodeJson(message, 'camel'),
    '{"status":{"code":11008,"description":"Invalid API key","reqId":"r"},"models":[]}',
  )
})

test('show-if-empty fields are written, other empty ones left out', () => {
  assert.equal(encodeJson(create(ConceptSchema, { id: 'a' }), 'snake'), '{"id":"a","value":0}')
  assert.equal(encodeJson(create(ModelSchema), 'snake'), '{"app_id":""}')
  const counts = JSON.parse(encodeJson(create(InputCountSchema), 'snake'))
  assert.equal(counts.to_process, 0)
  assert.equal(Object.keys(counts).length, 8)
  assert.equal(encodeJson(create(SingleModelTypeResponseSchema), 'camel'), '{"modelType":null}')
})

test('a set but empty message stays, as in {"data":{"image":{}}}', () => {
  assert.equal(encodeJson(create(DataSchema, { image: {} }), 'snake'), '{"image":{}}')
  assert.equal(encodeDoc(create(DataSchema, { image: {} })), '{"image":{}}')
})

test('64-bit integers are numbers in answers and exact in documents', () => {
  const message = create(DataSchema, { intValue: 9007199254740993n })
  assert.equal(encodeJson(message, 'snake'), '{"int_value":9007199254740993}')
  assert.equal(decodeDoc(DataSchema, encodeDoc(message)).intValue, 9007199254740993n)
})

test('times are UTC with microseconds at most', () => {
  const at = (seconds: bigint, nanos: number) =>
    JSON.parse(encodeJson(create(AnnotationSchema, { createdAt: { seconds, nanos } }), 'snake')).created_at
  assert.equal(at(1457543499n, 608845000), '2016-03-09T17:11:39.608845Z')
  assert.equal(at(1457543499n, 608845999), '2016-03-09T17:11:39.608845Z')
  assert.equal(at(1457543499n, 500000000), '2016-03-09T17:11:39.5Z')
  assert.equal(at(1457543499n, 999), '2016-03-09T17:11:39Z')
  assert.equal(at(-1n, 0), '1969-12-31T23:59:59Z')
  assert.equal(at(253402300800n, 0), '9999-12-31T23:59:59Z')
  assert.equal(at(-(2n ** 63n), 0), '0001-01-01T00:00:00Z')
})

test('documents keep times that RFC 3339 cannot express', () => {
  for (const createdAt of [
    { seconds: 253402300800n, nanos: 1 },
    { seconds: -(2n ** 63n), nanos: 0 },
    { seconds: 5n, nanos: -7 },
    { seconds: 5n, nanos: 999_999_999 },
  ]) {
    const message = create(AnnotationSchema, { createdAt })
    assert.deepEqual(decodeDoc(AnnotationSchema, encodeDoc(message)), message)
  }
})

test('numbers that JSON has no form for are the strings that protobuf agreed on', () => {
  const concepts = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value) => ({ value }))
  assert.equal(
    encodeJson(create(DataSchema, { concepts }), 'snake'),
    '{"concepts":[{"value":"NaN"},{"value":"Infinity"},{"value":"-Infinity"}]}',
  )
})

test('a float prints as the decimal it was made of', () => {
  for (const text of ['0.97', '0.1', '0.000123', '1', '0', '-0.5', '123.456', '16777216', '0.3333333', '99999.99']) {
    assert.equal(floatText(Math.fround(Number(text))), text)
  }
  assert.equal(floatText(-0), '-0')
})

test('every float reads back exactly and no shorter decimal would', () => {
  const random = new RandomMessages(7)
  const bits = new Uint32Array(1)
  const float = new Float32Array(bits.buffer)
  const next = (i: number): number => {
    if (i % 2 === 0) return Math.fround((random.next() - 0.5) * 10 ** (random.int(20) - 10))
    bits[0] = random.next() * 2 ** 32
    return float[0]!
  }
  for (let i = 0; i < 200_000; i++) {
    const value = next(i)
    if (!Number.isFinite(value)) continue
    const text = floatText(value)
    assert.equal(Math.fround(Number(text)), value, text)
    assert.ok(significantDigits(text) <= fewestDigits(value), `${text} is too long for ${value}`)
  }
})

function significantDigits(text: string): number {
  return text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '').length
}

function fewestDigits(value: number): number {
  for (let digits = 1; digits < 9; digits++) if (Math.fround(Number(value.toPrecision(digits))) === value) return digits
  return 9
}

test('strings are escaped where JSON needs it', () => {
  const texts = [
    '',
    'plain',
    '"',
    '\\',
    '\n',
    '\u0000',
    '\u001f',
    '\u007f',
    '\u2028',
    'é',
    '犬',
    '👩‍🚀',
    '\ud800',
    '\udc00x',
    '\ue000',
  ]
  for (const text of [...texts, ...texts.map((t) => 'x'.repeat(50) + t)]) {
    assert.equal(quote(text), JSON.stringify(text))
  }
})

test('several nodes of a real answer', () => {
  const message = create(MultiOutputResponseSchema, {
    status: { code: StatusCode.SUCCESS, description: 'Ok' },
    outputs: [{ id: 'o', data: { concepts: [{ id: 'dog', name: 'dog', value: Math.fround(0.97) }] } }],
  })
  assert.deepEqual(JSON.parse(encodeJson(message, 'camel')), {
    status: { code: 10000, description: 'Ok' },
    outputs: [{ id: 'o', data: { concepts: [{ id: 'dog', name: 'dog', value: 0.97 }] } }],
  })
})

test('the text of a constant message is made once for each casing, that of others each time', () => {
  const kept = keepText(create(ModelSchema, { id: 'm', modelTypeId: 'a' }))
  const free = create(ModelSchema, { id: 'm', modelTypeId: 'a' })
  const texts = () =>
    [kept, free].map((model) => {
      const message = create(MultiOutputResponseSchema, { outputs: [{ id: 'o', model }] })
      return (['camel', 'snake'] as const).map((names) => encodeJson(message, names))
    })
  const [before, same] = texts()
  assert.deepEqual(before, same)
  // A change shows that the text was kept; whoever calls keepText promises not to make one.
  kept.modelTypeId = 'b'
  free.modelTypeId = 'b'
  const [keptAfter, freeAfter] = texts()
  assert.deepEqual(keptAfter, before)
  assert.notDeepEqual(freeAfter, before)
})
