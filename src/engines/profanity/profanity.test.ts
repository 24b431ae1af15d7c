import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemOf, loadForTest, PLAIN } from '../test-weights.ts'
import { profanity } from './engine.ts'

test('swear words are found, disguised ones too, and none in words that only look like them', async (t) => {
  const engine = await loadForTest(profanity)
  t.after(() => engine.dispose())
  const best = async (raw: string): Promise<string> => {
    const [data] = await engine.infer([itemOf({ text: { raw } })], PLAIN)
    const [first, second] = data!.concepts
    assert.equal(first!.value + second!.value, 1)
    return first!.name
  }
  for (const raw of ['What the fuck is this', 'this is sh1t', 'fuuuuck off', 'You bastard']) {
    assert.equal(await best(raw), 'profane', raw)
  }
  for (const raw of [
    '',
    'Have a nice day.',
    'We visited Scunthorpe and Essex.',
    'A class on assessment in the grass',
  ]) {
    assert.equal(await best(raw), 'clean', raw)
  }
  await assert.rejects(engine.infer([itemOf({})], PLAIN), { code: 30101 })
})
