import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import { AppError } from './errors.ts'
import { DETAILS_CHARS_MAX } from './limits.ts'

test('an error that repeats what a caller sent repeats only the beginning', () => {
  const { details, message } = new AppError(
    StatusCode.MODEL_DOES_NOT_EXIST,
    `There is no ${'\u{1f600}'.repeat(100_000)}`,
  )
  assert.match(details, /^There is no .*\.\.\.$/u)
  assert.ok(details.length <= DETAILS_CHARS_MAX + 3 && message.length < DETAILS_CHARS_MAX + 50)
  assert.ok(details.isWellFormed())
  assert.equal(new AppError(StatusCode.MODEL_DOES_NOT_EXIST, 'short').details, 'short')
})
