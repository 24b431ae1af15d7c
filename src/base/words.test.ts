import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWordQuery, TEXT_WORDS_MAX, wordsOf } from './words.ts'

test('words are without case and accents, English ones are stems', () => {
  assert.deepEqual(wordsOf('The satisfied DOGS, a Café and naïve 3D-models_x'), [
    'the',
    'satisfi',
    'dog',
    'a',
    'cafe',
    'and',
    'naiv',
    '3d',
    'model',
    'x',
  ])
  assert.deepEqual(wordsOf('Żółć Ёлка ΆΛΦΑ ﬁn'), ['zołc', 'елка', 'αλφα', 'fin'])
  assert.deepEqual(wordsOf(' .,;!\u0000 '), [])
})

test('vowel signs of other scripts stay, so that words differ that differ', () => {
  assert.deepEqual(wordsOf('हिन्दी கமல்'), ['हिन्दी', 'கமல்'])
  assert.notDeepEqual(wordsOf('की'), wordsOf('का'))
  assert.deepEqual(wordsOf('한국어'), ['한국어'])
})

test('where a language has no blanks pairs of letters are words', () => {
  assert.deepEqual(wordsOf('我的狗 rex跑'), ['我的', '的狗', '狗', 'rex', '跑'])
})

test('a long text is read up to a number of words', () => {
  assert.equal(wordsOf('word '.repeat(TEXT_WORDS_MAX + 5)).length, TEXT_WORDS_MAX)
  assert.equal(wordsOf('x'.repeat(500))[0]?.length, 64)
})

test('what is looked for: words, quotes, without, beginnings, alternatives', () => {
  const word = (...words: string[]) => ({ words, prefix: false })
  assert.deepEqual(readWordQuery('Dogs -cats "sat still" sat*').any, [
    {
      all: [word('dog'), word('sat', 'still'), { words: ['sat'], prefix: true }],
      none: [word('cat')],
    },
  ])
  assert.deepEqual(readWordQuery('satisfied*').any[0]?.all, [{ words: ['satisfi'], prefix: true }])
  assert.deepEqual(readWordQuery('dogs OR -cats OR birds').any, [
    { all: [word('dog')], none: [] },
    { all: [word('bird')], none: [] },
  ])
  assert.deepEqual(readWordQuery('well-known').any[0]?.all, [word('well'), word('known')])
  assert.deepEqual(readWordQuery('狗').any[0]?.all, [{ words: ['狗'], prefix: true }])
  assert.deepEqual(readWordQuery('我的狗').any[0]?.all, [word('我的', '的狗')])
})

test('what has no word asks for nothing', () => {
  for (const text of ['', '-', '-cats', '***', '""', '" "', ' OR ', '🦄']) {
    assert.deepEqual(readWordQuery(text), { any: [] }, text)
  }
})
