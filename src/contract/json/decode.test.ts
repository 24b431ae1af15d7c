import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import {
  AnnotationSchema,
  ConceptSchema,
  DataSchema,
  ListModelsRequestSchema,
  ModelTypeFieldSchema,
  ModelVersionSchema,
  PatchInputsRequestSchema,
  PostInputsRequestSchema,
  PostModelOutputsRequestSchema,
  PostWorkflowResultsRequestSchema,
  StatusCode,
  UserSchema,
} from '../index.ts'
import { decodeDoc, decodeJson, decodeRequest, encodeDoc } from './index.ts'

/** Asserts a refusal with 11100 whose sentence holds the given text. */
function refuses(run: () => unknown, text: string): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, StatusCode.CONN_BAD_REQUEST_FORMAT)
    assert.ok(error.details.includes(text), `${JSON.stringify(error.details)} has no ${JSON.stringify(text)}`)
    assert.match(error.details, /\.$/)
    return true
  })
}

const base64Of = (json: unknown): Buffer =>
  Buffer.from(decodeJson(DataSchema, { image: { base64: json } }).image!.base64)

test('both casings are read, even mixed, and counted', () => {
  const text = JSON.stringify({
    userAppId: { user_id: 'me', appId: 'main' },
    model_id: 'm',
    inputs: [{ data: { image: { allow_duplicate_url: true } } }],
  })
  const { message, snake, camel } = decodeRequest(PostModelOutputsRequestSchema, text)
  assert.equal(message.userAppId?.userId, 'me')
  assert.equal(message.userAppId?.appId, 'main')
  assert.equal(message.modelId, 'm')
  assert.equal(message.inputs[0]?.data?.image?.allowDuplicateUrl, true)
  assert.deepEqual({ snake, camel }, { snake: 3, camel: 2 })
})

test('unknown fields, nulls and null list items are ignored', () => {
  const message = decodeJson(PostInputsRequestSchema, {
    inputs: [null, { id: null, data: { url: 'x', image: { url: 'https://a.b/c.jpg' }, concepts: null } }],
    nonsense: { deep: [1] },
    __proto__x: 1,
  })
  assert.equal(message.inputs.length, 1)
  assert.equal(message.inputs[0]?.id, '')
  assert.deepEqual(message.inputs[0]?.data?.concepts, [])
})

test('a concept without value is positive, an explicit zero negative, booleans count as numbers', () => {
  const values = [
    { id: 'a' },
    { id: 'a', value: null },
    { id: 'a', value: 0 },
    { value: true },
    { value: false },
    { value: '0.5' },
  ]
  const { concepts } = decodeJson(DataSchema, { concepts: values })
  assert.deepEqual(
    concepts.map((c) => c.value),
    [1, 1, 0, 1, 0, 0.5],
  )
})

test('documents know no default: an absent value is zero', () => {
  const zero = decodeJson(ConceptSchema, { id: 'a', value: 0 })
  assert.equal(encodeDoc(zero), '{"id":"a"}')
  assert.equal(decodeDoc(ConceptSchema, '{"id":"a"}').value, 0)
})

test('an empty object stands for an enum that is not set, as the published examples have it', () => {
  assert.equal(decodeJson(ModelVersionSchema, { status: { code: {} } }).status?.code, 0)
  assert.throws(() => decodeJson(ModelVersionSchema, { status: { code: { name: 'SUCCESS' } } }), /code/)
})

test('enums by name, number or number in a string; unknown numbers pass, unknown names are refused with their path', () => {
  const code = (value: unknown) => decodeJson(ModelVersionSchema, { status: { code: value } }).status?.code
  assert.equal(code('MODEL_TRAINED'), 21100)
  assert.equal(code(21100), 21100)
  assert.equal(code('21100'), 21100)
  assert.equal(code(4711), 4711)
  refuses(
    () => decodeJson(PostInputsRequestSchema, { inputs: [{}, { status: { code: 'NO_SUCH' } }] }),
    'Field inputs[1].status.code has no value "NO_SUCH" in StatusCode.',
  )
})

test('64-bit integers as number, string or beyond what a double holds', () => {
  const value = (text: string) => decodeRequest(DataSchema, `{"int_value":${text}}`).message.intValue
  assert.equal(value('12'), 12n)
  assert.equal(value('"-12"'), -12n)
  assert.equal(value('9007199254740993'), 9007199254740993n)
  assert.equal(value('-9223372036854775808'), -9223372036854775808n)
  assert.equal(value('1e3'), 1000n)
  refuses(() => value('9223372036854775808'), 'int_value must be between')
  refuses(() => value('1.5'), 'int_value must be a whole number')
  refuses(() => value('"x"'), 'int_value must be a whole number')
})

