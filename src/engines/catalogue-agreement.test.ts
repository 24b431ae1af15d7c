import assert from 'node:assert/strict'
import { test } from 'node:test'
import { catalogueModels } from '../catalogue/index.ts'
import { createRegistry, engineWeights } from './registry.ts'

test('built-in models name engines that exist, with all the weights they need', async () => {
  const registry = createRegistry()
  for (const model of catalogueModels) {
    if (model.engine === undefined) continue
    const engine = await registry.find(model.engine)
    const missing = engineWeights(engine.name).filter((id) => !(model.weights as readonly string[]).includes(id))
    assert.deepEqual(missing, [], model.id)
  }
})
