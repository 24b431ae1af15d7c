import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../base/ids.ts'
import { hashSecret, publicIdOf, secretMatches } from './secrets.ts'

test('a secret matches its own hash and no other', () => {
  const [a, b] = [newId(), newId()]
  assert.ok(secretMatches(a, hashSecret(a)))
  assert.ok(!secretMatches(b, hashSecret(a)))
  assert.ok(!secretMatches(a, ''))
  assert.ok(!secretMatches(a, hashSecret(a).slice(2)))
})

test('the form of hashes and public ids is fixed, as they are stored', () => {
  const hash = hashSecret('0123456789abcdef0123456789abcdef')
  assert.equal(hash, '2d0b482176444db2fbe05cafae110701fd1d14ae58fa7db303dd046ec239bb0f')
  assert.match(publicIdOf(hash), /^[0-9a-f]{32}$/)
})

test('a public id is neither the secret nor a part of its hash', () => {
  const secret = newId()
  const hash = hashSecret(secret)
  assert.notEqual(publicIdOf(hash), secret)
  assert.ok(!hash.includes(publicIdOf(hash)))
  assert.equal(publicIdOf(hash), publicIdOf(hash))
  assert.notEqual(publicIdOf(hash), publicIdOf(hashSecret(newId())))
})
