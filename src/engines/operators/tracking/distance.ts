import { overlap } from '../../boxes.ts'
import { dot } from '../../vectors.ts'
import { type Edges, placeOf } from './detections.ts'

/** What two boxes are compared by. */
export interface Comparable {
  readonly box: Edges
  readonly embedding?: readonly number[] | undefined
}

/** How far two things are apart; 0 for the same, larger for less alike. */
export type Distance = (a: Comparable, b: Comparable) => number

/** Distance of the middles of two boxes, in shares of the picture's sides (0..1.42 inside of one picture). */
export function centroidDistance(a: Comparable, b: Comparable): number {
  const [from, to] = [placeOf(a.box), placeOf(b.box)]
  return Math.hypot(from.x - to.x, from.y - to.y)
}

/** 1 less the share of the covered area that both boxes cover (0..1). */
export const overlapDistance: Distance = (a, b) => 1 - overlap(a.box, b.box)

/** As overlapDistance, but boxes that do not touch differ by how far they are apart (0..1). */
export function distantOverlap(a: Comparable, b: Comparable): number {
  const height = Math.max(a.box.bottom, b.box.bottom) - Math.min(a.box.top, b.box.top)
  const width = Math.max(a.box.right, b.box.right) - Math.min(a.box.left, b.box.left)
  const diagonal = Math.hypot(width, height)
  const apart = diagonal > 0 ? (centroidDistance(a, b) / diagonal) ** 2 : 0
  return (overlapDistance(a, b) + apart) / 2
}

/** 1 less the cosine of two vectors (0..2); undefined when one is missing or they do not fit together. */
export function cosineDistance(a?: readonly number[], b?: readonly number[]): number | undefined {
  if (!a || !b || a.length !== b.length) return undefined
  const lengths = Math.sqrt(dot(a, a) * dot(b, b))
  return lengths > 0 ? 1 - dot(a, b) / lengths : 1
}

/** Mean of the overlap's and the vectors' distance; the overlap's alone where a vector is missing. */
export function visualAndOverlap(a: Comparable, b: Comparable): number {
  const visual = cosineDistance(a.embedding, b.embedding)
  return visual === undefined ? overlapDistance(a, b) : (visual + overlapDistance(a, b)) / 2
}

/** The vectors' distance; the overlap's where one is missing. */
export const visualDistance: Distance = (a, b) => cosineDistance(a.embedding, b.embedding) ?? overlapDistance(a, b)

/** Distances by the names that parameters give them. */
export const DISTANCES = {
  centroid_distance: centroidDistance,
  iou: overlapDistance,
  diou: distantOverlap,
  visual_distance: visualDistance,
  visual_and_iou: visualAndOverlap,
} satisfies Record<string, Distance>
