import { readFile } from 'node:fs/promises'
import type { WeightFiles } from '../engine.ts'
import { weightFile } from '../kit.ts'
import { int64Tensor, type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { shareModel } from '../shared-model.ts'
import { normalised } from '../vectors.ts'
import { WordPiece } from './wordpiece.ts'

/** The id of the weights. */
export const MINILM_WEIGHT = 'all-minilm-l6-v2'
/** Tokens looked at per text, as the model was trained; the rest of a longer text is not seen. */
export const TEXT_TOKENS_MAX = 256
/** Characters handed to the tokenizer per text: more than 256 tokens of any language. */
const TEXT_CHARS_MAX = 16_384
/** Texts run through the network together. */
const BATCH_MAX = 16
/** Length of the vectors. */
export const TEXT_EMBEDDING_SIZE = 384
/** Memory of the vocabulary, in bytes. */
const VOCABULARY_BYTES = 4 * 1024 * 1024

const IDS = { type: 'int64', shape: [null, null] } as const

/** What the MiniLM file must look like. */
export const MINILM_SPEC: ModelSpec = {
  title: 'all-MiniLM-L6-v2 text embedding',
  inputs: { input_ids: IDS, attention_mask: IDS, token_type_ids: IDS },
  outputs: { last_hidden_state: { type: 'float32', shape: [null, null, TEXT_EMBEDDING_SIZE] } },
}

/** Turns texts into vectors; the network is shared by all embedders of the process. */
export class TextEmbedder {
  /** Approximate memory in bytes. */
  readonly bytes: number
  readonly #model: Model
  readonly #tokenizer: WordPiece

  private constructor(model: Model, tokenizer: WordPiece) {
    this.#model = model
    this.#tokenizer = tokenizer
    this.bytes = model.bytes + VOCABULARY_BYTES
  }

  /** Loads network and vocabulary. Throws AppError 21350 when the files are not there or are others. */
  static async load(files: WeightFiles): Promise<TextEmbedder> {
    const tokenizer = new WordPiece(await readFile(weightFile(files, MINILM_WEIGHT, 'vocab'), 'utf8'))
    const data = weightFile(files, MINILM_WEIGHT, 'data')
    const path = weightFile(files, MINILM_WEIGHT, 'model')
    return new TextEmbedder(await shareModel(path, () => OnnxModel.load(path, MINILM_SPEC, [data])), tokenizer)
  }

  /** One vector of length 1 per text, in order; rejects with the reason of `signal` once it is aborted. */
  async embed(texts: readonly string[], signal: AbortSignal): Promise<Float32Array[]> {
    const encoded = texts.map((text) => this.#tokenizer.encode(text.slice(0, TEXT_CHARS_MAX), TEXT_TOKENS_MAX))
    const vectors = new Array<Float32Array>(texts.length)
    for (const batch of batchesByLength(encoded)) {
      signal.throwIfAborted()
      const embedded = await embed(
        this.#model,
        batch.map((at) => encoded[at]!),
      )
      for (const [place, at] of batch.entries()) vectors[at] = embedded[place]!
    }
    return vectors
  }

  /** Frees the memory unless others still use it. */
  dispose(): Promise<void> {
    return this.#model.dispose()
  }
}

/** Indexes in batches of texts of like length, because a batch costs as much as its longest text each. */
export function batchesByLength(texts: readonly (readonly number[])[]): number[][] {
  const order = [...texts.keys()].sort((a, b) => texts[a]!.length - texts[b]!.length)
  const batches: number[][] = []
  for (const at of order) {
    const last = batches.at(-1)
    const shortest = last && texts[last[0]!]!.length
    const fits = last !== undefined && last.length < BATCH_MAX && texts[at]!.length <= shortest! * 1.5 + 4
    if (fits) last.push(at)
    else batches.push([at])
  }
  return batches
}

async function embed(model: Model, texts: readonly (readonly number[])[]): Promise<Float32Array[]> {
  const length = Math.max(...texts.map((ids) => ids.length))
  const dims = [texts.length, length]
  const [ids, mask] = [new BigInt64Array(texts.length * length), new BigInt64Array(texts.length * length)]
  for (const [row, text] of texts.entries()) {
    for (const [column, id] of text.entries()) {
      ids[row * length + column] = BigInt(id)
      mask[row * length + column] = 1n
    }
  }
  const { last_hidden_state: hidden } = await model.run({
    input_ids: int64Tensor(ids, dims),
    attention_mask: int64Tensor(mask, dims),
    token_type_ids: int64Tensor(new BigInt64Array(texts.length * length), dims),
  })
  return texts.map((text, row) => {
    const start = row * length * TEXT_EMBEDDING_SIZE
    return normalised(tokenMean(hidden!.data.subarray(start, start + text.length * TEXT_EMBEDDING_SIZE)))
  })
}

/** The mean of token vectors that lie one after the other. */
function tokenMean(tokens: Float32Array): Float32Array {
  const mean = new Float32Array(TEXT_EMBEDDING_SIZE)
  for (let at = 0; at < tokens.length; at++) mean[at % TEXT_EMBEDDING_SIZE]! += tokens[at]!
  return mean
}
