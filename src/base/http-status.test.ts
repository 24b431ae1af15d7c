import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCodeSchema } from '../contract/gen/proto/clarifai/api/status/status_code_pb.js'
import { StatusCode } from '../contract/status-code.ts'
import { httpStatusOf } from './http-status.ts'

const named = (pattern: RegExp) => StatusCodeSchema.values.filter((value) => pattern.test(value.name))

test('every code of the contract has a status that HTTP knows', () => {
  const known = new Set([200, 202, 207, 307, 400, 401, 403, 404, 405, 413, 416, 418, 429, 499, 500, 501, 503, 504])
  for (const { name, number } of StatusCodeSchema.values) {
    assert.ok(known.has(httpStatusOf(number)), `${name} is ${httpStatusOf(number)}`)
  }
})

test('only codes that mean success, in whole or in part, are 2xx', () => {
  const good = StatusCodeSchema.values.filter(({ number }) => httpStatusOf(number) < 300).map(({ number }) => number)
  const expected = [
    ...named(/_SUCCESS$/).map(({ number }) => number),
    StatusCode.SUCCESS,
    StatusCode.MIXED_STATUS,
    StatusCode.ACCEPTED,
    StatusCode.UPLOAD_IN_PROGRESS,
    StatusCode.UPLOAD_DONE,
  ]
  assert.deepEqual([...new Set(good)].sort(), [...new Set(expected)].sort())
})

test('codes of one kind have one status', () => {
  for (const { name, number } of named(/_(DOES_NOT_EXIST|MISSING)$/)) assert.equal(httpStatusOf(number), 404, name)
  for (const { name, number } of named(/_PERMISSION_DENIED$/)) assert.equal(httpStatusOf(number), 403, name)
  for (const { name, number } of named(/INVALID_(ARGUMENT|REQUEST)$/)) assert.equal(httpStatusOf(number), 400, name)
  for (const { name, number } of named(/^INTERNAL_|_INTERNAL_FAILURE$/)) assert.equal(httpStatusOf(number), 500, name)
  for (const { name, number } of named(/^CONN_EXCEED|THROTTLED/)) assert.equal(httpStatusOf(number), 429, name)
})

test('the statuses that clients look at', () => {
  const expected: [StatusCode, number][] = [
    [StatusCode.SUCCESS, 200],
    [StatusCode.MIXED_STATUS, 207],
    [StatusCode.ACCEPTED, 202],
    [StatusCode.MOVED, 307],
    [StatusCode.FAILURE, 400],
    [StatusCode.NOT_IMPLEMENTED, 501],
    [StatusCode.CONN_KEY_INVALID, 401],
    [StatusCode.CONN_KEY_NOT_FOUND, 401],
    [StatusCode.CONN_INSUFFICIENT_SCOPES, 403],
    [StatusCode.CONN_THROTTLED, 429],
    [StatusCode.CONN_DOES_NOT_EXIST, 404],
    [StatusCode.CONN_METHOD_NOT_ALLOWED, 405],
    [StatusCode.MODEL_DOES_NOT_EXIST, 404],
    [StatusCode.CONCEPTS_INVALID_REQUEST, 400],
    [StatusCode.DATABASE_DUPLICATE_KEY, 400],
    [StatusCode.RPC_SERVER_UNAVAILABLE, 503],
    [StatusCode.RPC_REQUEST_TIMEOUT, 504],
    [StatusCode.PASSWORD_VALIDATION_SUCCESS, 200],
    [StatusCode.PASSWORD_VALIDATION_FAILED, 400],
  ]
  for (const [code, status] of expected) assert.equal(httpStatusOf(code), status, StatusCode[code])
})

test('a number that is no code is our own mistake and no crash', () => {
  for (const code of [-1, 1, 99_999_999, Number.NaN]) assert.equal(httpStatusOf(code as StatusCode), 500)
})
