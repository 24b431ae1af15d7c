/**
 * Learns from a pronouncing dictionary how letters sound, for words that are in no dictionary.
 *
 * Letters and sounds of each word are aligned (each letter makes none, one or two sounds), then the table says for each
 * letter among its neighbours which sounds it makes. A window of neighbours is kept only where it says something else
 * than the next smaller one, so looking up the largest window that is there gives what all of them would.
 */

import { EDGE, WINDOWS, windowAt } from '../../base/letter-sounds.ts'

/** A word in small letters and its sounds in order. */
export interface Pronounced {
  readonly word: string
  readonly sounds: readonly string[]
}

const ROUNDS = 4
/** A letter with two sounds (the x of "box") is rarer than one with none or one. */
const TWO_SOUNDS = 0.1
/** Keeps what was never seen possible. */
const UNSEEN = 1e-6
/** Large windows that were seen once are chance. */
const SEEN_MIN = 2
const SMALL_WINDOWS = 5

type Chances = Map<string, Map<string, number>>

/** The sounds that each letter of a word makes, joined by blanks; undefined where there are more than letters can make. */
function align({ word, sounds }: Pronounced, chances: Chances): string[] | undefined {
  const [letters, count] = [word.length, sounds.length]
  if (count > 2 * letters) return undefined
  const width = count + 1
  const best = new Float64Array((letters + 1) * width).fill(Number.NEGATIVE_INFINITY)
  const taken = new Uint8Array((letters + 1) * width)
  best[0] = 0
  for (let at = 0; at < letters; at++) {
    const known = chances.get(word[at]!)
    for (let from = 0; from <= count; from++) {
      const sofar = best[at * width + from]!
      if (sofar === Number.NEGATIVE_INFINITY) continue
      for (let take = 0; take <= 2 && from + take <= count; take++) {
        const chance = known?.get(sounds.slice(from, from + take).join(' ')) ?? 0
        const score = sofar + Math.log((chance + UNSEEN) * (take === 2 ? TWO_SOUNDS : 1))
        const to = (at + 1) * width + from + take
        if (score <= best[to]!) continue
        best[to] = score
        taken[to] = take
      }
    }
  }
  if (best[letters * width + count] === Number.NEGATIVE_INFINITY) return undefined
  const parts: string[] = []
  for (let at = letters, left = count; at > 0; at--) {
    const take = taken[at * width + left]!
    parts.unshift(sounds.slice(left - take, left).join(' '))
    left -= take
  }
  return parts
}

function count(counts: Chances, key: string, value: string): void {
  const values = counts.get(key) ?? new Map<string, number>()
  values.set(value, (values.get(value) ?? 0) + 1)
  counts.set(key, values)
}

function shares(counts: Chances): Chances {
  for (const values of counts.values()) {
    const total = [...values.values()].reduce((sum, value) => sum + value, 0)
    for (const [key, value] of values) values.set(key, value / total)
  }
  return counts
}

/** What sounds letters make to begin with: those at about the same place of the word. */
function firstChances(words: readonly Pronounced[]): Chances {
  const counts: Chances = new Map()
  for (const { word, sounds } of words) {
    for (let at = 0; at < word.length; at++) {
      count(counts, word[at]!, sounds[Math.floor((at * sounds.length) / word.length)] ?? '')
      count(counts, word[at]!, '')
    }
  }
  return shares(counts)
}

const likeliest = (values: ReadonlyMap<string, number>): readonly [string, number] =>
  [...values].reduce((best, entry) => (entry[1] > best[1] ? entry : best))

/** Learns the table: sounds (joined by blanks, maybe none) by window. */
export function learnLetterSounds(words: readonly Pronounced[]): Map<string, string> {
  let chances = firstChances(words)
  let aligned: { word: string; parts: string[] }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const counts: Chances = new Map()
    aligned = words.flatMap((entry) => {
      const parts = align(entry, chances)
      return parts ? [{ word: entry.word, parts }] : []
    })
    for (const { word, parts } of aligned) for (const [at, part] of parts.entries()) count(counts, word[at]!, part)
    chances = shares(counts)
  }
  const table = new Map<string, string>()
  for (const [size, window] of WINDOWS.entries()) {
    const counts: Chances = new Map()
    for (const { word, parts } of aligned) {
      for (const [at, part] of parts.entries()) count(counts, windowAt(word, at, window, parts[at - 1] ?? EDGE), part)
    }
    for (const [key, values] of counts) {
      const [part, seen] = likeliest(values)
      if (size >= SMALL_WINDOWS && seen < SEEN_MIN) continue
      if (smallerSays(table, key, size) !== part) table.set(key, part)
    }
  }
  return table
}

/** What the largest window inside a window that is in the table says. */
function smallerSays(table: ReadonlyMap<string, string>, key: string, size: number): string | undefined {
  const start = key.indexOf('/') + 1
  const centre = start + WINDOWS[size]![0]
  for (let smaller = size - 1; smaller >= 0; smaller--) {
    const [left, right] = WINDOWS[smaller]!
    const inside = key.slice(centre - left, centre + 1 + right)
    const found = table.get(smaller === 0 ? inside : key.slice(0, start) + inside)
    if (found !== undefined) return found
  }
  return undefined
}
