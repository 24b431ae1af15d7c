import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemOf, loadForTest, PLAIN } from '../test-weights.ts'
import { sentiment, sentimentValues } from './engine.ts'

test('values add up to 1 and lead to what the authors of the rules call a text', () => {
  for (const compound of [-1, -0.4, -0.05, -0.049, 0, 0.049, 0.05, 0.3, 1]) {
    const values = sentimentValues(compound)
    assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 1e-12)
    const wanted = compound <= -0.05 ? 0 : compound >= 0.05 ? 2 : 1
    assert.ok(
      values.every((value) => value <= values[wanted]!),
      `${compound}`,
    )
  }
})

test('praise, complaint and report are told apart; concepts of the version are used', async () => {
  const loaded = await loadForTest(sentiment)
  try {
    const ask = async (raw: string, setup = PLAIN) =>
      (await loaded.infer([itemOf({ text: { raw } })], setup))[0]!.concepts[0]!
    assert.equal((await ask('I love this camera, the pictures are wonderful!')).name, 'positive')
    assert.equal((await ask('Terrible service, I was very disappointed.')).name, 'negative')
    assert.equal((await ask('The train leaves at ten.')).name, 'neutral')
    assert.equal((await ask('It is not good at all.')).name, 'negative')
  } finally {
    await loaded.dispose()
  }
})
