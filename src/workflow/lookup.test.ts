import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookup } from './lookup.ts'

const BOX = 'regions[...].region_info.bounding_box'

/** Looks up on levels that are written as field names; `>` stands for one step into regions. */
function find(levels: string[][], fields: string[], anyInput = false) {
  const found = lookup(levels.length, (level, field, depth) => levels[level]!.includes('>'.repeat(depth) + field), {
    fields,
    anyInput,
  })
  if ('missing' in found) return found
  return { depth: found.depth, from: found.sources.map(({ field, level, depth }) => `${field}@${level}/${depth}`) }
}

test('the nearest level wins, at the same level the less deep', () => {
  assert.deepEqual(find([['a'], ['image'], ['image']], ['image']), { depth: 0, from: ['image@1/0'] })
  assert.deepEqual(find([['image', '>image'], []], ['image']), { depth: 0, from: ['image@0/0'] })
})

test('a nearer picture inside regions lifts', () => {
  assert.deepEqual(find([['>image'], ['image']], ['image']), { depth: 1, from: ['image@0/1'] })
  assert.deepEqual(find([['x'], ['>>image'], ['>image'], ['image']], ['image']), { depth: 2, from: ['image@1/2'] })
})

test('fields around the regions serve each of them', () => {
  const levels = [['>image'], [], ['text', 'image']]
  assert.deepEqual(find(levels, ['image', 'text']), { depth: 1, from: ['image@0/1', 'text@2/0'] })
})

//  detect (boxes) -> crop (pictures in regions) -> classify (concepts in regions) -> crop again
test('boxes of the whole picture are not taken for boxes inside its regions', () => {
  const levels = [['>concepts', BOX], ['>image', BOX], [BOX], ['image']]
  assert.deepEqual(find(levels, ['image', BOX]), { depth: 0, from: ['image@3/0', `${BOX}@0/0`] })
})

test('boxes inside regions go with the pictures of those regions', () => {
  const levels = [[BOX, `>${BOX}`], ['>image', BOX], [BOX], ['image']]
  assert.deepEqual(find(levels, ['image', BOX]), { depth: 1, from: ['image@1/1', `${BOX}@0/1`] })
})

test('missing fields are named; one is enough where any will do', () => {
  assert.deepEqual(find([['image']], ['image', 'text', 'audio']), { missing: ['text', 'audio'] })
  assert.deepEqual(find([['image']], ['image', 'text'], true), { depth: 0, from: ['image@0/0'] })
  assert.deepEqual(find([['audio']], ['image', 'text'], true), { missing: ['image', 'text'] })
  assert.deepEqual(find([['image']], []), { missing: [] })
})

test('fields that are never to be had at one depth are missing', () => {
  assert.deepEqual(find([['>image', BOX]], ['image', BOX]), { missing: ['image', BOX] })
})
