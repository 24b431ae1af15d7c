import { type ScoredBox, suppress } from '../boxes.ts'
import { softmax } from '../vectors.ts'

/** Side of the square that the network sees, in pixels. */
export const SIDE_PX = 416
/** Sides of the cells of its three grids, in pixels. */
export const STRIDES = [8, 16, 32] as const
/** Classes told apart, in the order of the COCO categories without gaps. */
export const CLASSES = 80
/** The distance of each edge is a distribution over 0 to 10 cells. */
export const BINS = 11

/** Boxes of one class that overlap by this share are one. */
const OVERLAP_MAX = 0.6

/** The answer of the network for the grid of one stride. */
export interface Grid {
  readonly stride: number
  readonly scores: ArrayLike<number>
  readonly edges: ArrayLike<number>
}

/** Boxes as shares of the picture with the class as label, best first. */
export function decodeBoxes(grids: readonly Grid[], scoreMin: number, limit: number): ScoredBox[] {
  return suppress(
    grids.flatMap((grid) => [...boxesOf(grid, scoreMin)]),
    OVERLAP_MAX,
    limit,
  )
}

function* boxesOf({ stride, scores, edges }: Grid, scoreMin: number): Generator<ScoredBox> {
  const columns = SIDE_PX / stride
  for (let cell = 0; cell < columns * columns; cell++) {
    for (let label = 0; label < CLASSES; label++) {
      const score = scores[cell * CLASSES + label]!
      if (score < scoreMin) continue
      const distance = (edge: number): number => stride * expected(edges, (4 * cell + edge) * BINS)
      const x = ((cell % columns) + 0.5) * stride
      const y = (Math.floor(cell / columns) + 0.5) * stride
      yield {
        left: (x - distance(0)) / SIDE_PX,
        top: (y - distance(1)) / SIDE_PX,
        right: (x + distance(2)) / SIDE_PX,
        bottom: (y + distance(3)) / SIDE_PX,
        score,
        label,
      }
    }
  }
}

/** The expected value of a distribution over cells, given as logits. */
function expected(logits: ArrayLike<number>, start: number): number {
  const shares = softmax(Array.from({ length: BINS }, (_, bin) => logits[start + bin]!))
  return shares.reduce((sum, share, bin) => sum + share * bin, 0)
}
