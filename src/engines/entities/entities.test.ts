import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemOf, loadForTest, PLAIN } from '../test-weights.ts'
import { entities } from './engine.ts'

async function named(raw: string): Promise<[string, string][]> {
  const loaded = await loadForTest(entities)
  try {
    const [data] = await loaded.infer([itemOf({ text: { raw } })], PLAIN)
    return data!.regions.map(({ regionInfo, data: inside }) => {
      const { charStart, charEnd, rawText } = regionInfo!.span!
      assert.equal(raw.slice(charStart, charEnd), rawText)
      return [inside!.concepts[0]!.id, rawText]
    })
  } finally {
    await loaded.dispose()
  }
}

test('names come with their kind and exactly their place in the text', async () => {
  assert.deepEqual(await named("Yesterday, Angela Merkel left Berlin; Mr. Smith's car and Microsoft stayed."), [
    ['PER', 'Angela Merkel'],
    ['LOC', 'Berlin'],
    ['PER', 'Mr. Smith'],
    ['ORG', 'Microsoft'],
  ])
})

test('a text without names, or without anything, has no regions', async () => {
  assert.deepEqual(await named('It rains, and nobody knows why.'), [])
  assert.deepEqual(await named(''), [])
})
