import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { convertCmudict } from '../../weights/convert/cmudict.ts'
import { Lexicon } from './lexicon.ts'
import { cardinal, ordinal, year } from './numbers.ts'
import { idsOf, phonemes } from './phonemes.ts'
import { PIECE_SIGNS_MAX, pieces } from './pieces.ts'
import { spoken } from './spoken.ts'

test('numbers in words', () => {
  assert.deepEqual(
    ['0', '007', '13', '20', '85', '100', '1205', '1000000', '12345678', '999000000000000'].map(cardinal),
    [
      'zero',
      'seven',
      'thirteen',
      'twenty',
      'eighty five',
      'one hundred',
      'one thousand two hundred five',
      'one million',
      'twelve million three hundred forty five thousand six hundred seventy eight',
      'nine hundred ninety nine trillion',
    ],
  )
  assert.equal(
    cardinal('1234567890123456'),
    'one two three four five six seven eight nine zero one two three four five six',
  )
  assert.deepEqual(['1', '12', '20', '21', '100', '43'].map(ordinal), [
    'first',
    'twelfth',
    'twentieth',
    'twenty first',
    'one hundredth',
    'forty third',
  ])
  assert.deepEqual(['1984', '1900', '2000', '2009', '2025', '1805'].map(year), [
    'nineteen eighty four',
    'nineteen hundred',
    'two thousand',
    'two thousand nine',
    'twenty twenty five',
    'eighteen oh five',
  ])
})

test('texts as they are read aloud', () => {
  const cases: [string, string][] = [
    [
      'Dr. Smith paid $1,250.75 at 10:30.',
      'doctor Smith paid one thousand two hundred fifty dollars and seventy five cents at ten thirty.',
    ],
    ['$1 and £2.01 and €3.5 million', 'one dollar and two pounds and one penny and three point five million euros'],
    ['In the 1990s, 3.14 & 50%', 'In the nineteen nineties, three point one four and fifty percent'],
    ['-5 °C, e.g. 7:00', "minus five degrees celsius, for example, seven o'clock"],
    ['“Curly” – ‘quotes’… naïve café', '"Curly" — \'quotes\'… naive cafe'],
    ['no. 5? No. Yes.', 'number five? No. Yes.'],
    ['openAI 5-10 items', 'open AI five to ten items'],
    ['日本語 \u{1f600} <b>', 'b'],
  ]
  for (const [text, read] of cases) assert.equal(spoken(text), read)
})

const DICTIONARY = `A  AH0
B.  B IY1
C.  S IY1
HELLO  HH AH0 L OW1
HELLO(1)  HH EH0 L OW1
THE  DH AH0
WORLD  W ER1 L D
APPLE  AE1 P AH0 L
BUTTER  B AH1 T ER0
BLOCK  B L AA1 K
CHAIN  CH EY1 N
CAT  K AE1 T
BAT  B AE1 T
CAB  K AE1 B
`

describe('sounds', () => {
  let lexicon: Lexicon
  before(() => {
    const { words, letters } = convertCmudict(DICTIONARY)
    lexicon = new Lexicon(words.toString(), letters.toString())
  })

  test('of words in the dictionary, their endings, letters, halves and the rest', () => {
    assert.deepEqual(lexicon.sounds('Hello'), ['HH', 'AH0', 'L', 'OW1'], 'the first pronunciation counts')
    assert.equal(lexicon.sounds("cat's").join(' '), 'K AE1 T S')
    assert.equal(lexicon.sounds("Apple's").at(-1), 'Z')
    assert.equal(lexicon.sounds('BC').join(' '), 'B IY1 S IY1', 'capitals are spelt')
    assert.equal(lexicon.sounds('blockchain').join(' '), 'B L AA1 K CH EY2 N')
    assert.equal(lexicon.sounds('tac').join(' '), 'T AE1 K', 'letters sound as they do in the dictionary')
    assert.deepEqual(lexicon.sounds('ßßß'), [])
  })

  test('as signs, with stress before the vowel, weak small words and joined punctuation', () => {
    assert.equal(phonemes('Hello, the world!', lexicon), 'həlˈO, ðə wˈɜɹld!')
    assert.equal(phonemes('the apple (the cat) "hello"', lexicon), 'ði ˈæpəl (ðə kˈæt) "həlˈO"')
    assert.equal(phonemes('butter', lexicon), 'bˈʌTəɹ')
    assert.deepEqual(idsOf('əˈ日'), [83, 156])
  })

  test('in pieces that the network can take, whatever the text', () => {
    assert.deepEqual(pieces('a. b.'), ['a. b.'])
    const sentence = `${'həlˈO '.repeat(25).trim()}. `
    assert.deepEqual(pieces(sentence.repeat(3)), new Array(3).fill(sentence.trim()))
    for (const text of [
      'x'.repeat(5_000),
      'ab '.repeat(2_000),
      'a, '.repeat(900),
      '. '.repeat(700),
      `"${'b.'.repeat(999)}"`,
    ]) {
      const cut = pieces(text)
      assert.ok(cut.every((piece) => piece.length <= PIECE_SIGNS_MAX && piece.trim() === piece))
      assert.equal(cut.join('').replace(/\s/g, ''), text.replace(/\s/g, ''), 'nothing is lost')
    }
  })
})

test('a file without words is no dictionary', () => {
  assert.throws(() => convertCmudict('<html>'), /no words/)
})
