import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../status-code.ts'
import { parseJson } from './decode.ts'
import { JSON_DEPTH_MAX, JSON_PARTS_MAX, JSON_SMALL_CHARS } from './text-shape.ts'

// Blanks alone make a text large enough to be looked at.
const BLANKS = ' '.repeat(JSON_SMALL_CHARS)

const nested = (depth: number): string => `${BLANKS}${'['.repeat(depth)}${']'.repeat(depth)}`

const refuses = (text: string, reason: RegExp): void =>
  assert.throws(
    () => parseJson(text),
    (error) =>
      error instanceof AppError && error.code === StatusCode.CONN_BAD_REQUEST_FORMAT && reason.test(error.details),
  )

test('large texts are nested up to the limit and no deeper', () => {
  parseJson(nested(JSON_DEPTH_MAX))
  refuses(nested(JSON_DEPTH_MAX + 1), /deeper than 256/)
  refuses('{"a":'.repeat(JSON_SMALL_CHARS), /deeper than 256/)
})

test('large texts hold values up to the limit and no more', () => {
  // A list with as many commas as there may be parts, less one for the list.
  const commas = JSON_PARTS_MAX - 1
  assert.equal((parseJson(`[${'1,'.repeat(commas)}1]`) as number[]).length, commas + 1)
  refuses(`[${'1,'.repeat(commas + 1)}1]`, /more than 2000000 values/)
  refuses(`[${'{},'.repeat(commas)}{}]`, /more than 2000000 values/)
  refuses(`[${'"",'.repeat(commas)}""]`, /more than 2000000 values/)
})

test('what stands in strings does not count, escaped quotes and backslashes included', () => {
  const values = ['['.repeat(JSON_PARTS_MAX + 1), `"${'{,'.repeat(JSON_PARTS_MAX)}`, '\\', '\\"[', '', 'end']
  assert.deepEqual(parseJson(JSON.stringify(values)), values)
})

test('brackets after a string with escapes count again', () => {
  refuses(`["\\"\\\\",${'['.repeat(JSON_SMALL_CHARS)}`, /deeper than 256/)
})

test('a string that does not end is left to the parser', () => {
  refuses(`${BLANKS}"abc`, /valid JSON/)
  refuses(`${BLANKS}"abc\\`, /valid JSON/)
  refuses(`${BLANKS}"abc\\"`, /valid JSON/)
})
