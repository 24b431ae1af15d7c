/** Small networks in the form of those of the hub: real ONNX files and tokenizers whose answers can be foreseen. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GraphBuilder } from '../../weights/onnx/builder.ts'
import type { WeightFiles } from '../engine.ts'

/** Words that the tokenizers know, in the order of their ids. */
export const WORDS = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'photo', 'of', 'red', 'green', 'blue', 'hello', 'world']
const idOf = (word: string): number => WORDS.indexOf(word)

/** Adds rows for some words to a table of vectors; all other words have zeros. */
function table(size: number, rows: Readonly<Record<string, readonly number[]>>): Float32Array {
  const values = new Float32Array(WORDS.length * size)
  for (const [word, row] of Object.entries(rows)) values.set(row, idOf(word) * size)
  return values
}

/** A tokenizer of word pieces that frames texts by [CLS] and [SEP]. */
export const WORD_PIECES = {
  added_tokens: WORDS.slice(0, 4).map((content, id) => ({ id, content, special: true })),
  normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true },
  pre_tokenizer: { type: 'BertPreTokenizer' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [2], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [3], tokens: ['[SEP]'] },
    },
  },
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
  },
}

/** Files of tests in a folder of their own, under the keys of a weight. */
export class TestFiles {
  readonly dir: string

  private constructor(dir: string) {
    this.dir = dir
  }

  static async make(): Promise<TestFiles> {
    return new TestFiles(await mkdtemp(join(tmpdir(), 'limpid-hub-models-')))
  }

  /** Writes files and names them as the weight store would. */
  async weight(id: string, files: Readonly<Record<string, Buffer | object>>): Promise<WeightFiles> {
    const paths: Record<string, string> = {}
    for (const [key, content] of Object.entries(files)) {
      paths[key] = join(this.dir, `${id}-${key}`)
      await writeFile(paths[key], Buffer.isBuffer(content) ? content : JSON.stringify(content))
    }
    return { [id]: paths }
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true })
  }
}

/** Tokenizer files of a weight. */
export const tokenizerFiles = (tokenizer: object = WORD_PIECES) => ({ tokenizer, tokenizerConfig: {} })

/** Means of red, green and blue as the vector of a picture. */
export function visionModel(side: number): Buffer {
  const b = new GraphBuilder()
  const pixels = b.openInput('pixel_values', ['batch', 3, side, side])
  b.openOutput('image_embeds', b.node('ReduceMean', [pixels], { axes: [2, 3], keepdims: 0 }), ['batch', 3])
  return b.build()
}

const COLOURS = { red: [9, 0, 0], green: [0, 9, 0], blue: [0, 0, 9] }

/** The sum of the colours that a text names as its vector. */
export function textModel(): Buffer {
  const b = new GraphBuilder()
  const ids = b.openInput('input_ids', ['batch', 'length'], 'int64')
  const vectors = b.node('Gather', [b.initializer('float32', [WORDS.length, 3], table(3, COLOURS)), ids])
  b.openOutput('text_embeds', b.node('ReduceSum', [vectors, b.ints([1])], { keepdims: 0 }), ['batch', 3])
  return b.build()
}

/** A vector for each token: colours as above, and 1 in a fourth place for each token that fills up. */
export function sentenceModel(): Buffer {
  const b = new GraphBuilder()
  const ids = b.openInput('input_ids', ['batch', 'length'], 'int64')
  b.openInput('attention_mask', ['batch', 'length'], 'int64')
  const rows = { red: [9, 0, 0, 0], green: [0, 9, 0, 0], '[CLS]': [0, 0, 1, 0], '[PAD]': [0, 0, 0, 99] }
  const vectors = b.node('Gather', [b.initializer('float32', [WORDS.length, 4], table(4, rows)), ids])
  b.openOutput('last_hidden_state', vectors, ['batch', 'length', 4])
  return b.build()
}

/** Two logits: how much red and how much green a text has. */
export function textClassifierModel(): Buffer {
  const b = new GraphBuilder()
  const ids = b.openInput('input_ids', ['batch', 'length'], 'int64')
  const rows = { red: [4, -4], green: [-4, 4] }
  const scores = b.node('Gather', [b.initializer('float32', [WORDS.length, 2], table(2, rows)), ids])
  b.openOutput('logits', b.node('ReduceSum', [scores, b.ints([1])], { keepdims: 0 }), ['batch', 2])
  return b.build()
}

