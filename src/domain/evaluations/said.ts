import { create } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, type Data } from '../../contract/index.ts'
import { framesAt, type Moment } from '../training/moments.ts'
import type { Labelled } from './truths.ts'

/**
 * What a model says about an input, or about a moment of it. Of several frames the mean of each concept counts, of
 * regions those of the first of them.
 */
export function saidAt(data: Data | undefined, moment: Moment | undefined): Labelled {
  if (!data) return { concepts: [], regions: [] }
  if (!moment && (data.concepts.length > 0 || data.frames.length === 0)) return data
  const frames = moment ? framesAt(data.frames, moment) : data.frames
  return {
    concepts: meanOf(frames.map((frame) => frame.data?.concepts ?? [])),
    regions: moment ? (frames[0]?.data?.regions ?? []) : data.regions,
  }
}

/** A concept that a frame does not answer has the value 0 there. */
function meanOf(lists: readonly (readonly Concept[])[]): Concept[] {
  const sums = new Map<string, Concept>()
  for (const concept of lists.flat()) {
    const share = concept.value / lists.length
    const sum = sums.get(concept.id)
    if (sum) sum.value += share
    else sums.set(concept.id, create(ConceptSchema, { ...concept, value: share }))
  }
  return [...sums.values()]
}
