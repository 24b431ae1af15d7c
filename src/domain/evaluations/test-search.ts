import { AppError } from '../../base/errors.ts'
import type { EvalInfo, Search } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { runSearch } from '../search/run-search.ts'
import { TEST_SEARCH_INPUTS_MAX } from './limits.ts'

const invalid = (details: string): AppError => new AppError(StatusCode.MODEL_INVALID_ARGUMENT, details)

/**
 * Pks of the inputs that a search chooses to evaluate with, in the order of their pks: those that fit it now. Throws
 * AppError 21202 for one that chooses nothing or too much, or beside another choice.
 */
export async function testedInputs(call: Call, search: Search, info: EvalInfo | undefined): Promise<number[]> {
  const { dataset_id: datasetId, use_kfold: folds } = info?.params ?? {}
  if (datasetId !== undefined && datasetId !== '') {
    throw invalid('test_search and eval_info.params.dataset_id both choose the inputs; send one of them.')
  }
  if (folds === true) {
    throw invalid('With test_search the version itself is measured; leave eval_info.params.use_kfold out.')
  }
  const window = { limit: TEST_SEARCH_INPUTS_MAX, offset: 0 }
  const { hits } = await runSearch(call, search, { hits: 'inputs', window, onlyCount: false })
  if (hits.length === 0)
    throw invalid('test_search finds no inputs; widen it, or leave it out for all that are labelled.')
  if (hits.length >= TEST_SEARCH_INPUTS_MAX) {
    throw invalid(
      `test_search finds ${TEST_SEARCH_INPUTS_MAX} inputs or more; narrow it, or put them into a dataset and name that in eval_info.params.dataset_id.`,
    )
  }
  return hits.map(({ inputPk }) => inputPk).sort((a, b) => a - b)
}
