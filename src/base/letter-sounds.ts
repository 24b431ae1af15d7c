/**
 * How letters sound among their neighbours, by a table that was learned from a dictionary (weights/convert): sounds by
 * windows of letters, where the largest window that the table has says most.
 */

/** How many letters before and after another one count. */
export type Window = readonly [left: number, right: number]

/** Neighbours to the left and to the right that a window takes in, from the smallest window to the largest. */
export const WINDOWS: readonly Window[] = [
  [0, 0],
  [0, 1],
  [1, 1],
  [1, 2],
  [2, 2],
  [2, 3],
  [3, 3],
  [3, 4],
  [4, 4],
]
/** Stands for what is beyond the ends of a word. */
export const EDGE = '#'
const EDGES = EDGE.repeat(4)

/**
 * The window of a size around the letter `at` of a word, and what the letter before it sounds like, as a key: letters of
 * one word must agree on which of them makes a sound that they make together.
 */
export function windowAt(word: string, at: number, [left, right]: Window, before: string): string {
  const padded = EDGES + word + EDGES
  const here = at + EDGES.length
  const window = `${padded.slice(here - left, here)}${padded[here]!.toUpperCase()}${padded.slice(here + 1, here + 1 + right)}`
  return left + right === 0 ? window : `${before}/${window}`
}

/** The sounds of a word by the table, letter by letter; letters that the table does not know make none. */
export function soundsOf(table: ReadonlyMap<string, string>, word: string): string[] {
  const sounds: string[] = []
  let before = EDGE
  for (let at = 0; at < word.length; at++) {
    const window = WINDOWS.findLast((size) => table.has(windowAt(word, at, size, before)))
    before = (window && table.get(windowAt(word, at, window, before))) ?? ''
    if (before !== '') sounds.push(...before.split(' '))
  }
  return sounds
}
