import assert from 'node:assert/strict'
import { test } from 'node:test'
import { soundsOf } from '../../base/letter-sounds.ts'
import { learnLetterSounds } from './letter-sounds.ts'

const words = (lines: string): { word: string; sounds: string[] }[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => {
      const [word, ...sounds] = line.trim().split(' ')
      return { word: word!, sounds }
    })

const KNOWN = words(`
  cat K AE1 T
  city S IH1 T IY0
  cent S EH1 N T
  cot K AA1 T
  ship SH IH1 P
  shop SH AA1 P
  hip HH IH1 P
  sip S IH1 P
  box B AA1 K S
  fox F AA1 K S
  tax T AE1 K S
  late L EY1 T
  mate M EY1 T
  lat L AE1 T
  mat M AE1 T
  hat HH AE1 T
  hate HH EY1 T`)

test('words that were learned come out as they were, new ones by what letters around them tell', () => {
  const table = learnLetterSounds(KNOWN)
  for (const { word, sounds } of KNOWN) assert.deepEqual(soundsOf(table, word), sounds, word)
  assert.equal(soundsOf(table, 'lax').join(' '), 'L AE1 K S', 'x makes two sounds')
  assert.equal(soundsOf(table, 'shopcat').join(' '), 'SH AA1 P K AE1 T', 's and h make one together')
  assert.equal(soundsOf(table, 'cit').join(' '), 'S IH1 T', 'c before i')
  assert.deepEqual(soundsOf(table, 'q9'), [], 'unknown letters are silent')
})

test('windows are kept only where they say something new', () => {
  const table = learnLetterSounds(words('aa B\nab B\nba B\nbb B'))
  assert.ok(table.size < 20, `${table.size}`)
  assert.deepEqual(soundsOf(learnLetterSounds([]), 'word'), [])
  // More sounds than its letters can make: nothing to learn, nothing to fail over.
  assert.deepEqual(soundsOf(learnLetterSounds(words('a B C D E F')), 'a'), [])
})
