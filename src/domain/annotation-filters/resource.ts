import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { METADATA_BYTES_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type AnnotationFilter, AnnotationFilterSchema, SearchSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { datasetsWithFilter } from '../../store/repos/dataset-lists.ts'
import { annotationFilters as rows } from '../../store/repos/families.ts'
import { ownersOf } from '../../store/repos/owners.ts'
import { defineResource } from '../resource/define.ts'
import { planFilters } from '../search/filters/plan.ts'
import { checkWay } from '../search/plan-search.ts'

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

/** Annotation filters: a saved search that says which annotations dataset versions take, by filters alone. */
export const annotationFilters = defineResource({
  kind: 'annotation filter',
  desc: AnnotationFilterSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.SEARCH_INVALID_REQUEST,
  },
  checkId: (id) => checkId(id, 'annotation filter', StatusCode.SEARCH_INVALID_REQUEST),
  makeId: () => newId(),
  serverFields: ['user_id', 'app_id', 'created_at', 'modified_at'],
  patch: { actions: ['overwrite'], fields: ['search'] },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    prepare(filter) {
      // What the server says of a saved search is not part of it.
      if (filter.search) {
        const { query, id, name, asOf, algorithm, minValue, metric, visibility } = filter.search
        filter.search = create(SearchSchema, { query, id, name, asOf, algorithm, minValue, metric, visibility })
      }
    },
    validate: checkFilter,
    async present(items, call) {
      const homes = await ownersOf(
        call.services.db.read,
        items.map(({ row }) => row.app_pk),
      )
      for (const { row, message } of items) {
        const home = homes.get(row.app_pk)
        message.appId = home?.appId ?? ''
        message.userId = home?.userId ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
      }
    },
    async beforeRemove(removed, _call, tx) {
      const gone = removed === 'all' ? [] : removed
      for (const { app_pk, id } of gone) {
        const [dataset] = await datasetsWithFilter(tx, app_pk, id)
        if (dataset === undefined) continue
        throw new AppError(
          StatusCode.DATABASE_CONSTRAINT_VIOLATED,
          `The dataset '${dataset}' has the annotation filter '${id}' as its default; give it another one first.`,
        )
      }
    },
  },
})

function checkFilter({ search }: AnnotationFilter): void {
  const query = search?.query
  if (!search || !query) throw invalid('An annotation filter has no search; send search.query.filters.')
  if (query.ranks.length > 0 || query.ands.length > 0) {
    throw invalid('The search of an annotation filter may have filters only; leave ranks and ands out.')
  }
  if (Buffer.byteLength(encodeDoc(search)) > METADATA_BYTES_MAX) {
    throw invalid(`The search of an annotation filter is too large; use at most ${METADATA_BYTES_MAX} bytes of JSON.`)
  }
  checkWay(search)
  planFilters(query.filters)
}
