import { create, type JsonObject } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Concept, ConceptSchema, DataSchema, type Region, RegionSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineSetup } from '../engine.ts'
import { choiceParam, numberParam, textParam } from '../params.ts'
import { MAX_COMPARED_BOXES, MAX_LABEL_LENGTH } from './limits.ts'
import { operator } from './operator.ts'
import { type Detection, detectionsOf, type Edges } from './tracking/detections.ts'
import { centroidDistance } from './tracking/distance.ts'

/** No two points of a picture are further apart. */
const MAX_DISTANCE = Math.SQRT2

/** Distances of two boxes in shares of the picture's sides: of their middles, or of their nearest points. */
const DISTANCES = { center: centroidDistance, edge: gap }

/**
 * Adds a concept to each region that says whether it stands alone: `isolated_label` when the nearest other region is
 * at least `min_distance` away, else `crowded_label` (none when that is empty). When the operator has concepts, only
 * regions with one of them are looked at; the others are passed on as they are.
 */
export const isolation = operator('isolation-operator', (setup) => {
  const { params } = setup
  const minDistance = numberParam(params, 'min_distance', { otherwise: 0.1, min: 0, max: MAX_DISTANCE })
  const distance = DISTANCES[choiceParam(params, 'distance_metric', ['center', 'edge'], 'center')]
  const isolated = labelOf(params, 'isolated_label', 'isolated')
  const crowded = labelOf(params, 'crowded_label', 'crowded')
  const isActive = activeFilter(setup)
  return ({ data }) => {
    const looked = detectionsOf(data, data.regions.length).filter(({ region }) => isActive(region))
    if (looked.length > MAX_COMPARED_BOXES) {
      throw new AppError(
        StatusCode.INPUT_OVER_LIMIT,
        `The isolation-operator compares at most ${MAX_COMPARED_BOXES} regions, not ${looked.length}; put a region-thresholder before it.`,
      )
    }
    const labels = new Map(
      looked.map((one) => {
        const isAlone = looked.every((other) => other === one || distance(one, other) >= minDistance)
        return [one.region, isAlone ? isolated : crowded]
      }),
    )
    return create(DataSchema, { regions: data.regions.map((region) => labelled(region, labels.get(region))) })
  }
})

function labelOf(params: JsonObject, name: string, otherwise: string): Concept | undefined {
  const label = textParam(params, name, { otherwise, max: MAX_LABEL_LENGTH }).trim()
  return label === '' ? undefined : create(ConceptSchema, { id: label, name: label, value: 1 })
}

function activeFilter({ concepts }: EngineSetup): (region: Region) => boolean {
  if (concepts.length === 0) return () => true
  const names = new Set(concepts.map(({ id, name }) => id || name))
  return ({ data }) => data?.concepts.some(({ id, name }) => names.has(id) || names.has(name)) ?? false
}

function labelled(region: Region, label: Concept | undefined): Region {
  if (!label) return region
  const concepts = [...(region.data?.concepts ?? []), label]
  return create(RegionSchema, {
    ...region,
    data: create(DataSchema, { ...(region.data ?? create(DataSchema)), concepts }),
  })
}

function gap({ box: a }: { readonly box: Edges }, { box: b }: Pick<Detection, 'box'>): number {
  const down = Math.max(0, a.top - b.bottom, b.top - a.bottom)
  const across = Math.max(0, a.left - b.right, b.left - a.right)
  return Math.hypot(down, across)
}
