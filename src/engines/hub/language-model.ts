import { create } from '@bufbuild/protobuf'
import { Tensor } from 'onnxruntime-node'
import { AppError } from '../../base/errors.ts'
import { DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, textOf } from '../kit.ts'
import { countParam, numberParam, textParam } from '../params.ts'
import { OpenModel } from './open-model.ts'
import { type Sampling, sample } from './sampling.ts'
import { TextTokenizer } from './tokenizer.ts'

/** Tokens of question and answer together. */
const CONTEXT_TOKENS_MAX = 4_096
/** Tokens of the question that are read at once: the answer to each takes memory for the whole vocabulary. */
const CHUNK_TOKENS = 64
const SYSTEM_CHARS_MAX = 8_192
const DEFAULT_SYSTEM = 'You are a helpful assistant.'

/** What frames the parts of a talk in models of the ChatML form; it must not come from outside. */
const START = '<|im_start|>'
const END = '<|im_end|>'
const STOPS = [END, '<|endoftext|>']

const plainText = (text: string): string => text.replaceAll(START, ' ').replaceAll(END, ' ')
const turn = (role: string, text: string): string => `${START}${role}\n${plainText(text)}${END}\n`

type Memory = Readonly<Record<string, Tensor>>

/** A language model with what it remembers of one talk. */
class Talk {
  readonly #model: OpenModel
  readonly #names: readonly string[]
  #memory: Memory
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

  /** Reads tokens and answers the logits of what may follow the last. */
  async read(ids: readonly number[]): Promise<Float32Array> {
    const [length, all] = [ids.length, this.#seen + ids.length]
    const integers = (values: readonly number[]): Tensor =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length])
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
    const { data, dims } = answers.logits!
    const vocabulary = dims.at(-1)!
    return (data as Float32Array).slice((length - 1) * vocabulary, length * vocabulary)
  }
}

/** Answers a text with a text, by a small language model of the ChatML form: text -> text. */
function languageModel(engine: string, weight: string): Engine {
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const tokenizer = await TextTokenizer.load(files, weight)
      const model = await OpenModel.load(files, weight, 'model')
      model.outputNamed('logits')
      const stops = new Set(STOPS.map((token) => tokenizer.idOf(token)).filter((id) => id !== undefined))
      return {
        bytes: model.bytes + tokenizer.bytes,
        dispose: () => model.dispose(),
        infer: (items, { params }) => {
          const sampling: Sampling = {
            temperature: numberParam(params, 'temperature', { otherwise: 0.7, min: 0, max: 2 }),
            topP: numberParam(params, 'top_p', { otherwise: 0.95, min: 0, max: 1 }),
          }
          const most = countParam(params, 'max_tokens', { otherwise: 512, min: 1, max: CONTEXT_TOKENS_MAX })
          const system = textParam(params, 'system_prompt', { otherwise: '', max: SYSTEM_CHARS_MAX }) || DEFAULT_SYSTEM
          return eachItem(items, async (item) => {
            const prompt = `${turn('system', system)}${turn('user', textOf(item))}${START}assistant\n`
            const ids = tokenizer.plain(prompt)
            if (ids.length >= CONTEXT_TOKENS_MAX) {
              throw new AppError(
                StatusCode.INPUT_UNSUPPORTED_FORMAT,
                `The text has ${ids.length} tokens; shorten it to less than ${CONTEXT_TOKENS_MAX}.`,
              )
            }
            const talk = new Talk(model)
            let logits: Float32Array = new Float32Array(0)
            for (let at = 0; at < ids.length; at += CHUNK_TOKENS) {
              item.scope.signal.throwIfAborted()
              logits = await talk.read(ids.slice(at, at + CHUNK_TOKENS))
            }
            const answer: number[] = []
            const room = Math.min(most, CONTEXT_TOKENS_MAX - ids.length)
            while (answer.length < room) {
              item.scope.signal.throwIfAborted()
              const next = sample(logits, sampling, Math.random())
              if (stops.has(next)) break
              answer.push(next)
              if (answer.length < room) logits = await talk.read([next])
            }
            return create(DataSchema, { text: { raw: tokenizer.decode(answer).trim() } })
          })
        },
      }
    },
  }
}

export const qwenInstruct = languageModel('qwen2-5-0-5b', 'qwen2-5-0-5b-instruct')
export const smolInstruct = languageModel('smollm2-360m', 'smollm2-360m-instruct')
