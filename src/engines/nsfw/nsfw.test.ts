import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemOfBytes, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { groupValues, nsfw, nsfwModeration } from './engine.ts'

test('classes are added up to groups', () => {
  const groups = [
    { label: { id: 'a', name: 'a' }, classes: ['drawing', 'neutral'] },
    { label: { id: 'b', name: 'b' }, classes: ['porn'] },
  ] as const
  assert.deepEqual(groupValues([0.125, 0.25, 0.25, 0.5, 0], groups), [0.375, 0.5])
})

test('a railway platform is safe for work, in both vocabularies', async (t) => {
  const [simple, detailed] = [await loadForTest(nsfw), await loadForTest(nsfwModeration)]
  t.after(() => Promise.all([simple.dispose(), detailed.dispose()]))
  const item = itemOfBytes(await platformPhoto())
  const [two] = await simple.infer([item], PLAIN)
  const [three] = await detailed.infer([item], PLAIN)
  assert.deepEqual(
    two!.concepts.map(({ id }) => id),
    ['sfw', 'nsfw'],
  )
  assert.ok(two!.concepts[0]!.value > 0.9)
  assert.equal(three!.concepts[0]!.name, 'safe')
  assert.deepEqual(three!.concepts.map(({ name }) => name).sort(), ['explicit', 'safe', 'suggestive'])
  assert.ok(Math.abs(three!.concepts.reduce((sum, { value }) => sum + value, 0) - 1) < 1e-4)
})
