import { datasetRpcs } from './datasets.ts'
import { datasetInputRpcs } from './members.ts'
import { datasetVersionRpcs } from './versions.ts'

/** All RPCs of datasets, of what is in them, and of their versions. */
export const datasetFamily = { ...datasetRpcs, ...datasetInputRpcs, ...datasetVersionRpcs }
