import { create } from '@bufbuild/protobuf'
import { type Concept, DataSchema, type Region, RegionSchema } from '../../contract/index.ts'
import { overlap } from '../boxes.ts'
import { boxRegion } from '../kit.ts'
import { numberParam } from '../params.ts'
import { MAX_COMPARED_BOXES } from './limits.ts'
import { operator } from './operator.ts'
import type { Edges } from './tracking/detections.ts'

/** Share of a tile's side within which a box counts as touching its border. */
const BORDER = 0.01
/** A cut-off part is dropped when this share of it lies in another box. */
const PART_INSIDE_MIN = 0.5

interface Found {
  readonly region: Region
  /** In shares of the whole picture. */
  readonly box: Edges
  readonly concept: Concept
  readonly value: number
  /** The box touches a border of its tile that is not a border of the picture: part of it may be missing. */
  readonly isPart: boolean
}

/**
 * Puts what was found on tiles back into the whole picture: boxes are mapped from the tile's box to the picture's,
 * each keeps its surest concept, and of boxes of one concept that overlap by `nms_threshold` or more the surest stays.
 * Parts of things that a tile's border has cut off go when the whole was found on another tile.
 */
export const tilingRegionAggregator = operator('tiling-region-aggregator-operator', ({ params }) => {
  const threshold = numberParam(params, 'nms_threshold', { otherwise: 0.5, min: 0, max: 1 })
  const minValue = numberParam(params, 'min_confidence', { otherwise: 0, min: 0, max: 1 })
  return ({ data }) => {
    const found = data.regions
      .flatMap(foundOn)
      .filter(({ value }) => value >= minValue)
      // Whole things first, so that a sure half never displaces a whole.
      .sort((a, b) => Number(a.isPart) - Number(b.isPart) || b.value - a.value)
      .slice(0, MAX_COMPARED_BOXES)
    const kept: Found[] = []
    for (const one of found) if (!kept.some((other) => isSame(other, one, threshold))) kept.push(one)
    return create(DataSchema, { regions: kept.sort((a, b) => b.value - a.value).map(regionOf) })
  }
})

function foundOn(tile: Region): Found[] {
  const outer = edgesOf(tile)
  if (!outer) return []
  const [height, width] = [outer.bottom - outer.top, outer.right - outer.left]
  return (tile.data?.regions ?? []).flatMap((region) => {
    const inner = edgesOf(region)
    const concepts = region.data?.concepts ?? []
    if (!inner || concepts.length === 0) return []
    const concept = concepts.reduce((best, other) => (other.value > best.value ? other : best))
    const box = {
      top: outer.top + inner.top * height,
      left: outer.left + inner.left * width,
      bottom: outer.top + inner.bottom * height,
      right: outer.left + inner.right * width,
    }
    const isPart =
      (inner.top <= BORDER && outer.top > 0) ||
      (inner.left <= BORDER && outer.left > 0) ||
      (inner.bottom >= 1 - BORDER && outer.bottom < 1) ||
      (inner.right >= 1 - BORDER && outer.right < 1)
    return [{ region, box, concept, value: region.value || concept.value, isPart }]
  })
}

function edgesOf({ regionInfo }: Region): Edges | undefined {
  const box = regionInfo?.boundingBox
  if (!box) return undefined
  const edges = { top: box.topRow, left: box.leftCol, bottom: box.bottomRow, right: box.rightCol }
  return Object.values(edges).every(Number.isFinite) ? edges : undefined
}

/** Whether a less sure box shows the same thing as one that is kept. */
function isSame(kept: Found, other: Found, threshold: number): boolean {
  if ((kept.concept.id || kept.concept.name) !== (other.concept.id || other.concept.name)) return false
  if (overlap(kept.box, other.box) >= threshold) return true
  return other.isPart && shareInside(other.box, kept.box) >= PART_INSIDE_MIN
}

function shareInside(box: Edges, outer: Edges): number {
  const height = Math.min(box.bottom, outer.bottom) - Math.max(box.top, outer.top)
  const width = Math.min(box.right, outer.right) - Math.max(box.left, outer.left)
  const area = (box.bottom - box.top) * (box.right - box.left)
  return height > 0 && width > 0 && area > 0 ? (height * width) / area : 0
}

function regionOf({ region, box, concept, value }: Found): Region {
  const { id, data } = region
  const mapped = boxRegion(box, value, {})
  return create(RegionSchema, {
    ...mapped,
    id: id || mapped.id,
    data: create(DataSchema, { ...data!, image: undefined, concepts: [concept] }),
  })
}
