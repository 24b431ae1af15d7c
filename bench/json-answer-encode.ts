import { encodeJson } from '../src/contract/json/index.ts'
import { answerOf20 } from './kit/answer-of-20.ts'
import { fastest } from './kit/timing.ts'

/** Encoding an answer with 20 concepts to UTF-8, against JSON.stringify of the finished plain object. */
export function run() {
  const answer = answerOf20()
  const plain = JSON.parse(encodeJson(answer, 'camel'))
  const [ours, baseline] = fastest(50, 2000, [
    () => Buffer.from(encodeJson(answer, 'camel')),
    () => Buffer.from(JSON.stringify(plain)),
  ]).map((ms) => ms * 1000)
  return {
    name: 'JSON answer of 20 concepts, encode',
    ours,
    baseline,
    unit: 'us',
    ratio: ours! / baseline!,
    aim: '<= 2',
  }
}
