/* Speaking: what is said is written down again by another model, which hears English well. */

import { soundsOf } from '../../src/base/letter-sounds.ts'
import { learnLetterSounds, type Pronounced } from '../../src/weights/convert/letter-sounds.ts'
import { sourceFiles } from '../../test/kit/weights/source-files.ts'
import type { Result } from '../kit/result.ts'
import { ask, text } from './ask.ts'
import { distance, words } from './score.ts'
import { PAIRS } from './sentences.ts'

const SPOKEN_SENTENCES = 20
/** Every so many words of the dictionary are kept back to be guessed. */
const KEPT_BACK = 20

async function roundTrip(): Promise<Result> {
  const all = [...PAIRS.map(([first]) => first), ...PAIRS.map(([, second]) => second)]
  const sentences = [...new Set(all)].slice(0, SPOKEN_SENTENCES)
  const spoken = await ask('kokoro', sentences.map(text))
  const heard = await ask(
    'whisper',
    spoken.map(({ audio }) => ({ audio: { base64: audio!.base64 } })),
  )
  const truth = sentences.map(words)
  const wrong = heard.map(({ text }, at) => distance(truth[at]!, words(text!.raw)))
  const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0)
  return {
    name: 'kokoro: wrong words, as whisper writes them down',
    ours: sum(wrong) / sum(truth.map(({ length }) => length)),
    unit: 'share',
    note: `${sentences.length} sentences of our own, ${sum(truth.map(({ length }) => length))} words; whisper is to blame for some`,
  }
}

/** How many words the table of letters gets right when it has not seen them. */
async function unknownWords(): Promise<Result> {
  const read = await sourceFiles('cmudict')
  const all = (await read('data/dict.txt'))
    .toString('latin1')
    .split(/\r?\n/)
    .flatMap((line): Pronounced[] => {
      const [, word, sounds] = /^([A-Z]+) {2}(\S.*)$/.exec(line) ?? []
      return word && sounds ? [{ word: word.toLowerCase(), sounds: sounds.trim().split(' ') }] : []
    })
  const isKept = (at: number): boolean => at % KEPT_BACK === 0
  const table = learnLetterSounds(all.filter((_, at) => !isKept(at)))
  const kept = all.filter((_, at) => isKept(at))
  const plain = (sounds: readonly string[]): string => sounds.join(' ').replace(/\d/g, '')
  const right = kept.filter(({ word, sounds }) => plain(soundsOf(table, word)) === plain(sounds)).length
  return {
    name: 'kokoro: words in no dictionary whose sounds are guessed right',
    ours: right / kept.length,
    unit: 'share',
    note: `${kept.length} words kept back of CMUdict, many of them names; stress not counted`,
  }
}

/** Figures of the model that speaks. */
export const speakingFigures = async (): Promise<Result[]> => [await roundTrip(), await unknownWords()]