test('large integers stay exact next to free JSON, whose numbers stay doubles', () => {
  const text = '{"int_value":9007199254740993,"metadata":{"n":9007199254740993,"list":[9007199254740995]}}'
  const { message } = decodeRequest(DataSchema, text)
  assert.equal(message.intValue, 9007199254740993n)
  assert.deepEqual(message.metadata, { n: 9007199254740992, list: [9007199254740996] })
})

test('32-bit integers are checked for range and fraction', () => {
  assert.equal(decodeJson(ListModelsRequestSchema, { per_page: '30' }).perPage, 30)
  refuses(() => decodeJson(ListModelsRequestSchema, { per_page: -1 }), 'per_page must be between 0 and 4294967295')
  refuses(() => decodeJson(ListModelsRequestSchema, { page: 1.5 }), 'page must be a whole number')
  refuses(() => decodeJson(ListModelsRequestSchema, { page: {} }), 'page must be a whole number, not an object')
})

test('floats in all the ways that protobuf JSON and old clients write them', () => {
  const value = (json: unknown) => decodeJson(ConceptSchema, { value: json }).value
  assert.equal(value(0.1), Math.fround(0.1))
  assert.ok(Number.isNaN(value('NaN')))
  assert.equal(value('-Infinity'), Number.NEGATIVE_INFINITY)
  assert.equal(value('1e-3'), Math.fround(0.001))
  refuses(() => value(1e39), 'value must be between')
  refuses(() => value('much'), 'value must be a number, not a string')
  refuses(() => value([1]), 'value must be a number, not a list')
})

test('booleans as JSON, as Python writes them, as digits', () => {
  const value = (json: unknown) => decodeJson(DataSchema, { bool_value: json }).boolValue
  for (const yes of [true, 'true', 'True', 1, '1']) assert.equal(value(yes), true)
  for (const no of [false, 'false', 'False', 0, '0']) assert.equal(value(no), false)
  refuses(() => value('yes'), 'bool_value must be true or false')
})

test('bytes in both base64 alphabets, with or without padding, with line breaks', () => {
  const bytes = Buffer.from([0xfb, 0xff, 0xfe, 1])
  for (const text of ['+//+AQ==', '+//+AQ', '-__-AQ==', '-__-AQ', '+//+\r\nAQ==\n'])
    assert.deepEqual(base64Of(text), bytes)
  assert.equal(base64Of('').length, 0)
  assert.deepEqual(base64Of('YQ'), Buffer.from('a'))
})

test('what is not base64 is refused with its path', () => {
  for (const bad of ['Y', 'abcde', 'YQ==YQ==', '****', 'YWJj*', 'a b c d *', '=', 'é']) {
    refuses(() => base64Of(bad), 'Field image.base64 is not valid base64')
  }
  refuses(() => base64Of('data:image/png;base64,YQ=='), 'without a "data:" prefix')
  refuses(() => base64Of(true), 'must be base64 text, not a boolean')
})

test('timestamps with any offset become UTC', () => {
  const read = (text: unknown) => decodeJson(AnnotationSchema, { created_at: text }).createdAt!
  const seconds = BigInt(Date.UTC(2024, 4, 1, 12, 0, 0) / 1000)
  for (const text of [
    '2024-05-01T12:00:00Z',
    '2024-05-01t12:00:00z',
    '2024-05-01T14:00:00+02:00',
    '2024-05-01T08:30:00-0330',
    '2024-05-01 12:00:00+00:00',
  ]) {
    assert.deepEqual({ ...read(text) }, { $typeName: 'google.protobuf.Timestamp', seconds, nanos: 0 }, text)
  }
  assert.equal(read('2024-05-01T12:00:00.5Z').nanos, 500_000_000)
  assert.equal(read('2024-05-01T12:00:00.568082659123+01:00').nanos, 568_082_659)
  assert.equal(read('2024-02-29T00:00:00Z').seconds, BigInt(Date.UTC(2024, 1, 29) / 1000))
  assert.equal(read('0001-01-01T00:00:00Z').seconds, -62135596800n)
  assert.equal(read('9999-12-31T23:59:59Z').seconds, 253402300799n)
})

test('every day of four centuries gets the seconds that Date gives it', () => {
  for (let day = -60_000; day < 90_000; day += 7) {
    const ms = day * 86_400_000
    const text = new Date(ms).toISOString()
    assert.equal(decodeJson(AnnotationSchema, { created_at: text }).createdAt?.seconds, BigInt(ms / 1000), text)
  }
})

