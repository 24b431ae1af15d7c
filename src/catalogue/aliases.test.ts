import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MODEL_ALIASES, modelAlias } from './aliases.ts'
import { catalogueModel } from './index.ts'

test("old ids stand for today's; others for nothing", () => {
  assert.equal(modelAlias('aaa03c23b3724a16a56b629203edc62c'), 'general-image-recognition')
  assert.equal(modelAlias('general-image-recognition'), undefined)
  assert.equal(modelAlias('f'.repeat(32)), undefined)
})

test('old ids lead to models of the catalogue', () => {
  for (const [old, id] of MODEL_ALIASES) assert.ok(catalogueModel(id), old)
})
