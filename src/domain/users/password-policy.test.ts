import assert from 'node:assert/strict'
import { test } from 'node:test'
import { violationsOf } from './password-policy.ts'

const owner = { names: ['zoe', 'Keeper', 'Al'], email: 'z.o-e.k@example.org' }
const common = new Set(['dragon', '12345678', 'abc'])
const broken = (password: string) =>
  Object.entries(violationsOf(password, owner, common))
    .filter(([, value]) => value === true)
    .map(([name]) => name)

test('a password that keeps all rules breaks none', () => {
  for (const password of ['Grey-Ostrich 71', 'Übergröße 5!', 'tR0ub4dor&3x', 'Пароль-7-слон']) {
    assert.deepEqual(broken(password), [], password)
  }
})

test('lengths are counted in characters', () => {
  assert.deepEqual(broken('Ab1!x5Z'), ['minimumLength'])
  assert.deepEqual(broken('Ab1!x5Zq'), [])
  assert.ok(broken('🙂🙂🙂🙂').includes('minimumLength'))
  assert.deepEqual(broken('Ab1!x'.repeat(52)), ['maximumLength'])
})

test('each kind of character is asked for', () => {
  assert.deepEqual(broken('grey-ostrich 71'), ['upperCaseNeeded'])
  assert.deepEqual(broken('GREY-OSTRICH 71'), ['lowerCaseNeeded'])
  assert.deepEqual(broken('Grey-Ostrich'), ['numericNeeded'])
  assert.deepEqual(broken('GreyOstrich71'), ['nonAlphanumericNeeded'])
})

test('names and the address are not to be used, short ones excepted', () => {
  assert.deepEqual(broken('The KEEPER 7!'), ['excludeNames'])
  assert.deepEqual(broken('Zoeky-71-hums'), ['excludeNames', 'excludeEmail'])
  assert.deepEqual(broken('Xz.o-e.kX 1'), ['excludeEmail'])
  assert.deepEqual(broken('Also-Tall-71'), [])
  assert.deepEqual(violationsOf('Grey-Ostrich 71', { names: [''], email: null }, common).excludeNames, false)
})

test('stretches of equal or following characters are simple', () => {
  for (const simple of ['12345678', 'aaaaaaa1', 'abcd1234', 'DCBA4321', '12345678!A', 'zzzzzzzz']) {
    assert.ok(broken(simple).includes('noSimplePasswords'), simple)
  }
  for (const mixed of ['ababababab', 'a1b2c3d4', 'qwertyui', 'abc!def?gh']) {
    assert.ok(!broken(mixed).includes('noSimplePasswords'), mixed)
  }
})

test('common words stay common with digits and signs around them', () => {
  for (const word of ['dragon', 'DRAGON', 'Dragon!2024', '99-dragon', '12345678']) {
    assert.ok(broken(word).includes('noCommonVocabs'), word)
  }
  for (const word of ['1abc!', 'my dragon', 'dragonfly']) assert.ok(!broken(word).includes('noCommonVocabs'), word)
})
