import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalJson } from './hash.ts'

test('equal values give equal texts, whatever the order of their keys', () => {
  assert.equal(canonicalJson({ b: [1, null, 'x'], a: { d: undefined, c: 2 } }), '{"a":{"c":2},"b":[1,null,"x"]}')
})

test('long lists of numbers are told by their digest, which any change of a number changes', () => {
  const weights = () => [Array.from({ length: 576 }, (_, at) => Math.fround(Math.sin(at))), [1, 2, 3]]
  const text = canonicalJson({ weights: weights() })
  assert.equal(canonicalJson({ weights: weights() }), text)
  assert.match(text, /^\{"weights":\[\["numbers","[0-9a-f]{64}"\],\[1,2,3\]\]\}$/)
  for (const at of [0, 300, 575]) {
    const other = weights()
    other[0]![at]! += 1e-9
    assert.notEqual(canonicalJson({ weights: other }), text)
  }
  const [shorter] = weights()
  assert.notEqual(canonicalJson({ weights: [shorter!.slice(1), [1, 2, 3]] }), text)
})

test('long lists of other things, or with one other thing in them, stand as they are', () => {
  const mixed = [...Array.from({ length: 100 }, (_, at) => at), 'x']
  assert.equal(canonicalJson(mixed), JSON.stringify(mixed))
})
