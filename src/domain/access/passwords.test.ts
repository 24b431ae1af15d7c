import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, passwordMatches } from './passwords.ts'

test('a password matches its own hash only, however its letters are composed', async () => {
  const hash = await hashPassword('Caf\u00e9 9')
  assert.match(hash, /^scrypt\$32768\$[\w+/=]+\$[\w+/=]+$/)
  assert.deepEqual(
    await Promise.all(['Caf\u00e9 9', 'Cafe\u0301 9', 'Cafe 9', ''].map((given) => passwordMatches(given, hash))),
    [true, true, false, false],
  )
})

test('equal passwords have different hashes', async () => {
  const [a, b] = await Promise.all([hashPassword('same'), hashPassword('same')])
  assert.notEqual(a, b)
  assert.ok(!a.includes('same'))
})

test('without a stored hash nothing matches', async () => {
  assert.equal(await passwordMatches('', null), false)
  assert.equal(await passwordMatches('anything', null), false)
})
