import { create } from '@bufbuild/protobuf'
import { DataSchema, RegionSchema } from '../../contract/index.ts'
import { booleanParam } from '../params.ts'
import { operator } from './operator.ts'
import { thresholdFilter } from './thresholds.ts'

/** Keeps in each region the concepts that pass their thresholds, with all else it holds; a region without any goes. */
export const regionThresholder = operator('region-thresholder', (setup) => {
  const passing = thresholdFilter(setup)
  const dropOthers = booleanParam(setup.params, 'filter_other_concepts', true)
  return ({ data }) => {
    const regions = data.regions.flatMap((region) => {
      const before = region.data?.concepts ?? []
      const concepts = passing(before)
      // A region that never had concepts passes like a concept without a threshold does.
      if (concepts.length === 0 && (before.length > 0 || dropOthers)) return []
      if (!region.data) return [region]
      return [create(RegionSchema, { ...region, data: create(DataSchema, { ...region.data, concepts }) })]
    })
    return create(DataSchema, { regions })
  }
})
