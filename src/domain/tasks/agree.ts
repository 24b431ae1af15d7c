import type { Data, Region, RegionInfo } from '../../contract/index.ts'
import { type Area, sharedPart } from './areas.ts'

/** What one labeler says in an annotation: a concept of a place, or a text. */
export interface Statement {
  readonly worker: string
  /** Of the annotation, as the caller knows it. */
  readonly annotation: number
  /** Statements with different keys never agree. */
  readonly key: string
  readonly area?: Area
}

/** Boxes, polygons and spans of time agree from this part of what they cover together on. */
const OVERLAP_MIN = 0.5
/** Points agree up to this distance, in parts of the picture. */
const DISTANCE_MAX = 0.02

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
  if (boundingBox) {
    const { topRow: top, leftCol: left, bottomRow: bottom, rightCol: right } = boundingBox
    return { is: 'box', box: { top, left, bottom, right } }
  }
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
  const part = sharedPart(a, b)
  return part >= OVERLAP_MIN ? part : undefined
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
