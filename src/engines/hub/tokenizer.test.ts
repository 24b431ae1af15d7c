import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TestFiles, tokenizerFiles, WORD_PIECES } from './test-models.ts'
import { TextTokenizer, textFeeds } from './tokenizer.ts'

let folder: TestFiles
before(async () => {
  folder = await TestFiles.make()
})
after(() => folder.remove())

const load = async (tokenizer: object): Promise<TextTokenizer> =>
  TextTokenizer.load(await folder.weight('words', tokenizerFiles(tokenizer)), 'words')

/** Byte pairs as CLIP has them: words end in `</w>`. */
const BYTE_PAIRS = {
  added_tokens: [
    { id: 8, content: '<|startoftext|>', special: true },
    { id: 9, content: '<|endoftext|>', special: true },
  ],
  normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Lowercase' }] },
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: {
    type: 'RobertaProcessing',
    sep: ['<|endoftext|>', 9],
    cls: ['<|startoftext|>', 8],
    trim_offsets: false,
    add_prefix_space: false,
  },
  decoder: { type: 'ByteLevel' },
  model: {
    type: 'BPE',
    unk_token: '<|endoftext|>',
    continuing_subword_prefix: '',
    end_of_word_suffix: '</w>',
    fuse_unk: false,
    vocab: {
      a: 0,
      'a</w>': 1,
      c: 2,
      t: 3,
      't</w>': 4,
      ca: 5,
      'cat</w>': 6,
      'at</w>': 7,
      '<|startoftext|>': 8,
      '<|endoftext|>': 9,
    },
    merges: ['c a', 'ca t</w>', 'a t</w>'],
  },
}

/** Pieces with probabilities as multilingual models have them: words begin with a bar. */
const UNIGRAMS = {
  added_tokens: [
    { id: 0, content: '<s>', special: true },
    { id: 2, content: '</s>', special: true },
  ],
  normalizer: null,
  pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'always' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '<s>', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '</s>', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
      '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] },
    },
  },
  decoder: { type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'always' },
  model: {
    type: 'Unigram',
    unk_id: 3,
    vocab: [
      ['<s>', 0],
      ['<pad>', 0],
      ['</s>', 0],
      ['<unk>', 0],
      ['▁the', -2],
      ['▁cat', -3],
      ['▁c', -6],
      ['at', -6],
      ['s', -4],
    ],
  },
}

test('word pieces, byte pairs and unigrams are understood', async () => {
  assert.deepEqual((await load(WORD_PIECES)).encode('A photo of RED!', 10), [2, 4, 5, 6, 7, 1, 3])
  const pairs = await load(BYTE_PAIRS)
  assert.deepEqual(pairs.encode('Cat at a', 77), [8, 6, 7, 1, 9])
  const pieces = await load(UNIGRAMS)
  assert.deepEqual(pieces.encode('the cats', 20), [0, 4, 5, 8, 2])
  assert.equal(pieces.decode([0, 4, 5, 8, 2]), 'the cats')
})

test('of a text that is too long the end is cut off, the frame stays', async () => {
  assert.deepEqual((await load(WORD_PIECES)).encode('a a a a a a', 4), [2, 4, 4, 3])
  assert.deepEqual((await load(WORD_PIECES)).plain('a red'), [4, 7])
})

test('several texts become one tensor with a mask', () => {
  const { input_ids, attention_mask, position_ids } = textFeeds(
    [
      [2, 4, 3],
      [2, 3],
    ],
    9,
  )
  const rows = (tensor: typeof input_ids): number[] => Array.from(tensor!.data as BigInt64Array, Number)
  assert.deepEqual(input_ids!.dims, [2, 3])
  assert.deepEqual(rows(input_ids), [2, 4, 3, 2, 3, 9])
  assert.deepEqual(rows(attention_mask), [1, 1, 1, 1, 1, 0])
  assert.deepEqual(rows(position_ids), [0, 1, 2, 0, 1, 0])
})
