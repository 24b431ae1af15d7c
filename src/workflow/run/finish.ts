import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { type Concept, type Data, type Region, RegionSchema } from '../../contract/index.ts'
import { dataOf } from '../data.ts'
import { isEmptyData } from '../fields.ts'
import type { PlanNode } from '../plan.ts'

type Finishing = Pick<PlanNode, 'isModel' | 'limits' | 'conceptOwner' | 'params' | 'concepts'>

/**
 * Makes what an engine answered fit for callers and for the next nodes: concepts of a model are sorted, selected and
 * limited and get their owner, regions get ids and values. What the engine gave is not changed, as nodes may share it.
 */
export function finishData(data: Data, node: Finishing): Data {
  if (!node.isModel) return data.regions.every(isComplete) ? data : dataOf({ ...data, regions: named(data.regions) })
  return limited(data, node)
}

const isComplete = (region: Region): boolean => region.id !== '' && (region.data?.regions.every(isComplete) ?? true)

function named(regions: readonly Region[]): Region[] {
  return regions.map((region) => {
    if (isComplete(region)) return region
    const data = region.data && dataOf({ ...region.data, regions: named(region.data.regions) })
    return create(RegionSchema, { ...region, id: region.id || newId(), data })
  })
}

function limited(data: Data, node: Finishing): Data {
  if (data.concepts.length === 0 && data.regions.length === 0 && data.frames.length === 0) return data
  return {
    ...data,
    concepts: limitConcepts(data.concepts, node),
    regions: data.regions.flatMap((region) => limitedRegion(region, node)),
    frames: data.frames.map((frame) => (frame.data ? { ...frame, data: limited(frame.data, node) } : frame)),
  }
}

/** The region with limited concepts; none when it was only there for concepts that are all gone. */
function limitedRegion(region: Region, node: Finishing): Region[] {
  const data = region.data && limited(region.data, node)
  const lostAll = data !== undefined && region.data!.concepts.length > 0 && data.concepts.length === 0
  if (lostAll && isEmptyData(data)) return []
  const value = region.value || (data?.concepts[0]?.value ?? 0)
  const threshold = node.params.detection_threshold
  if (typeof threshold === 'number' && data !== undefined && data.concepts.length > 0 && value < threshold) return []
  return [create(RegionSchema, { ...region, id: region.id || newId(), value, data })]
}

/** Concepts by falling value, at most `maxConcepts`, none under `minValue`, only the selected ones if any are. */
export function limitConcepts(concepts: readonly Concept[], node: Omit<Finishing, 'isModel'>): Concept[] {
  if (concepts.length === 0) return []
  const { maxConcepts, minValue, selectConcepts } = node.limits
  return selected(
    concepts.filter((concept) => concept.value >= minValue),
    selectConcepts,
  )
    .sort((a, b) => b.value - a.value)
    .slice(0, maxConcepts)
    .map((concept) => owned(concept, node.conceptOwner))
}

function selected(concepts: Concept[], wanted: PlanNode['limits']['selectConcepts']): Concept[] {
  if (wanted.length === 0) return concepts
  const ids = new Set(wanted.map((concept) => concept.id).filter((id) => id !== ''))
  const names = new Set(wanted.map((concept) => concept.name).filter((name) => name !== ''))
  return concepts.filter((concept) => ids.has(concept.id) || names.has(concept.name))
}

function owned(concept: Concept, owner: PlanNode['conceptOwner']): Concept {
  if (!owner || (concept.appId !== '' && concept.userId !== '')) return concept
  return { ...concept, appId: concept.appId || owner.appId, userId: concept.userId || owner.userId }
}

/** Concepts, regions, frames, embeddings and so on inside data, to bound what one input may grow to. */
export function countParts(data: Data): number {
  let parts = data.concepts.length + data.embeddings.length + data.clusters.length + data.colors.length
  parts += data.tracks.length + data.timeSegments.length + data.hits.length + data.heatmaps.length + data.parts.length
  for (const part of [...data.regions, ...data.frames]) parts += 1 + (part.data ? countParts(part.data) : 0)
  return parts
}
