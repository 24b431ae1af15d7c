import assert from 'node:assert/strict'
import { test } from 'node:test'
import { modelAlias } from './aliases.ts'
import { catalogueModel } from './index.ts'

test("old ids stand for today's; others for nothing", () => {
  assert.equal(modelAlias('aaa03c23b3724a16a56b629203edc62c'), 'general-image-recognition')
  assert.equal(modelAlias('general-image-recognition'), undefined)
  assert.equal(modelAlias('f'.repeat(32)), undefined)
})

test('the old ids that clients have built in lead to models of the catalogue', () => {
  const built = [
    'aaa03c23b3724a16a56b629203edc62c',
    'bbb5f41425b8468d9b7a554ff10f8581',
    'a403429f2ddf4b49b307e318f00e528b',
    'd16f390eb32cad478c7ae150069bd2c6',
    'eeed0b6733a644cea07cf4c60f87ebb7',
    'bd367be194cf45149e75f01d59f77ba7',
    'e9576d86d2004ed1a38ba0cf39ecb4b1',
  ]
  for (const id of built) assert.ok(catalogueModel(modelAlias(id) ?? ''), id)
})
