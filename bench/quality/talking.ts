/* A language model that talks: questions of our own whose answer is one word. */

import { PLAIN } from '../../src/engines/test-weights.ts'
import type { Result } from '../kit/result.ts'
import { ask, text } from './ask.ts'

/** Questions and the word that must stand in the answer. */
const QUESTIONS: readonly (readonly [string, RegExp])[] = [
  ['What is the capital of France?', /paris/i],
  ['What is the capital of Italy?', /rome/i],
  ['What colour is the sky on a clear day?', /blue/i],
  ['How many legs does a dog have?', /four|4/i],
  ['Which animal says meow?', /cat/i],
  ['What is frozen water called?', /ice/i],
  ['Which planet do we live on?', /earth/i],
  ['What is the opposite of hot?', /cold/i],
  ['How many days does a week have?', /seven|7/i],
  ['Which season comes after winter?', /spring/i],
  ['What do bees make?', /honey/i],
  ['What is two plus two?', /four|4/i],
]
/** Enough for a sentence. */
const TOKENS = 24

/** Figures of the language model that is built in. */
export async function talkingFigures(): Promise<Result[]> {
  const setup = { ...PLAIN, params: { temperature: 0, max_tokens: TOKENS } }
  const answers = await ask(
    'tinyllama-1-1b',
    QUESTIONS.map(([question]) => text(question)),
    setup,
  )
  const right = answers.filter((answer, at) => QUESTIONS[at]![1].test(answer.text!.raw)).length
  return [
    {
      name: 'tinyllama-1-1b: simple questions answered right',
      ours: right / QUESTIONS.length,
      unit: 'share',
      note: `${QUESTIONS.length} questions of our own, the right word within ${TOKENS} tokens`,
    },
  ]
}
