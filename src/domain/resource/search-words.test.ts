import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { checkRelevance, readSearch, SEARCH_WORDS_MAX } from './search-words.ts'

const CODE = StatusCode.CONN_INVALID_REQUEST
const read = (search: string, query = '') => readSearch({ search, query }, CODE)

test('keywords go by their stems', () => {
  assert.deepEqual(read('satisfied people'), [[{ text: 'satisf' }, { text: 'peopl' }]])
  assert.deepEqual(read('satisfy'), [[{ text: 'satisf' }]])
  assert.deepEqual(read('Grün, x2;y'), [[{ text: 'Grün' }, { text: 'x2' }, { text: 'y' }]])
})

test('the older query takes words as they are, with OR and without', () => {
  assert.deepEqual(read('', 'cats dogs OR -birds'), [
    [{ text: 'cats' }, { text: 'dogs' }],
    [{ text: 'birds', not: true }],
  ])
  assert.deepEqual(read('', '-'), [[{ text: '-' }]])
  assert.deepEqual(read('fish', 'birds'), [[{ text: 'fish' }]])
})

test('no words, no search; too many are refused; relevance needs a search', () => {
  assert.equal(read('', ''), undefined)
  assert.equal(read('  ', ' '), undefined)
  assert.deepEqual(read(',;'), [[]])
  const many = (count: number) => Array.from({ length: count }, (_, at) => `w${at}`).join(' ')
  assert.equal(read(many(SEARCH_WORDS_MAX))?.[0]?.length, SEARCH_WORDS_MAX)
  assert.throws(() => read(many(SEARCH_WORDS_MAX + 1)), { code: CODE })
  assert.throws(() => checkRelevance(true, { search: ' ' }, CODE), { code: CODE })
  checkRelevance(true, { search: 'x' }, CODE)
  checkRelevance(false, { search: '' }, CODE)
})
