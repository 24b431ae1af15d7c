import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { PATTERN_CHARS_MAX } from '../limits.ts'
import { containsToLike, wildcardToLike } from './patterns.ts'

test('patterns are folded, and only stars mean something', () => {
  assert.equal(containsToLike('50%_ÄB\\'), '%50\\%\\_äb\\\\%')
  assert.equal(wildcardToLike('A*_'), 'a%\\_')
})

test('a text that is too long to look for is refused before a database sees it', () => {
  const longest = '%'.repeat(PATTERN_CHARS_MAX)
  assert.ok(Buffer.byteLength(containsToLike(longest)) < 50_000)
  for (const make of [containsToLike, wildcardToLike]) {
    assert.throws(() => make(`${longest}x`), { code: StatusCode.CONN_INVALID_REQUEST, details: /10001 characters/ })
  }
})
