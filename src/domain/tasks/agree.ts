import type { BoundingBox, Data, Point, Region, RegionInfo } from '../../contract/index.ts'

/** What one labeler says in an annotation: a concept of a place, or a text. */
export interface Statement {
  readonly worker: string
  /** Of the annotation, as the caller knows it. */
  readonly annotation: number
  /** Statements with different keys never agree. */
  readonly key: string
  readonly area?: Area
}

/** A place that two people never draw alike. */
type Area =
  | { readonly is: 'box'; readonly box: BoundingBox }
  | { readonly is: 'polygon'; readonly points: readonly Point[] }
  | { readonly is: 'point'; readonly point: Point }
  | { readonly is: 'time'; readonly begin: number; readonly end: number }

/** Boxes, polygons and spans of time agree from this part of what they cover together on. */
const OVERLAP_MIN = 0.5
/** Points agree up to this distance, in parts of the picture. */
const DISTANCE_MAX = 0.02
/** Cells on each side by which the areas of polygons are compared. */
const CELLS = 64

/** All that an annotation says, each concept by itself; nothing where it is empty. */
export function statementsOf(worker: string, annotation: number, data: Data | undefined): Statement[] {
  return data ? [...read(data, '')].map((said) => ({ worker, annotation, ...said })) : []
}

type Said = Pick<Statement, 'key' | 'area'>

function* read(data: Data, at: string): Generator<Said> {
  for (const { id, value } of data.concepts) yield { key: `${at} ${value > 0 ? 'is' : 'is not'} ${id}` }
  const text = data.text?.raw.trim()
  if (text) yield { key: `${at} says ${text}` }
  for (const region of data.regions) yield* readRegion(region, at)
  for (const { frameInfo, data: part } of data.frames) {
    if (part) yield* read(part, `${at} frame ${frameInfo?.time || `#${frameInfo?.number}`}`)
  }
  for (const { timeInfo, data: part } of data.timeSegments) {
    if (!part) continue
    const area = { is: 'time', begin: timeInfo?.beginTime ?? 0, end: timeInfo?.endTime ?? 0 } as const
    for (const { key } of read(part, `${at} time`)) yield { key, area }
  }
}

function* readRegion({ regionInfo, data }: Region, at: string): Generator<Said> {
  const area = regionInfo && areaOf(regionInfo)
  // What has no area that can be compared agrees only where it is exactly the same.
  const place = area
    ? area.is
    : JSON.stringify(regionInfo ?? {}, (_, value) => (typeof value === 'bigint' ? Number(value) : value))
  const said = data ? [...read(data, `${at} ${place}`)] : []
  if (said.length === 0) yield { key: `${at} ${place}`, ...(area && { area }) }
  for (const { key } of said) yield { key, ...(area && { area }) }
}

function areaOf({ boundingBox, polygon, point }: RegionInfo): Area | undefined {
  if (boundingBox) return { is: 'box', box: boundingBox }
  if (polygon) return { is: 'polygon', points: polygon.points }
  return point && { is: 'point', point }
}

/** How well two statements of the same key agree, from 0 to 1; undefined where they do not. */
export function agreement(a: Area | undefined, b: Area | undefined): number | undefined {
  if (!a || !b) return a === b ? 1 : undefined
  if (a.is === 'point' && b.is === 'point') {
    const distance = Math.hypot(a.point.row - b.point.row, a.point.col - b.point.col)
    return distance <= DISTANCE_MAX ? 1 - distance : undefined
  }
  const part = overlap(a, b)
  return part >= OVERLAP_MIN ? part : undefined
}

function overlap(a: Area, b: Area): number {
  if (a.is === 'box' && b.is === 'box') return boxOverlap(a.box, b.box)
  if (a.is === 'time' && b.is === 'time') {
    const both = Math.max(0, Math.min(a.end, b.end) - Math.max(a.begin, b.begin))
    const all = Math.max(a.end, b.end) - Math.min(a.begin, b.begin)
    return all === 0 ? 1 : both / all
  }
  return a.is === 'polygon' && b.is === 'polygon' ? polygonOverlap(a.points, b.points) : 0
}

function boxOverlap(a: BoundingBox, b: BoundingBox): number {
  const rows = Math.max(0, Math.min(a.bottomRow, b.bottomRow) - Math.max(a.topRow, b.topRow))
  const cols = Math.max(0, Math.min(a.rightCol, b.rightCol) - Math.max(a.leftCol, b.leftCol))
  const size = ({ topRow, bottomRow, leftCol, rightCol }: BoundingBox): number =>
    (bottomRow - topRow) * (rightCol - leftCol)
  const both = rows * cols
  const all = size(a) + size(b) - both
  return all > 0 ? both / all : 0
}

function polygonOverlap(a: readonly Point[], b: readonly Point[]): number {
  const rows = [...a, ...b].map(({ row }) => row)
  const cols = [...a, ...b].map(({ col }) => col)
  const [top, left] = [Math.min(...rows), Math.min(...cols)]
  const [height, width] = [Math.max(...rows) - top, Math.max(...cols) - left]
  let [both, all] = [0, 0]
  for (let i = 0; i < CELLS; i++) {
    for (let j = 0; j < CELLS; j++) {
      const row = top + ((i + 0.5) / CELLS) * height
      const col = left + ((j + 0.5) / CELLS) * width
      const [inA, inB] = [isInside(a, row, col), isInside(b, row, col)]
      if (inA && inB) both++
      if (inA || inB) all++
    }
  }
  return all === 0 ? 0 : both / all
}

function isInside(points: readonly Point[], row: number, col: number): boolean {
  let inside = false
  for (let at = 0, before = points.length - 1; at < points.length; before = at++) {
    const [p, q] = [points[at]!, points[before]!]
    const crosses = p.row > row !== q.row > row
    if (crosses && col < ((q.col - p.col) * (row - p.row)) / (q.row - p.row) + p.col) inside = !inside
  }
  return inside
}

/** Statements of different labelers that say the same; each is in one group, and each labeler once in a group. */
export function groupStatements(statements: readonly Statement[]): Statement[][] {
  const groups: Statement[][] = []
  const byKey = new Map<string, Statement[][]>()
  for (const statement of statements) {
    const alike = byKey.get(statement.key) ?? []
    byKey.set(statement.key, alike)
    let best: Statement[] | undefined
    let most = -1
    for (const group of alike) {
      if (group.some(({ worker }) => worker === statement.worker)) continue
      const degree = agreement(group[0]!.area, statement.area)
      if (degree !== undefined && degree > most) [best, most] = [group, degree]
    }
    if (best) best.push(statement)
    else {
      const group = [statement]
      alike.push(group)
      groups.push(group)
    }
  }
  return groups
}
