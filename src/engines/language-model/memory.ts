import { Tensor } from 'onnxruntime-node'
import type { OpenModel } from '../hub/open-model.ts'

/** Tokens that are read at once: the answer to each may take memory for the whole vocabulary. */
const CHUNK_TOKENS = 64

const integers = (values: readonly number[]): Tensor =>
  new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])

/** A language model with what it remembers of one talk. */
export class TalkMemory {
  readonly #model: OpenModel
  readonly #names: readonly string[]
  #memory: Readonly<Record<string, Tensor>>
  #seen = 0

  constructor(model: OpenModel) {
    this.#model = model
    this.#names = model.inputs.filter((name) => name.startsWith('past_key_values.'))
    this.#memory = Object.fromEntries(
      this.#names.map((name) => {
        const [, heads, , size] = model.shapeOf(name) as [unknown, number, unknown, number]
        return [name, new Tensor('float32', new Float32Array(0), [1, heads, 0, size])]
      }),
    )
  }

  /** Reads tokens and answers the logits of what may follow the last. Rejects with the reason of an aborted signal. */
  async read(ids: readonly number[], signal: AbortSignal): Promise<Float32Array> {
    let logits = new Float32Array(0)
    for (let at = 0; at < ids.length; at += CHUNK_TOKENS) {
      signal.throwIfAborted()
      logits = await this.#readChunk(ids.slice(at, at + CHUNK_TOKENS))
    }
    return logits
  }

  async #readChunk(ids: readonly number[]): Promise<Float32Array<ArrayBuffer>> {
    const all = this.#seen + ids.length
    const presents = this.#names.map((name) => name.replace('past_key_values', 'present'))
    const answers = await this.#model.tensors(
      {
        input_ids: integers(ids),
        attention_mask: integers(new Array<number>(all).fill(1)),
        position_ids: integers(ids.map((_, at) => this.#seen + at)),
        ...this.#memory,
      },
      ['logits', ...presents],
    )
    this.#memory = Object.fromEntries(this.#names.map((name, at) => [name, answers[presents[at]!]!]))
    this.#seen = all
    // Some models score what follows each token, others only what follows the last.
    const { data, dims } = answers.logits!
    return (data as Float32Array<ArrayBuffer>).slice(-dims.at(-1)!)
  }
}
