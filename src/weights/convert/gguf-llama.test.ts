import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Tokenizer } from '@huggingface/tokenizers'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { TinyLlama, TOKENS } from '../../../test/kit/weights/tiny-llama.ts'
import { readGguf } from './gguf.ts'
import { convertLlama } from './gguf-llama.ts'

const DATA = 'net.data'

describe('Llama networks out of GGUF files', () => {
  const llama = new TinyLlama()
  let folder: string
  let session: InferenceSession

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'limpid-llama-'))
    const { model, data } = convertLlama(readGguf(llama.file()), undefined, DATA, { source: 'a test' })
    await writeFile(join(folder, 'net.onnx'), model)
    await writeFile(join(folder, DATA), data)
    session = await InferenceSession.create(join(folder, 'net.onnx'), { intraOpNumThreads: 1 })
  })
  after(async () => {
    await session.release()
    await rm(folder, { recursive: true })
  })

  const integers = (values: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])

  /** Scores after some tokens that are read piece by piece. */
  async function read(...pieces: readonly number[][]): Promise<number[]> {
    let memory: Record<string, Tensor> = Object.fromEntries(
      [0, 1].flatMap((layer) =>
        ['key', 'value'].map((kind) => [
          `past_key_values.${layer}.${kind}`,
          new Tensor('float32', new Float32Array(0), [1, 2, 0, 16]),
        ]),
      ),
    )
    let seen = 0
    let logits: number[] = []
    for (const ids of pieces) {
      seen += ids.length
      const feeds = { input_ids: integers(ids), attention_mask: integers(new Array(seen).fill(1)), ...memory }
      const answer = await session.run(feeds)
      memory = Object.fromEntries(
        Object.keys(memory).map((name) => [name, answer[name.replace('past_key_values', 'present')]!]),
      )
      logits = Array.from(answer.logits!.data as Float32Array)
    }
    return logits
  }

  it('answer what they should, read at once or piece by piece', async () => {
    const ids = [1, 4, 7, 5, 8, 9, 6, 3, 2, 4, 4, 6]
    const wanted = llama.logits(ids)
    const size = (values: readonly number[]): number => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0))
    for (const pieces of [[ids], [ids.slice(0, 5), ids.slice(5)], ids.map((id) => [id])]) {
      const found = await read(...pieces)
      assert.equal(found.length, TOKENS.length)
      // The weights are exact in 8 bits, but what is multiplied by them is rounded to 8 bits as well.
      const error = size(found.map((value, at) => value - wanted[at]!)) / size(wanted)
      assert.ok(error < 0.05, `off by ${error}`)
    }
  })

  it('bring their tokenizer: pieces are joined by score, what is special stays whole', () => {
    const { tokenizer, tokenizerConfig } = convertLlama(readGguf(llama.file()), undefined, DATA)
    const words = new Tokenizer(JSON.parse(tokenizer.toString()), JSON.parse(tokenizerConfig.toString()))
    const ids = (text: string) => words.encode(text, { add_special_tokens: false }).ids
    assert.deepEqual(ids('ab'), [7], '▁ and ab, which are joined at last')
    assert.deepEqual(ids('ac a'), [9, 8, 9])
    assert.deepEqual(ids('<s>ab</s>'), [1, 7, 2])
    assert.equal(words.decode([7, 9, 8], { skip_special_tokens: true }), 'ab ac')
  })

  it('are refused when they are something else, or not whole', () => {
    const convert = (header: Parameters<TinyLlama['file']>[0]) =>
      convertLlama(readGguf(llama.file(header)), undefined, DATA)
    assert.throws(() => convert({ 'general.architecture': 'gpt2' }), /architecture is gpt2/)
    assert.throws(() => convert({ 'llama.block_count': 0 }), /llama.block_count/)
    assert.throws(() => convert({ 'llama.block_count': 3 }), /no tensor blk.2/)
    assert.throws(() => convert({ 'llama.embedding_length': 2 ** 30 }), /do not fit together/)
    assert.throws(() => convert({ 'llama.attention.head_count': 5 }), /do not fit together/)
    assert.throws(() => convert({ 'tokenizer.ggml.model': 'gpt2' }), /tokenizer is of the kind gpt2/)
    assert.throws(() => convert({ 'tokenizer.ggml.scores': { floats: [1] } }), /tokens are not whole/)
    const whole = llama.file()
    assert.throws(() => convertLlama(readGguf(whole.subarray(0, whole.length - 4_000)), undefined, DATA), /ends inside/)
  })
})
