import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hubCatalogue, isHubId } from '../weights/hub/catalogue.ts'
import { weightCatalogue } from '../weights/manifest.ts'
import { modelCards } from './cards.ts'
import { engineNames, engineWeights } from './registry.ts'

test('every engine has a card that says all there is to say', () => {
  assert.deepEqual(Object.keys(modelCards).sort(), [...engineNames].sort())
  for (const [name, card] of Object.entries(modelCards)) {
    for (const part of Object.values(card)) assert.ok(part.trim().length >= 3, name)
    assert.match(card.measured, /ms|face-detector/, name)
  }
})

test('cards name the package or repository that the weights are fetched from', () => {
  for (const name of engineNames) {
    const own = engineWeights(name).map((id) =>
      isHubId(id) ? hubCatalogue[id].repository : weightCatalogue[id as keyof typeof weightCatalogue].package.name,
    )
    if (own.length === 0) continue
    assert.ok(
      own.some((source) => modelCards[name]!.provenance.includes(source)),
      name,
    )
  }
})
