import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { describeError, isFinal, TryAgain } from './errors.ts'
import { ERROR_DETAILS_MAX } from './limits.ts'

const error = (code: StatusCode, details = 'Do this.') => new AppError(code, details)

test('what the caller did wrong is final, what may pass is not', () => {
  for (const code of [StatusCode.CONN_INVALID_REQUEST, StatusCode.MODEL_DOES_NOT_EXIST, StatusCode.CONN_KEY_INVALID])
    assert.equal(isFinal(error(code)), true, StatusCode[code])
  for (const code of [
    StatusCode.CONN_THROTTLED,
    StatusCode.DATABASE_FAIL_TO_GET_CONNECTIONS,
    StatusCode.INTERNAL_UNCATEGORIZED,
    StatusCode.RPC_REQUEST_TIMEOUT,
  ])
    assert.equal(isFinal(error(code)), false, StatusCode[code])
  assert.equal(isFinal(new TypeError('a bug')), false)
  assert.equal(isFinal(new TryAgain(error(StatusCode.CONN_INVALID_REQUEST))), false)
})

test('only sentences that were meant for callers are kept', () => {
  assert.deepEqual(describeError(new TryAgain(error(StatusCode.CONN_INVALID_REQUEST))), {
    code: StatusCode.CONN_INVALID_REQUEST,
    details: 'Do this.',
  })
  assert.doesNotMatch(describeError(new Error('password=1')).details, /password/)
  const long = describeError(error(StatusCode.CONN_INVALID_REQUEST, 'x'.repeat(ERROR_DETAILS_MAX + 1)))
  assert.equal(long.details.length, ERROR_DETAILS_MAX)
})
