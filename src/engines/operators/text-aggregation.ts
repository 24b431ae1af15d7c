import type { Region } from '../../contract/index.ts'
import { numberParam } from '../params.ts'
import { operator } from './operator.ts'
import { textData } from './texts.ts'

interface Word {
  readonly text: string
  readonly left: number
  readonly top: number
  readonly right: number
  readonly height: number
}

const MAX_FACTOR = 100

/**
 * Joins the texts of regions in reading order, by the top left corners of their boxes: words whose tops are closer
 * than `avg_word_height_window_factor` mean heights are a line, left to right with blanks between; lines follow from
 * top to bottom on new lines. Where words of a line are further apart than `avg_word_width_window_factor` mean widths
 * a tab keeps the columns apart. Regions without a box come last, as given.
 */
export const textAggregation = operator('text-aggregation-operator', ({ params }) => {
  const limits = { min: 0, max: MAX_FACTOR }
  const widthFactor = numberParam(params, 'avg_word_width_window_factor', { otherwise: 2, ...limits })
  const heightFactor = numberParam(params, 'avg_word_height_window_factor', { otherwise: 1, ...limits })
  return ({ data }) => {
    const words = data.regions.flatMap(wordOf)
    const maxGap = widthFactor * mean(words.map(({ left, right }) => right - left))
    const maxShift = heightFactor * mean(words.map(({ height }) => height))
    const lines = linesOf(words, maxShift).map((line) => joinLine(line, maxGap))
    const loose = data.regions.filter((region) => !region.regionInfo?.boundingBox).map(rawOf)
    return textData([...lines, ...loose].filter((line) => line !== '').join('\n'))
  }
})

const rawOf = (region: Region): string => region.data?.text?.raw.trim() ?? ''

function wordOf(region: Region): Word[] {
  const box = region.regionInfo?.boundingBox
  const text = rawOf(region)
  if (!box || text === '') return []
  return [{ text, left: box.leftCol, top: box.topRow, right: box.rightCol, height: box.bottomRow - box.topRow }]
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** Lines of words, top to bottom; a word belongs to the line whose mean top is near enough. */
function linesOf(words: readonly Word[], maxShift: number): Word[][] {
  const lines: { words: Word[]; top: number }[] = []
  for (const word of [...words].sort((a, b) => a.top - b.top || a.left - b.left)) {
    const line = lines.at(-1)
    if (line && Math.abs(word.top - line.top) < maxShift) {
      line.words.push(word)
      line.top += (word.top - line.top) / line.words.length
    } else {
      lines.push({ words: [word], top: word.top })
    }
  }
  return lines.map((line) => line.words.sort((a, b) => a.left - b.left))
}

function joinLine(line: readonly Word[], maxGap: number): string {
  let joined = ''
  for (const [place, word] of line.entries()) {
    if (place > 0) joined += word.left - line[place - 1]!.right > maxGap ? '\t' : ' '
    joined += word.text
  }
  return joined
}
