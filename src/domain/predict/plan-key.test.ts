import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { OutputConfigSchema } from '../../contract/index.ts'
import type { Call } from '../call.ts'
import { planKey } from './plan-key.ts'

const caller = (user: number, app: number, rights: string) =>
  ({ principal: { user: { pk: user } }, target: { user: { pk: 9 }, app: { pk: app }, rights } }) as unknown as Call

const key = (named: string[], config?: object, params?: object, who = caller(1, 2, 'owner')) =>
  planKey(who, 'model', named, config && create(OutputConfigSchema, config), params)

test('a key says all that decides a plan, and ids with blanks or quotes cannot pass for others', () => {
  const keys = [
    key(['a b', 'c']),
    key(['a', 'b c']),
    key(['a', 'b","c']),
    key(['a', 'b'], {}),
    key(['a', 'b'], { maxConcepts: 3 }),
    key(['a', 'b'], undefined, { maxConcepts: 3 }),
    key(['a', 'b'], undefined, undefined, caller(7, 2, 'owner')),
    key(['a', 'b'], undefined, undefined, caller(1, 7, 'owner')),
    key(['a', 'b'], undefined, undefined, caller(1, 2, 'viewer')),
    planKey(caller(1, 2, 'owner'), 'workflow', ['a', 'b'], undefined),
  ]
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(key(['a', 'b'], { maxConcepts: 3 }), key(['a', 'b'], { maxConcepts: 3 }))
})

test('long settings make no long key', () => {
  const select = (last: string) => ({
    selectConcepts: [...Array.from({ length: 5_000 }, (_, at) => ({ id: `c${at}` })), { id: last }],
  })
  assert.ok(key(['a', 'b'], select('x')).length < 100)
  assert.notEqual(key(['a', 'b'], select('x')), key(['a', 'b'], select('y')))
})
