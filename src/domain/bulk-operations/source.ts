import type { BulkOperation } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { type Member, membersAfter } from '../../store/repos/dataset-inputs.ts'
import { inputs } from '../../store/repos/families.ts'
import { annotationsAfter, inputsMatchingAfter, type SearchScope } from '../../store/repos/search-matches.ts'
import type { Row } from '../../store/schema/tables.ts'
import { planFilters } from '../search/filters/plan.ts'
import { wishesOf } from '../search/legacy.ts'

/** Where the inputs of an operation come from, resolved when it was posted. */
export interface Source {
  readonly appPk: number
  /** Named, or found by rank; ascending. */
  readonly inputPks?: readonly number[]
  readonly datasetPk?: number
}

/** The next inputs of an operation after one, in the order of their pks. */
export async function nextOfSource(
  db: Reader,
  { inputSource }: BulkOperation,
  { appPk, inputPks, datasetPk }: Source,
  afterPk: number,
  limit: number,
): Promise<(Row<'inputs'> | Member)[]> {
  if (datasetPk !== undefined) return membersAfter(db, datasetPk, afterPk, limit, Number.MIN_SAFE_INTEGER)
  const pks =
    inputPks?.filter((pk) => pk > afterPk).slice(0, limit) ??
    (await inputsMatchingAfter(db, scopeOf(appPk, inputSource), afterPk, limit))
  const rows = [...(await inputs.getManyByPk(db, pks)).values()]
  return rows.filter(({ status_code }) => status_code >= 0).sort((a, b) => a.pk - b.pk)
}

/** The next annotations that an operation speaks of. */
export function nextAnnotations(
  db: Reader,
  { annotationSource }: BulkOperation,
  { appPk }: Source,
  afterPk: number,
  limit: number,
): Promise<Row<'annotations'>[]> {
  return annotationsAfter(db, scopeOf(appPk, annotationSource), afterPk, limit)
}

function scopeOf(appPk: number, source: BulkOperation['inputSource'] | BulkOperation['annotationSource']): SearchScope {
  const filters = source.case === 'search' || source.case === 'annotationSearch' ? wishesOf(source.value).filters : []
  const { clauses, mentions } = planFilters(filters)
  return {
    appPk,
    clauses,
    annotationStatuses: mentions.status ? null : [StatusCode.ANNOTATION_SUCCESS],
    trustedOnly: !mentions.author,
    inputStatuses: mentions.inputStatus ? null : [StatusCode.INPUT_SUCCESS],
    asOf: null,
  }
}
