import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '@bufbuild/protobuf'
import { MANY, termOfFilter, termsOf } from './annotation-terms.ts'

test('each value at its place is a term, once', () => {
  const metadata = { place: 'zoo', tags: ['a', 'b', 'a'], deep: { of: 3, no: null }, empty: {}, list: [[1]] }
  assert.deepEqual(termsOf({ metadata, clusters: [{ id: 'k' }] }), [
    '["place","zoo"]',
    '["tags",null,"a"]',
    '["tags",null,"b"]',
    '["deep","of",3]',
    '["deep","no",null]',
    '["list",null,null,1]',
    '{"cluster":"k"}',
  ])
  assert.deepEqual(termsOf({}), [])
})

test('what a filter asks for is a term of whatever contains it', () => {
  const metadata: JsonObject = { a: { b: [{ c: true }, { d: 'x'.repeat(500), e: '\u0000' }] } }
  const terms = new Set(termsOf({ metadata }))
  const filters: JsonObject[] = [{ c: true }, { d: 'x'.repeat(500) }, { e: '\u0000' }]
  for (const item of filters) {
    const filter = { a: { b: [item] } }
    assert.ok(terms.has(termOfFilter(filter)!), JSON.stringify(filter))
  }
  assert.equal(termOfFilter({ a: {} }), undefined)
  for (const term of terms) assert.ok(term.length <= 200)
})

test('an annotation with very many values has one term for all', () => {
  const metadata = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`k${at}`, at]))
  assert.deepEqual(termsOf({ metadata }), [MANY])
})
