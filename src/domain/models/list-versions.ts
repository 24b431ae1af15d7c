import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { listVersions, type VersionSort } from '../../store/repos/model-versions.ts'
import type { Row } from '../../store/schema/tables.ts'
import { readPage } from '../resource/paging.ts'
import { invalidModel } from './checks.ts'
import type { Caller, ModelAt } from './find.ts'

const SORTS: Readonly<Record<string, VersionSort>> = {
  sortByStatusCode: 'status_code',
  sortByNumInputs: 'num_inputs',
  sortByDescription: 'description',
  sortByCreatedAt: 'created_at',
}

/** One page of the versions of a model that the caller sees, the newest first unless asked otherwise. */
export function listVersionsOf(
  caller: Caller,
  model: ModelAt,
  request: RequestOf<'ListModelVersions'>,
): Promise<Row<'model_versions'>[]> {
  const { conceptIds, sortBy } = request
  if (conceptIds.length > BATCH_ITEMS_MAX) {
    throw invalidModel(`The request names ${conceptIds.length} concept_ids; use at most ${BATCH_ITEMS_MAX}.`)
  }
  return listVersions(caller.services.db.read, model.row.pk, {
    minVisibility: model.place.minVisibility,
    status: request.trainedOnly ? StatusCode.MODEL_TRAINED : undefined,
    conceptIds,
    sort: (sortBy.case && sortBy.value && SORTS[sortBy.case]) || 'created_at',
    descending: !request.sortAscending,
    ...readPage(request),
  })
}
