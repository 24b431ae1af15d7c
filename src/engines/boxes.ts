/** A scored box of one class; edges in any unit, as long as all boxes use the same. */
export interface ScoredBox {
  readonly top: number
  readonly left: number
  readonly bottom: number
  readonly right: number
  readonly score: number
  readonly label: number
}

/** Where a box is. */
export type Box = Pick<ScoredBox, 'top' | 'left' | 'bottom' | 'right'>

/** Area shared by two boxes divided by the area covered by either, 0..1; 0 for boxes without area. */
export function overlap(a: Box, b: Box): number {
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left)
  if (height <= 0 || width <= 0) return 0
  const shared = height * width
  return shared / (area(a) + area(b) - shared)
}

/** Keeps the best box of every cluster of overlapping boxes of one label, best first, at most `limit` boxes. */
export function suppress<T extends ScoredBox>(boxes: readonly T[], overlapMax: number, limit: number): T[] {
  const kept: T[] = []
  for (const box of [...boxes].sort((a, b) => b.score - a.score)) {
    if (kept.length >= limit) break
    if (kept.every((other) => other.label !== box.label || overlap(other, box) < overlapMax)) kept.push(box)
  }
  return kept
}

/** Brings a value into 0..1; anything that is not a number becomes 0. */
export function unit(value: number): number {
  return value > 0 ? Math.min(1, value) : 0
}

function area(box: Box): number {
  return (box.bottom - box.top) * (box.right - box.left)
}
