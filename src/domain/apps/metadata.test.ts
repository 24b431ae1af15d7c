import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { PatchActionSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { parsePath, patchMetadata } from './metadata.ts'

/** The example of the contract. */
const TAGS: JsonObject = {
  tag: [
    { id: '1', data: 1 },
    { id: '2', data: 2 },
  ],
}
const PATCH: JsonObject = { tag: [{ id: '2', data: 3 }] }

const apply = (current: JsonObject, patch: JsonObject, op = '', mergeConflictResolution = '', path = '') =>
  patchMetadata(current, patch, create(PatchActionSchema, { op, mergeConflictResolution, path }))

test('paths name keys and places in lists', () => {
  assert.deepEqual(parsePath(''), [])
  assert.deepEqual(parsePath('tag[1].data'), ['tag', 1, 'data'])
  assert.deepEqual(parsePath('a[0][12]'), ['a', 0, 12])
  for (const wrong of ['.', 'a.', '.a', 'a..b', '[0]', 'a[x]', 'a[-1]', 'a[0', 'a]0[']) {
    assert.throws(() => parsePath(wrong), { code: StatusCode.METADATA_INVALID_PATCH_ARGUMENTS }, wrong)
  }
  const deep = (steps: number) => Array.from({ length: steps }, () => 'a').join('.')
  assert.equal(parsePath(deep(32)).length, 32)
  assert.throws(() => parsePath(deep(33)), { code: StatusCode.METADATA_INVALID_PATCH_ARGUMENTS })
})

test('without an action, or to overwrite, the patch takes the place', () => {
  assert.deepEqual(patchMetadata(TAGS, { a: 1 }, undefined), { a: 1 })
  assert.deepEqual(apply(TAGS, { a: 1 }), { a: 1 })
  assert.deepEqual(apply(TAGS, { a: 1 }, 'overwrite', '', 'tag[1].data'), {
    tag: [
      { id: '1', data: 1 },
      { id: '2', data: { a: 1 } },
    ],
  })
  assert.deepEqual(apply({}, { a: 1 }, 'overwrite', '', 'new.place'), { new: { place: { a: 1 } } })
})

test('lists of a merge meet by id, one way or another', () => {
  const [one, two] = TAGS.tag as JsonObject[]
  assert.deepEqual(apply(TAGS, PATCH, 'merge', 'overwrite_by_id'), { tag: [one, { id: '2', data: 3 }] })
  assert.deepEqual(apply(TAGS, PATCH, 'merge', 'remove_by_id'), { tag: [one] })
  assert.deepEqual(apply(TAGS, PATCH, 'merge', 'append'), { tag: [one, { id: '2', data: [2, 3] }] })
  const more: JsonObject = { tag: [{ id: '2', more: true }, { id: '3' }] }
  assert.deepEqual(apply(TAGS, more, 'merge', 'merge_by_id'), { tag: [one, { ...two, more: true }, { id: '3' }] })
  assert.deepEqual(apply(TAGS, more, 'merge', 'overwrite_by_id'), { tag: [one, { id: '2', more: true }, { id: '3' }] })
})

test('other conflicts of a merge are overwritten, kept or gathered; equal values are none', () => {
  const current = { a: 1, list: ['x'], deep: { kept: true, same: 's' } }
  const patch = { a: 2, list: ['y'], deep: { same: 's', added: null } }
  const deep = { kept: true, same: 's', added: null }
  assert.deepEqual(apply(current, patch, 'merge'), { a: 2, list: ['y'], deep })
  assert.deepEqual(apply(current, patch, 'merge', 'do_nothing'), { a: 1, list: ['x'], deep })
  assert.deepEqual(apply(current, patch, 'merge', 'append'), { a: [1, 2], list: ['x', 'y'], deep })
})

test('delete takes a place away, or the keys of the patch in it', () => {
  assert.deepEqual(apply(TAGS, {}, 'delete', '', 'tag[0]'), { tag: [{ id: '2', data: 2 }] })
  assert.deepEqual(apply(TAGS, {}, 'delete'), {})
  assert.deepEqual(apply({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: 0 }, z: 1 }, 'delete'), { a: { c: 2 }, d: 3 })
  assert.deepEqual(apply({ a: { b: 1, c: 2 } }, { c: 0 }, 'delete', '', 'a'), { a: { b: 1 } })
})

test('places that are not there are told, and nothing given is changed', () => {
  const nowhere = { code: StatusCode.METADATA_MANIPULATION_ISSUE }
  assert.throws(() => apply(TAGS, {}, 'delete', '', 'other'), nowhere)
  assert.throws(() => apply(TAGS, {}, 'merge', '', 'tag[2]'), nowhere)
  assert.throws(() => apply(TAGS, {}, 'merge', '', 'tag.data'), nowhere)
  assert.throws(() => apply(TAGS, {}, 'overwrite', '', 'tag[0].data.deep'), nowhere)
  assert.deepEqual(TAGS, {
    tag: [
      { id: '1', data: 1 },
      { id: '2', data: 2 },
    ],
  })
})

test('a key that objects have by nature is a key like any other', () => {
  const patch = JSON.parse('{"__proto__": {"polluted": true}}') as JsonObject
  const result = apply({}, patch, 'merge')
  assert.equal((result as { polluted?: boolean }).polluted, undefined)
  assert.equal(JSON.stringify(result), '{"__proto__":{"polluted":true}}')
  assert.equal(JSON.stringify(apply({}, { a: 1 }, 'merge', '', '__proto__')), '{"__proto__":{"a":1}}')
})