test('what is no time is refused', () => {
  const bad = ['', 'yesterday', '2024-02-30T00:00:00Z', '2023-02-29T00:00:00Z', '2024-13-01T00:00:00Z', '2024-05-01']
  for (const text of [...bad, '2024-05-01T24:00:00Z', '2024-05-01T12:00:00', '0000-01-01T00:00:00Z', 5, true, []]) {
    refuses(() => decodeJson(AnnotationSchema, { created_at: text }), 'Field created_at must be a time such as')
  }
})

test('wrappers, maps, oneofs and values', () => {
  const sort = decodeJson(ListModelsRequestSchema, { sort_by_name: false })
  assert.deepEqual(sort.sortBy, { case: 'sortByName', value: false })
  const field = decodeJson(ModelTypeFieldSchema, { default_value: null })
  assert.deepEqual(field.defaultValue?.kind, { case: 'nullValue', value: 0 })
  const request = decodeJson(PostWorkflowResultsRequestSchema, {
    node_runner_selectors: { n1: { nodepool: { id: 'p' } }, n2: null },
  })
  assert.equal(request.nodeRunnerSelectors.n1?.nodepool?.id, 'p')
  assert.deepEqual(Object.keys(request.nodeRunnerSelectors), ['n1'])
})

test('no key of a request can reach a prototype', () => {
  const text = '{"metadata":{"__proto__":{"polluted":1},"a":[{"__proto__":{"polluted":1}}],"constructor":"kept"}}'
  const { message } = decodeRequest(DataSchema, text)
  assert.deepEqual(Object.keys(message.metadata!), ['a', 'constructor'])
  assert.equal((message.metadata as { polluted?: number }).polluted, undefined)
  assert.deepEqual(Object.getOwnPropertyNames((message.metadata!.a as object[])[0]), [])
  const map = decodeRequest(PostWorkflowResultsRequestSchema, '{"node_runner_selectors":{"__proto__":{"nodepool":{}}}}')
  assert.equal(Object.getPrototypeOf(map.message.nodeRunnerSelectors), Object.prototype)
  decodeRequest(UserSchema, '{"__proto__":{"id":"x"},"constructor":{"prototype":{"id":"x"}}}')
  assert.equal(({} as { id?: string }).id, undefined)
})

test('nesting has a limit, in messages and in free JSON', () => {
  const nested = (open: string, close: string, times: number) => open.repeat(times) + close.repeat(times)
  const free = `{"metadata":{"a":${nested('[', ']', 5000)}}}`
  refuses(() => decodeRequest(DataSchema, free), 'nested deeper than 100 levels')
  const regions = `${'{"regions":[{"data":'.repeat(200)}{}${'}]}'.repeat(200)}`
  refuses(() => decodeRequest(DataSchema, regions), 'nested deeper than 100 levels')
  const ignored = `{"unknown":${nested('[', ']', 5000)},"string_value":"ok"}`
  assert.equal(decodeRequest(DataSchema, ignored).message.stringValue, 'ok')
})

test('errors name the path as the caller wrote it', () => {
  const bad = { inputs: [{}, { data: { regions: [{ regionInfo: { bounding_box: { topRow: 'x' } } }] } }] }
  refuses(
    () => decodeJson(PatchInputsRequestSchema, bad),
    'Field inputs[1].data.regions[0].regionInfo.bounding_box.topRow must be a number, not a string.',
  )
  refuses(() => decodeJson(PatchInputsRequestSchema, { inputs: {} }), 'Field inputs must be a list, not an object.')
  refuses(() => decodeJson(PatchInputsRequestSchema, []), 'The request body must be an object, not a list.')
  refuses(() => decodeJson(PatchInputsRequestSchema, { action: 5 }), 'Field action must be a string, not a number.')
  refuses(() => decodeRequest(PatchInputsRequestSchema, '{"inputs": [}'), "valid JSON: Unexpected token '}'.")
  refuses(() => decodeRequest(PatchInputsRequestSchema, '{"inputs": ['), 'valid JSON: Unexpected end of JSON input.')
  refuses(() => decodeRequest(PatchInputsRequestSchema, '{inputs: 1}'), 'at position 1 (line 1 column 2).')
})

test('a lone surrogate, which UTF-8 cannot express, becomes the replacement character', () => {
  assert.equal(decodeRequest(DataSchema, '{"string_value":"a\\ud800b"}').message.stringValue, 'a\ufffdb')
  const free = decodeRequest(DataSchema, '{"metadata":{"a\\ud800":["b\\udc00",{"c":"\\ud800"}]}}').message
  assert.deepEqual(free.metadata, { 'a\ufffd': ['b\ufffd', { c: '\ufffd' }] })
})
