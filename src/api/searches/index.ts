import { annotationSearchMetricsRpcs } from './annotation-search-metrics.ts'
import { annotationsSearchRpc } from './PostAnnotationsSearches.ts'
import { inputsSearchRpc } from './PostInputsSearches.ts'
import { searchRpc } from './PostSearches.ts'
import { searchByIdRpc } from './PostSearchesByID.ts'
import { savedSearchRpcs } from './saved.ts'

/** Searches of inputs and of annotations, and saved ones. */
export const searchFamily = {
  ...annotationsSearchRpc,
  ...annotationSearchMetricsRpcs,
  ...inputsSearchRpc,
  ...savedSearchRpcs,
  ...searchByIdRpc,
  ...searchRpc,
}
