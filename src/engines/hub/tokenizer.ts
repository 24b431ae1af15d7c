import { readFile } from 'node:fs/promises'
import { Tokenizer } from '@huggingface/tokenizers'
import { Tensor } from 'onnxruntime-node'
import type { WeightFiles } from '../engine.ts'
import { weightFile } from '../kit.ts'
import type { OpenModel } from './open-model.ts'
import { unusable } from './open-model.ts'

/** Characters handed to the tokenizer per text: more than the tokens of any model here. */
const TEXT_CHARS_MAX = 32_768
/** Memory that the tables of a tokenizer take, as a multiple of its file. */
const TABLE_FACTOR = 6

/** Cuts texts into the tokens of a model: byte pairs, word pieces or unigrams, as its file says. */
export class TextTokenizer {
  readonly bytes: number
  readonly #tokenizer: Tokenizer

  constructor(tokenizer: Tokenizer, bytes: number) {
    this.#tokenizer = tokenizer
    this.bytes = bytes
  }

  /** Reads the files `tokenizer` and `tokenizerConfig` of a weight; throws AppError 21350 when they make no sense. */
  static async load(files: WeightFiles, weight: string): Promise<TextTokenizer> {
    const [json, config] = await Promise.all([
      readFile(weightFile(files, weight, 'tokenizer'), 'utf8'),
      readFile(weightFile(files, weight, 'tokenizerConfig'), 'utf8'),
    ])
    try {
      return new TextTokenizer(new Tokenizer(JSON.parse(json), JSON.parse(config)), json.length * TABLE_FACTOR)
    } catch (cause) {
      throw unusable(weight, 'has a tokenizer that cannot be read', cause)
    }
  }

  /** Ids of a text with those that frame it; of a text that is too long the end is left out, the frame stays. */
  encode(text: string, limit: number): number[] {
    const { ids } = this.#tokenizer.encode(text.slice(0, TEXT_CHARS_MAX))
    return ids.length <= limit ? ids : [...ids.slice(0, limit - 1), ids.at(-1)!]
  }

  /** Ids of a text and nothing around it. */
  plain(text: string): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids
  }

  /** The text of ids; tokens that are no text are left out. */
  decode(ids: readonly number[]): string {
    return this.#tokenizer.decode([...ids], { skip_special_tokens: true })
  }

  /** The id of a token, where the model has it. */
  idOf(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token)
  }
}

/** The tensors that models of texts take, for several texts together; shorter ones are filled up and masked. */
export function textFeeds(texts: readonly (readonly number[])[], padding: number): Record<string, Tensor> {
  const length = Math.max(1, ...texts.map((ids) => ids.length))
  const count = texts.length * length
  const ids = new BigInt64Array(count).fill(BigInt(padding))
  const [mask, places] = [new BigInt64Array(count), new BigInt64Array(count)]
  for (const [row, text] of texts.entries()) {
    for (const [column, id] of text.entries()) {
      ids[row * length + column] = BigInt(id)
      mask[row * length + column] = 1n
      places[row * length + column] = BigInt(column)
    }
  }
  const tensor = (data: BigInt64Array): Tensor => new Tensor('int64', data, [texts.length, length])
  return {
    input_ids: tensor(ids),
    attention_mask: tensor(mask),
    token_type_ids: tensor(new BigInt64Array(count)),
    position_ids: tensor(places),
  }
}

/** Whether a model tells texts of a batch apart from what fills them up; others get one text at a time. */
export const takesBatches = (model: OpenModel): boolean => model.inputs.includes('attention_mask')
