import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { before, test } from 'node:test'
import { testWeightStore } from '../../../test/kit/weights/source-files.ts'
import { itemOf, loadForTest, PLAIN } from '../test-weights.ts'
import { dot } from '../vectors.ts'
import { batchesByLength } from './embedder.ts'
import { minilmEmbed } from './engine.ts'
import { WordPiece } from './wordpiece.ts'

test('words are split into the longest known pieces', () => {
  const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'un', '##able', '##a', '##b', 'cafe', ',', '中', '##ables']
  const tokenizer = new WordPiece(vocabulary.join('\n'))
  assert.deepEqual(tokenizer.encode('Unable', 16), [2, 4, 5, 3])
  assert.deepEqual(tokenizer.encode('unab', 16), [2, 4, 6, 7, 3])
  assert.deepEqual(tokenizer.encode('unables', 16), [2, 4, 11, 3])
  assert.deepEqual(tokenizer.encode('CAFÉ,中cafe\t\u0000un', 16), [2, 8, 9, 10, 8, 4, 3])
  assert.deepEqual(tokenizer.encode('xyz un', 16), [2, 1, 4, 3])
  assert.deepEqual(tokenizer.encode('', 16), [2, 3])
  assert.deepEqual(tokenizer.encode('un un un un', 4), [2, 4, 4, 3])
  assert.throws(() => new WordPiece('a\nb'), /\[CLS\]/)
})

test('texts of like length share a batch, and every text is in one', () => {
  const texts = [3, 200, 4, 5, 190, 3].map((length) => new Array<number>(length).fill(1))
  const batches = batchesByLength(texts)
  assert.deepEqual(batches.flat().sort(), [0, 1, 2, 3, 4, 5])
  assert.deepEqual(
    batches.map((batch) => batch.map((at) => texts[at]!.length)),
    [
      [3, 3, 4, 5],
      [190, 200],
    ],
  )
  assert.deepEqual(batchesByLength([]), [])
})

let vocabulary: string
before(async () => {
  const { files } = await testWeightStore().ensure('all-minilm-l6-v2')
  vocabulary = await readFile(files.vocab, 'utf8')
})

test('ids with the real vocabulary are those of the original tokenizer', () => {
  const tokenizer = new WordPiece(vocabulary)
  const ids = (text: string): number[] => tokenizer.encode(text, 256)
  assert.deepEqual(ids('the cat sat on the mat.'), [101, 1996, 4937, 2938, 2006, 1996, 13523, 1012, 102])
  assert.deepEqual(ids('Hello, world!'), [101, 7592, 1010, 2088, 999, 102])
})

test('texts that mean the same are closer than texts that do not, alone and in a batch', async (t) => {
  const engine = await loadForTest(minilmEmbed)
  t.after(() => engine.dispose())
  const texts = ['How do I reset my password?', 'I forgot my login, how do I get access again?', 'How do I bake bread?']
  const items = texts.map((raw) => itemOf({ text: { raw } }))
  const [a, b, c] = (await engine.infer(items, PLAIN)).map((data) => data.embeddings[0]!.vector)
  assert.equal(a!.length, 384)
  assert.ok(dot(a!, b!) > 0.5 && dot(a!, c!) < 0.3)
  const [alone] = await engine.infer([items[1]!], PLAIN)
  assert.ok(dot(alone!.embeddings[0]!.vector, b!) > 0.9999)
})

test('a text of any length is embedded, an input without text is refused', async (t) => {
  const engine = await loadForTest(minilmEmbed)
  t.after(() => engine.dispose())
  const items = ['', 'word '.repeat(20_000)].map((raw) => itemOf({ text: { raw } }))
  for (const data of await engine.infer(items, PLAIN)) {
    const { vector } = data.embeddings[0]!
    assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5)
  }
  await assert.rejects(engine.infer([itemOf({})], PLAIN), { code: 30101 })
})
