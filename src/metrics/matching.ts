import { overlap } from '../engines/boxes.ts'

/** A box with the concept that it is said to show, by its place in a list; edges in any one unit. */
export interface TrueBox {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
  readonly concept: number
}

/** A box that a model has found. */
export interface FoundBox extends TrueBox {
  readonly score: number
}

/** Lowest overlaps (IoU) at which a found box counts as right, as COCO has them: 0.5, 0.55 and so on up to 0.95. */
export const IOU_THRESHOLDS: readonly number[] = Array.from({ length: 10 }, (_, at) => 0.5 + at * ((0.95 - 0.5) / 9))

/** Ranges of areas in square pixels as COCO has them, both ends included. */
export const AREAS: readonly { readonly name: string; readonly min: number; readonly max: number }[] = [
  { name: 'all', min: 0, max: 1e10 },
  { name: 'small', min: 0, max: 32 ** 2 },
  { name: 'medium', min: 32 ** 2, max: 96 ** 2 },
  { name: 'large', min: 96 ** 2, max: 1e10 },
]

/** What became of a found box in one range of areas; a bit for each overlap threshold. */
export interface Match {
  readonly score: number
  /** Bits 0 to 9: it hit a true box; bits 10 to 19: it does not count. */
  readonly flags: readonly number[]
}

/** All found boxes of one concept in one picture, and the numbers of true boxes that count in each range of areas. */
export interface Matched {
  readonly found: readonly Match[]
  readonly truths: readonly number[]
}

const area = ({ top, left, bottom, right }: TrueBox): number => (bottom - top) * (right - left)

/**
 * Pairs the found boxes of one concept in one picture with the true ones, as COCO's evaluation does: the found one with
 * the highest score chooses first, and takes the true box that it overlaps most among those that are left; true boxes
 * outside the range of areas are taken only when no other is there, and count neither for nor against.
 *
 * Boxes are in pixels. Where the size of the picture is not known (`sized` false), only the range of all areas counts.
 */
export function matchBoxes(
  truths: readonly TrueBox[],
  found: readonly FoundBox[],
  most: number,
  sized = true,
): Matched {
  const best = found.toSorted((a, b) => b.score - a.score).slice(0, most)
  const overlaps = best.map((box) => truths.map((truth) => overlap(box, truth)))
  const flags = best.map(() => AREAS.map(() => 0))
  const counts = AREAS.map((range, at) => {
    const outside = (box: TrueBox): boolean => {
      if (!sized) return at > 0
      const size = area(box)
      return size < range.min || size > range.max
    }
    const ignored = truths.map(outside)
    // Those that count come first; the order within stays.
    const order = truths.map((_, truth) => truth).sort((a, b) => Number(ignored[a]) - Number(ignored[b]))
    for (const [step, threshold] of IOU_THRESHOLDS.entries()) {
      const taken = new Set<number>()
      for (const [which, box] of best.entries()) {
        const truth = choose(overlaps[which]!, order, ignored, taken, threshold)
        if (truth !== undefined) taken.add(truth)
        const hit = truth !== undefined
        const off = hit ? ignored[truth]! : outside(box)
        flags[which]![at]! |= (hit ? 1 << step : 0) | (off ? 1 << (step + IOU_THRESHOLDS.length) : 0)
      }
    }
    return ignored.filter((off) => !off).length
  })
  return { found: best.map(({ score }, which) => ({ score, flags: flags[which]! })), truths: counts }
}

function choose(
  overlaps: readonly number[],
  order: readonly number[],
  ignored: readonly boolean[],
  taken: ReadonlySet<number>,
  threshold: number,
): number | undefined {
  let most = Math.min(threshold, 1 - 1e-10)
  let chosen: number | undefined
  for (const truth of order) {
    if (taken.has(truth)) continue
    // One that counts was found, and from here on none does.
    if (chosen !== undefined && !ignored[chosen] && ignored[truth]) break
    if (overlaps[truth]! < most) continue
    most = overlaps[truth]!
    chosen = truth
  }
  return chosen
}
