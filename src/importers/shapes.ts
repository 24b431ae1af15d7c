import { create } from '@bufbuild/protobuf'
import {
  type Concept,
  type Data,
  type Point,
  Point_Visibility,
  PointSchema,
  type RegionInfo,
  RegionInfoSchema,
} from '../contract/index.ts'
import { dataOf } from './item.ts'

/** Width and height that places are measured in: pixels, percents, or 1 for shares. */
export interface Extent {
  readonly width: number
  readonly height: number
}

/** Tools count to the last pixel or beyond; what lies a little outside is moved to the edge. */
const share = (value: number, of: number): number => Math.min(1, Math.max(0, value / of))

const isGood = ({ width, height }: Extent): boolean => width > 0 && height > 0

/** A box by two corners; undefined for one that covers nothing of the picture. */
export function boxOf(
  left: number,
  top: number,
  right: number,
  bottom: number,
  extent: Extent,
): RegionInfo | undefined {
  const [leftCol, rightCol] = [share(left, extent.width), share(right, extent.width)]
  const [topRow, bottomRow] = [share(top, extent.height), share(bottom, extent.height)]
  const covers = Math.fround(leftCol) < Math.fround(rightCol) && Math.fround(topRow) < Math.fround(bottomRow)
  if (!isGood(extent) || !covers) return undefined
  return create(RegionInfoSchema, { boundingBox: { topRow, leftCol, bottomRow, rightCol } })
}

/** A polygon by x and y in turns; undefined for one with fewer than three corners. */
export function polygonOf(line: readonly number[], extent: Extent): RegionInfo | undefined {
  const points: Point[] = []
  for (let at = 0; at + 1 < line.length; at += 2) points.push(pointAt(line[at]!, line[at + 1]!, extent))
  if (!isGood(extent) || points.length < 3 || !points.every(isFinitePoint)) return undefined
  return create(RegionInfoSchema, { polygon: { points } })
}

const isFinitePoint = ({ row, col }: Point): boolean => Number.isFinite(row) && Number.isFinite(col)

const pointAt = (x: number, y: number, { width, height }: Extent): Point =>
  create(PointSchema, { row: share(y, height), col: share(x, width) })

/** A single point. */
export const pointOf = (x: number, y: number, extent: Extent): RegionInfo =>
  create(RegionInfoSchema, { point: pointAt(x, y, extent) })

/** Keypoints by x, y and v in turns (v: 0 not there, 1 hidden, 2 seen), beside a box if there is one. */
export function keypointsOf(
  triples: readonly number[],
  extent: Extent,
  box: RegionInfo | undefined,
): RegionInfo | undefined {
  const points: Point[] = []
  for (let at = 0; at + 2 < triples.length; at += 3) {
    const [x, y, v] = [triples[at]!, triples[at + 1]!, triples[at + 2]!]
    const visibility =
      v === 0 ? Point_Visibility.NOT_PRESENT : v === 1 ? Point_Visibility.NOT_VISIBLE : Point_Visibility.VISIBLE
    points.push(create(PointSchema, { ...pointAt(x, y, extent), visibility }))
  }
  if (!isGood(extent) || points.length === 0) return box
  return create(RegionInfoSchema, { ...box, keypointLocations: points })
}

/** An annotation of a region with its labels. */
export const regionData = (regionInfo: RegionInfo, concepts: readonly Concept[], trackId = ''): Data =>
  dataOf({ regions: [{ regionInfo, trackId, data: dataOf({ concepts: [...concepts] }) }] })
