import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCodeSchema } from '../contract/gen/proto/clarifai/api/status/status_code_pb.js'
import { StatusCode } from '../contract/status-code.ts'
import { statusText } from './status-text.ts'

test('the sentences that clients compare', () => {
  assert.equal(statusText(StatusCode.SUCCESS), 'Ok')
  assert.equal(statusText(StatusCode.FAILURE), 'Failure')
  assert.equal(statusText(StatusCode.CONN_KEY_INVALID), 'Invalid API key or Invalid API key/application pair')
  assert.equal(statusText(StatusCode.CONN_KEY_NOT_FOUND), 'API key not found')
  assert.equal(statusText(StatusCode.MODEL_DOES_NOT_EXIST), 'Model does not exist')
  assert.equal(statusText(StatusCode.INPUT_SUCCESS), 'Download complete')
})

test('every code has a text in words', () => {
  for (const { name, number } of StatusCodeSchema.values) assert.match(statusText(number), /^[A-Z][^_]*$/, name)
  assert.equal(statusText(StatusCode.QUERY_INVALID_SYNTAX), 'Query invalid syntax')
  assert.equal(statusText(5 as StatusCode), 'Unknown')
})
