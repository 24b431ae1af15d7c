import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAILURES_MAX, LoginAttempts, WINDOW_MICROS } from './login-attempts.ts'

const fail = (attempts: LoginAttempts, times: number, at = 0, login = 'a', address = '1') => {
  for (let i = 0; i < times; i++) attempts.failed(login, address, at)
}

test('the allowed number of failures passes, one try more does not', () => {
  const attempts = new LoginAttempts()
  fail(attempts, FAILURES_MAX - 1)
  attempts.check('a', '1', 0)
  fail(attempts, 1)
  assert.throws(() => attempts.check('a', '1', 0), /15 minutes/)
  assert.throws(() => attempts.check('a', '1', WINDOW_MICROS - 1), /1 minutes/)
  attempts.check('a', '1', WINDOW_MICROS)
})

test('other logins and other addresses are not affected', () => {
  const attempts = new LoginAttempts()
  fail(attempts, FAILURES_MAX)
  attempts.check('b', '1', 0)
  attempts.check('a', '2', 0)
})

test('a right password starts the count anew', () => {
  const attempts = new LoginAttempts()
  fail(attempts, FAILURES_MAX - 1)
  attempts.succeeded('a', '1')
  fail(attempts, FAILURES_MAX - 1)
  attempts.check('a', '1', 0)
})

test('the window begins with the first failure, so that slow guessing ends too', () => {
  const attempts = new LoginAttempts()
  fail(attempts, 5, 0)
  fail(attempts, 5, WINDOW_MICROS - 1)
  assert.throws(() => attempts.check('a', '1', WINDOW_MICROS - 1))
  attempts.check('a', '1', WINDOW_MICROS)
  fail(attempts, FAILURES_MAX - 1, WINDOW_MICROS)
  attempts.check('a', '1', WINDOW_MICROS)
})

test('a flood of made-up logins takes no more room than allowed', () => {
  const attempts = new LoginAttempts()
  fail(attempts, FAILURES_MAX)
  for (let i = 0; i < 10_000; i++) attempts.failed(`x${i}`, '1', 0)
  // The oldest has been forgotten, which is the price of the bound.
  attempts.check('a', '1', 0)
})
