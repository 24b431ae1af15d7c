import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Engine, EngineItem, LoadedEngine } from '../engine.ts'
import { OpenModel } from '../hub/open-model.ts'
import { TextTokenizer } from '../hub/tokenizer.ts'
import { eachItem, textOf } from '../kit.ts'
import { AnswerText } from './answer-text.ts'
import { CHAT_ML, promptOf, type TalkForm, type Turn, ZEPHYR } from './forms.ts'
import { TalkMemory } from './memory.ts'
import { sample } from './sampling.ts'
import { type AnswerSettings, answerSettings } from './settings.ts'

/** A network with its tokenizer, ready to talk. */
interface Talker {
  readonly model: OpenModel
  readonly tokenizer: TextTokenizer
  readonly form: TalkForm
  readonly ends: ReadonlySet<number>
}

/**
 * Answers a text with a text, by a small language model: text -> text, and in the metadata why it ended (`stop` or
 * `length`) and how many tokens were read and written. The parameter `messages` holds a whole talk instead of one text.
 * Where the caller listens, pieces of the answer are handed on as they are written.
 */
function languageModel(engine: string, weight: string, form: TalkForm): Engine {
  return {
    name: engine,
    weights: [weight],
    async load(files): Promise<LoadedEngine> {
      const tokenizer = await TextTokenizer.load(files, weight)
      const model = await OpenModel.load(files, weight, 'model')
      model.outputNamed('logits')
      const ends = new Set(form.ends.map((token) => tokenizer.idOf(token)).filter((id) => id !== undefined))
      const talker = { model, tokenizer, form, ends }
      return {
        bytes: model.bytes + tokenizer.bytes,
        dispose: () => model.dispose(),
        async infer(items, { params }) {
          const settings = answerSettings(params)
          return eachItem(items, (item) => answer(talker, item, settings))
        },
      }
    },
  }
}

async function answer(talker: Talker, item: EngineItem, settings: AnswerSettings): Promise<Data> {
  const { model, tokenizer, form, ends } = talker
  const { signal } = item.scope
  const ids = tokenizer.plain(promptOf(form, turnsOf(item, settings)))
  if (ids.length >= form.contextTokens) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      `The text has ${ids.length} tokens; shorten it to less than ${form.contextTokens}.`,
    )
  }
  const memory = new TalkMemory(model)
  const text = new AnswerText(settings.stops, item.scope.onText)
  const written: number[] = []
  const room = Math.min(settings.maxTokens, form.contextTokens - ids.length)
  let logits = await memory.read(ids, signal)
  let reason = 'length'
  while (written.length < room) {
    const next = sample(logits, settings.sampling, settings.random())
    if (ends.has(next)) {
      reason = 'stop'
      break
    }
    written.push(next)
    if (text.write(tokenizer.decode(written))) {
      reason = 'stop'
      break
    }
    if (written.length < room) logits = await memory.read([next], signal)
  }
  text.finish()
  return create(DataSchema, {
    text: { raw: text.text },
    metadata: { finish_reason: reason, prompt_tokens: ids.length, completion_tokens: written.length },
  })
}

/** The talk that is to be answered: that of the parameters, or what the input says. */
function turnsOf(item: EngineItem, { system, turns }: AnswerSettings): readonly Turn[] {
  const said: readonly Turn[] = turns.length > 0 ? turns : [{ role: 'user', content: textOf(item) }]
  return system === '' ? said : [{ role: 'system', content: system }, ...said]
}

export const qwenInstruct = languageModel('qwen2-5-0-5b', 'qwen2-5-0-5b-instruct', CHAT_ML)
export const smolInstruct = languageModel('smollm2-360m', 'smollm2-360m-instruct', CHAT_ML)
export const tinyLlamaChat = languageModel('tinyllama-1-1b', 'tinyllama-1-1b-chat', ZEPHYR)
