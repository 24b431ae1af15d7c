import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import { AppError } from './errors.ts'
import { CONCEPT_ID_BYTES_MAX, checkConceptId, checkId, ID_LENGTH_MAX, isHexId, newId } from './ids.ts'

const code = StatusCode.CONN_INVALID_REQUEST
const accepts = (check: () => void): boolean => {
  try {
    check()
    return true
  } catch (error) {
    assert.ok(error instanceof AppError && error.code === code && error.details !== '')
    return false
  }
}
const isId = (id: string) => accepts(() => checkId(id, 'thing', code))
const isConceptId = (id: string) => accepts(() => checkConceptId(id, code))

test('new ids are 32 hex digits and never the same', () => {
  const ids = Array.from({ length: 1000 }, newId)
  assert.ok(ids.every((id) => isHexId(id) && isId(id)))
  assert.equal(new Set(ids).size, ids.length)
})

test('only 32 lower-case hex digits have the form of a key', () => {
  for (const text of [
    '',
    'f'.repeat(31),
    'f'.repeat(33),
    'F'.repeat(32),
    `${'f'.repeat(31)}g`,
    `${'f'.repeat(32)}\n`,
  ]) {
    assert.equal(isHexId(text), false, JSON.stringify(text))
  }
})

test('ids are letters and digits, joined by single signs, up to the limit', () => {
  for (const id of ['a', '7', 'general-image-recognition', 'CLIP-ViT-L-14', 'a_b-c', 'x'.repeat(ID_LENGTH_MAX)]) {
    assert.equal(isId(id), true, id)
  }
  const bad = [
    '',
    '-a',
    'a-',
    'a--b',
    'a-_b',
    'a b',
    'a.b',
    'a/b',
    'é',
    'a\n',
    '__proto__',
    'x'.repeat(ID_LENGTH_MAX + 1),
  ]
  for (const id of bad) assert.equal(isId(id), false, JSON.stringify(id))
})

test('a hostile id is refused in linear time', () => {
  // Backtracking over this would take longer than the universe has existed.
  assert.equal(isId(`${'a'.repeat(ID_LENGTH_MAX - 1)}!`), false)
  assert.equal(isId('a'.repeat(10_000_000)), false)
})

test('concept ids may hold any script and blanks, but no slash, and are counted in bytes', () => {
  for (const id of ['狗', 'whois?', '@rocks', 'two words', 'é'.repeat(CONCEPT_ID_BYTES_MAX / 2)]) {
    assert.equal(isConceptId(id), true, id)
  }
  for (const id of ['', 'a/b', 'x'.repeat(CONCEPT_ID_BYTES_MAX + 1), 'é'.repeat(CONCEPT_ID_BYTES_MAX / 2 + 1)]) {
    assert.equal(isConceptId(id), false, id)
  }
})
