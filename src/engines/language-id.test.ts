import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languageIdentifier } from './language-id.ts'
import { itemOf, PLAIN } from './test-weights.ts'

test('languages are told apart, and the detector says when it is not sure', async () => {
  const engine = await languageIdentifier.load({})
  const texts = ['Das Wetter ist heute schön und wir gehen hinaus.', 'The trains are late again this morning.', '12 34']
  const [german, english, nothing] = await engine.infer(
    texts.map((raw) => itemOf({ text: { raw } })),
    PLAIN,
  )
  const { id, name, metadata } = german!.concepts[0]!
  assert.deepEqual({ id, name, metadata }, { id: 'de', name: 'German', metadata: { reliable: true } })
  assert.equal(english!.concepts[0]!.id, 'en')
  assert.ok(english!.concepts.every(({ value }, at, all) => value <= 1 && (at === 0 || value <= all[at - 1]!.value)))
  assert.deepEqual(nothing!.concepts, [])
})
