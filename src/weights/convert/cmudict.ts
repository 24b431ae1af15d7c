/** Turns the CMU Pronouncing Dictionary into what speaking needs: its words, and how letters sound in other words. */
import { learnLetterSounds, type Pronounced } from './letter-sounds.ts'

const LINE = /^([A-Z'.]+) {2}(\S.*)$/
/** Words with dots are names of letters, others are learned from. */
const LEARNABLE = /^'?[a-z]+(?:'[a-z]+)*'?$/

/** The files `words` and `letters`; of a word with several pronunciations the first counts. Throws when it is no such file. */
export function convertCmudict(text: string): { words: Buffer; letters: Buffer } {
  const entries: Pronounced[] = []
  for (const line of text.split(/\r?\n/)) {
    const [, word, sounds] = LINE.exec(line) ?? []
    if (word && sounds) entries.push({ word: word.toLowerCase(), sounds: sounds.trim().split(/\s+/) })
  }
  if (entries.length === 0) throw new Error('the dictionary has no words')
  const letters = learnLetterSounds(entries.filter(({ word }) => LEARNABLE.test(word)))
  return {
    words: Buffer.from(entries.map(({ word, sounds }) => `${word} ${sounds.join(' ')}\n`).join('')),
    letters: Buffer.from(JSON.stringify([...letters])),
  }
}
