import { MultiOutputResponseSchema } from '../src/contract/index.ts'
import { decodeRequest, encodeJson } from '../src/contract/json/index.ts'
import { answerOf20 } from './kit/answer-of-20.ts'
import { fastest } from './kit/timing.ts'

/** Decoding a text with 20 concepts into messages, against JSON.parse alone. */
export function run() {
  const text = encodeJson(answerOf20(), 'camel')
  const [ours, baseline] = fastest(50, 2000, [
    () => decodeRequest(MultiOutputResponseSchema, text),
    () => JSON.parse(text),
  ]).map((ms) => ms * 1000)
  return {
    name: 'JSON text of 20 concepts, decode',
    ours,
    baseline,
    unit: 'us',
    ratio: ours! / baseline!,
    aim: '<= 2.5',
  }
}
