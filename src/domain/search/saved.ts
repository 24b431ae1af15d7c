import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId, newId } from '../../base/ids.ts'
import { METADATA_BYTES_MAX } from '../../base/limits.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type Search, SearchSchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { searches as rows } from '../../store/repos/families.ts'
import { visibilityOf } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { planFilters } from './filters/plan.ts'
import { wishesOf } from './legacy.ts'
import { checkWay } from './plan-search.ts'
import { checkRanks } from './ranks.ts'

/** Saved searches: kept with a name, run by their id. */
export const searches = defineResource({
  kind: 'search',
  desc: SearchSchema,
  rows,
  parentColumn: 'app_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: StatusCode.SEARCH_INVALID_REQUEST,
  },
  checkId: (id) => checkId(id, 'search', StatusCode.SEARCH_INVALID_REQUEST),
  makeId: () => newId(),
  serverFields: ['application_id', 'created_at', 'modified_at', 'git_hash', 'save'],
  patch: {
    actions: ['overwrite'],
    fields: ['query', 'name', 'as_of', 'algorithm', 'min_value', 'metric', 'visibility'],
  },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    validate: checkSaved,
    columns: ({ name, visibility }) => ({
      name,
      visibility: visibilityOf(visibility, StatusCode.SEARCH_INVALID_REQUEST),
    }),
    present(items, { target }) {
      for (const { row, message } of items) {
        message.applicationId = target.app?.id ?? ''
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
        message.save = true
      }
    },
  },
})

/** Refuses what could not be run later; whether its concepts and inputs exist is asked when it is. */
function checkSaved(search: Search): void {
  const bytes = Buffer.byteLength(encodeDoc(search))
  if (bytes > METADATA_BYTES_MAX) {
    throw new AppError(
      StatusCode.SEARCH_INVALID_REQUEST,
      `The search has ${bytes} bytes as JSON; save at most ${METADATA_BYTES_MAX}, with media by url.`,
    )
  }
  checkWay(search)
  const { filters, ranks } = wishesOf(search)
  planFilters(filters)
  checkRanks(ranks)
}

/** The parts of a search that are saved. */
export const savedPart = ({ id, name, query, asOf, algorithm, minValue, metric, visibility }: Search): Search =>
  create(SearchSchema, { id, name, query, asOf, algorithm, minValue, metric, visibility })
