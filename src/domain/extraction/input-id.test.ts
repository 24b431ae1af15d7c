import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkId, ID_LENGTH_MAX } from '../../base/ids.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { inputIdOf } from './input-id.ts'

test('ids of inputs are the paths of their files where these can be ids', () => {
  assert.equal(inputIdOf('cat.jpg'), 'cat')
  assert.equal(inputIdOf('cats/grey_1/cat-2.jpeg'), 'cats-grey_1-cat-2')
  assert.equal(inputIdOf('noending'), 'noending')
})

test('ids of other paths are valid, differ from one another and are always the same', () => {
  const paths = [
    'a b.jpg',
    'a  b.jpg',
    'a.b.jpg',
    'ünï.jpg',
    '犬.jpg',
    '猫.jpg',
    '...jpg',
    '-.jpg',
    '.jpg',
    '_x_/-y-.png',
    `${'long/'.repeat(40)}a.jpg`,
    `${'long/'.repeat(40)}b.jpg`,
    `${'x'.repeat(49)}.jpg`,
  ]
  const ids = paths.map(inputIdOf)
  for (const id of ids) {
    checkId(id, 'input', StatusCode.INPUT_INVALID_ARGUMENT)
    assert.ok(id.length > 0 && id.length <= ID_LENGTH_MAX, id)
  }
  assert.equal(new Set(ids).size, paths.length)
  assert.deepEqual(paths.map(inputIdOf), ids)
})
