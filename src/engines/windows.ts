import { overlap } from './boxes.ts'

/** A box by its edges as shares of the picture. */
export interface Window {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
}

/** Sizes of windows as shares of the picture, with how many there are beside each other. */
const SCALES = [
  { size: 1, beside: 1 },
  { size: 0.75, beside: 2 },
  { size: 0.55, beside: 3 },
  { size: 0.4, beside: 5 },
  { size: 0.28, beside: 6 },
] as const

/** Windows are as high as they are wide (as shares of the picture), half as high, or half as wide. */
const SHAPES = [
  { height: 1, width: 1 },
  { height: 0.6, width: 1 },
  { height: 1, width: 0.6 },
] as const

/** The windows at which a window detector looks, from the whole picture to small ones. */
export const WINDOWS: readonly Window[] = SCALES.flatMap(({ size, beside }) =>
  SHAPES.flatMap(({ height, width }) => {
    // At finer scales other shapes would double the work for things that are hardly seen anyway.
    if (size < 0.5 && height !== width) return []
    return grid(size * height, size * width, beside)
  }),
)

function grid(height: number, width: number, beside: number): Window[] {
  const starts = (length: number): number[] => {
    // Smaller windows lie closer, so that each part of the picture is inside of one.
    const count = length >= 1 ? 1 : Math.max(beside, Math.ceil((1 - length) / (length * 0.6)) + 1)
    return Array.from({ length: count }, (_, at) => (count === 1 ? 0 : (at * (1 - length)) / (count - 1)))
  }
  return starts(height).flatMap((top) =>
    starts(width).map((left) => ({ top, left, bottom: top + height, right: left + width })),
  )
}

/** A window with how sure a head is that it shows the thing of a label. */
export interface ScoredWindow extends Window {
  readonly label: number
  readonly score: number
}

/** Windows of one label that overlap by this share speak of one thing, */
const SAME_THING = 0.3
/** and what overlaps a thing that was found by this share is none of its own. */
const COVERED = 0.2
/** Raises the surest windows above the others when their edges are averaged. */
const SURENESS_POWER = 6

/** Makes one box of all windows that speak of one thing: their edges are averaged, the surest count most; best first. */
export function fuse(windows: readonly ScoredWindow[], limit: number): ScoredWindow[] {
  const found: ScoredWindow[] = []
  for (const own of Map.groupBy(windows, ({ label }) => label).values()) {
    let left = own.sort((a, b) => b.score - a.score)
    while (left.length > 0) {
      const [best] = left
      const thing = average(
        left.filter((window) => overlap(window, best!) >= SAME_THING),
        best!,
      )
      found.push(thing)
      left = left.filter(
        (window) => window !== best && overlap(window, thing) < COVERED && overlap(window, best!) < COVERED,
      )
    }
  }
  return found.sort((a, b) => b.score - a.score).slice(0, limit)
}

function average(windows: readonly ScoredWindow[], best: ScoredWindow): ScoredWindow {
  const sums = { top: 0, left: 0, bottom: 0, right: 0 }
  let total = 0
  for (const window of windows) {
    const weight = window.score ** SURENESS_POWER
    total += weight
    for (const edge of ['top', 'left', 'bottom', 'right'] as const) sums[edge] += weight * window[edge]
  }
  const { top, left, bottom, right } = sums
  return { ...best, top: top / total, left: left / total, bottom: bottom / total, right: right / total }
}
