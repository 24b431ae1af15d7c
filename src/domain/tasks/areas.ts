import type { Point } from '../../contract/index.ts'
import { type Box, overlap } from '../../engines/boxes.ts'

/** A place that two people never draw alike. */
export type Area =
  | { readonly is: 'box'; readonly box: Box }
  | { readonly is: 'polygon'; readonly points: readonly Point[] }
  | { readonly is: 'point'; readonly point: Point }
  | { readonly is: 'time'; readonly begin: number; readonly end: number }

/** Lines across two polygons on which they are compared. */
const LINES = 64

/** What two areas share of what they cover together, from 0 to 1; 0 for areas of different kinds. */
export function sharedPart(a: Area, b: Area): number {
  if (a.is === 'box' && b.is === 'box') return overlap(a.box, b.box)
  if (a.is === 'time' && b.is === 'time') {
    const both = Math.max(0, Math.min(a.end, b.end) - Math.max(a.begin, b.begin))
    const all = Math.max(a.end, b.end) - Math.min(a.begin, b.begin)
    return all === 0 ? 1 : both / all
  }
  return a.is === 'polygon' && b.is === 'polygon' ? polygonOverlap(a.points, b.points) : 0
}

function polygonOverlap(a: readonly Point[], b: readonly Point[]): number {
  const [boxA, boxB] = [boxAround(a), boxAround(b)]
  if (overlap(boxA, boxB) === 0) return 0
  const top = Math.min(boxA.top, boxB.top)
  const height = Math.max(boxA.bottom, boxB.bottom) - top
  let [both, all] = [0, 0]
  for (let line = 0; line < LINES; line++) {
    const row = top + ((line + 0.5) / LINES) * height
    const [insideA, insideB] = [crossings(a, row), crossings(b, row)]
    const shared = sharedLength(insideA, insideB)
    both += shared
    all += sharedLength(insideA, insideA) + sharedLength(insideB, insideB) - shared
  }
  return all === 0 ? 0 : both / all
}

function boxAround(points: readonly Point[]): Box {
  let [top, left, bottom, right] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const { row, col } of points) {
    if (row < top) top = row
    if (row > bottom) bottom = row
    if (col < left) left = col
    if (col > right) right = col
  }
  return { top, left, bottom, right }
}

/** Where a line crosses the edges of a polygon, from left to right; it is inside from each odd one to the next. */
function crossings(points: readonly Point[], row: number): number[] {
  const found: number[] = []
  for (let at = 0, before = points.length - 1; at < points.length; before = at++) {
    const [p, q] = [points[at]!, points[before]!]
    if (p.row > row !== q.row > row) found.push(((q.col - p.col) * (row - p.row)) / (q.row - p.row) + p.col)
  }
  return found.sort((x, y) => x - y)
}

/** Length of a line that is inside both. */
function sharedLength(a: readonly number[], b: readonly number[]): number {
  let length = 0
  for (let [i, j] = [0, 0]; i + 1 < a.length && j + 1 < b.length; ) {
    length += Math.max(0, Math.min(a[i + 1]!, b[j + 1]!) - Math.max(a[i]!, b[j]!))
    if (a[i + 1]! < b[j + 1]!) i += 2
    else j += 2
  }
  return length
}
