import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type BulkOperation, type Concept, DataSchema, type SplitIntoDatasets } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkLabels } from '../inputs/given-labels.ts'
import { planFilters } from '../search/filters/plan.ts'
import { wishesOf } from '../search/legacy.ts'
import { CONCEPTS_MAX, NAMED_INPUTS_MAX } from './limits.ts'

export const invalidOperation = (details: string): AppError =>
  new AppError(StatusCode.BULK_OPERATION_INVALID_REQUEST, details)

/** Refuses a bulk operation that could not be run, before anything is started. */
export function checkOperation(bulk: BulkOperation): void {
  const { operation, annotationOperation } = bulk.operation ?? {}
  if (!operation?.case && !annotationOperation?.case) {
    throw invalidOperation('A bulk operation says nothing to do; set one of its operations.')
  }
  if (annotationOperation?.case && bulk.annotationSource.case === undefined) {
    throw invalidOperation('delete_annotations needs to know which; set annotation_search.')
  }
  if (operation?.case && bulk.inputSource.case === undefined && bulk.annotationSource.case === undefined) {
    throw invalidOperation(
      'A bulk operation does not say on what; set input_ids, search, dataset or annotation_search.',
    )
  }
  checkSource(bulk)
  switch (operation?.case) {
    case 'addConcepts':
    case 'deleteConcepts':
      checkConcepts(operation.value.concepts)
      return
    case 'addMetadata':
    case 'deleteMetadata':
      if (Object.keys(operation.value.metadata ?? {}).length === 0) throw invalidOperation('The metadata is empty.')
      checkLabels(create(DataSchema, { metadata: operation.value.metadata }))
      return
    case 'overwriteGeo':
      if (!operation.value.geo?.geoPoint) throw invalidOperation('overwrite_geo needs a geo with a geo_point.')
      checkLabels(create(DataSchema, { geo: operation.value.geo }))
      return
    case 'addToDataset':
    case 'deleteFromDataset':
      if (operation.value.datasetId === '') throw invalidOperation('The operation names no dataset; set dataset_id.')
      return
    case 'splitIntoDatasets':
      checkSplit(operation.value)
      return
  }
}

function checkSource({ inputSource, annotationSource }: BulkOperation): void {
  if (inputSource.case === 'inputIds') {
    const { length } = inputSource.value.inputIds
    if (length === 0 || length > NAMED_INPUTS_MAX) {
      throw invalidOperation(`A bulk operation names ${length} inputs; name 1 to ${NAMED_INPUTS_MAX}, or use a search.`)
    }
  }
  if (inputSource.case === 'dataset' && inputSource.value.id === '') {
    throw invalidOperation('The dataset of a bulk operation has no id; set it.')
  }
  if (inputSource.case === 'search') planFilters(wishesOf(inputSource.value).filters)
  if (annotationSource.case === 'annotationSearch') {
    const { filters, ranks } = wishesOf(annotationSource.value)
    if (ranks.length > 0) throw invalidOperation('annotation_search may have filters only; leave ranks out.')
    planFilters(filters)
  }
}

function checkConcepts(concepts: readonly Concept[]): void {
  if (concepts.length === 0 || concepts.length > CONCEPTS_MAX) {
    throw invalidOperation(`The operation has ${concepts.length} concepts; send 1 to ${CONCEPTS_MAX}.`)
  }
  if (concepts.some(({ id, name }) => id === '' && name === '')) {
    throw invalidOperation('A concept has neither id nor name; give it one of them.')
  }
}

function checkSplit({ datasetSplits, method }: SplitIntoDatasets): void {
  if (datasetSplits.length === 0) throw invalidOperation('split_into_datasets names no dataset; send dataset_splits.')
  if (method !== 1) throw invalidOperation('The method of a split must be RANDOM_PERCENTAGE_SPLIT.')
  let sum = 0
  for (const { dataset, methodInfo } of datasetSplits) {
    const percentage = methodInfo.case === 'percentage' ? methodInfo.value : 0
    if (!dataset?.id) throw invalidOperation('A split has no dataset; set dataset.id.')
    if (percentage < 1 || percentage > 100) {
      throw invalidOperation(`The percentage of a split is ${percentage}; use 1 to 100.`)
    }
    sum += percentage
  }
  if (sum > 100) throw invalidOperation(`The percentages of the splits add up to ${sum}; use at most 100 together.`)
}
