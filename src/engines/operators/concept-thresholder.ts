import { create } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { operator } from './operator.ts'
import { thresholdFilter } from './thresholds.ts'

/** Keeps the concepts whose values pass their thresholds; nothing left is an empty answer. */
export const conceptThresholder = operator('concept-thresholder', (setup) => {
  const passing = thresholdFilter(setup)
  return ({ data }) => create(DataSchema, { concepts: passing(data.concepts) })
})