/** Three logits: the means of the channels, ten times. */
export function imageClassifierModel(side: number): Buffer {
  const b = new GraphBuilder()
  const pixels = b.openInput('pixel_values', ['batch', 3, side, side])
  const means = b.node('ReduceMean', [pixels], { axes: [2, 3], keepdims: 0 })
  b.openOutput('logits', b.node('Mul', [means, b.scalar(10)]), ['batch', 3])
  return b.build()
}

/** Fixed answers that take a picture in, so that names and shapes are as in the real files. */
export function fixedDetector(
  input: string,
  outputs: Readonly<Record<string, { readonly dims: readonly number[]; readonly data: Float32Array }>>,
): Buffer {
  const b = new GraphBuilder()
  const pixels = b.openInput(input, [1, 3, 640, 640])
  const nothing = b.node('Mul', [b.node('ReduceMean', [pixels], { keepdims: 0 }), b.scalar(0)])
  for (const [name, { dims, data }] of Object.entries(outputs)) {
    b.openOutput(name, b.node('Add', [b.initializer('float32', dims, data), nothing]), dims)
  }
  return b.build()
}

/** How light each pixel is, as a logit: dark is behind, light is the subject. */
export function matteModel(): Buffer {
  const b = new GraphBuilder()
  const pixels = b.openInput('input_image', [1, 3, 1024, 1024])
  b.openOutput('output_image', b.node('ReduceMean', [pixels], { axes: [1], keepdims: 1 }), [1, 1, 1024, 1024])
  return b.build()
}

/** Words of the language model; those in angle brackets frame a talk. */
export const CHAT_WORDS = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  'system',
  'user',
  'assistant',
  'a',
  'hello',
  'world',
  '[UNK]',
]

/** A tokenizer of whole words between spaces. */
export const CHAT_TOKENIZER = {
  added_tokens: CHAT_WORDS.slice(0, 3).map((content, id) => ({ id, content, special: true })),
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: null,
  decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
  model: {
    type: 'WordPiece',
    unk_token: '[UNK]',
    continuing_subword_prefix: '##',
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(CHAT_WORDS.map((word, id) => [word, id])),
  },
}

/**
 * A language model that follows "assistant" by "hello", that by "world" and that by "hello" again, until it has seen
 * `enough` tokens in all, which it counts in its memory; then it ends.
 */
export function chatModel(enough: number): Buffer {
  const b = new GraphBuilder()
  const size = CHAT_WORDS.length
  const ids = b.openInput('input_ids', [1, 'length'], 'int64')
  b.openInput('attention_mask', [1, 'all'], 'int64')
  b.openInput('position_ids', [1, 'length'], 'int64')
  const past = b.openInput('past_key_values.0.key', [1, 1, 'past', 1])
  const values = b.openInput('past_key_values.0.value', [1, 1, 'past', 1])
  const next = new Float32Array(size * size)
  const follow = (word: string, by: string): void => {
    next[CHAT_WORDS.indexOf(word) * size + CHAT_WORDS.indexOf(by)] = 10
  }
  follow('assistant', 'hello')
  follow('hello', 'world')
  follow('world', 'hello')
  const ones = new Float32Array(size).fill(1)
  const seen = b.node('Gather', [b.initializer('float32', [size, 1], ones), ids])
  const keys = b.node('Concat', [past, b.node('Unsqueeze', [seen, b.ints([1])])], { axis: 2 })
  b.openOutput('present.0.key', keys, [1, 1, 'all', 1])
  b.openOutput('present.0.value', b.node('Concat', [values, b.node('Unsqueeze', [seen, b.ints([1])])], { axis: 2 }), [
    1,
    1,
    'all',
    1,
  ])
  const end = new Float32Array(size)
  end[CHAT_WORDS.indexOf('<|im_end|>')] = 1
  const over = b.node('Mul', [
    b.node('Sub', [b.node('ReduceSum', [keys], { keepdims: 0 }), b.scalar(enough - 0.5)]),
    b.scalar(1_000),
  ])
  const ending = b.node('Mul', [b.initializer('float32', [size], end), over])
  const logits = b.node('Add', [b.node('Gather', [b.initializer('float32', [size, size], next), ids]), ending])
  b.openOutput('logits', logits, [1, 'length', size])
  return b.build()
}
