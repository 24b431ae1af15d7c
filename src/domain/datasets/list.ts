import type { Dataset } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { countStars, datasetStars, newestVersions, starsOf } from '../../store/repos/dataset-lists.ts'
import { anyParent, type Condition } from '../../store/repos/keyed.ts'
import { fits, meetsSearch, searchPoints } from '../../store/repos/search.ts'
import { seenBy } from '../../store/repos/seen-by.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp, Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { readPage } from '../resource/paging.ts'
import { checkRelevance, readSearch } from '../resource/search-words.ts'
import { findRow, present } from '../resource/verbs.ts'
import { datasets } from './resource.ts'
import { presentVersions } from './versions/present.ts'

type Where = Condition<'datasets'>

const INVALID = StatusCode.CONN_INVALID_REQUEST

/** A dataset of the call's app that the caller sees; throws AppError 11101. */
export const findDataset = (call: Call, id: string): Promise<Row<'datasets'>> =>
  findRow(datasets, call.services.db.read, requireApp(call.target), id, call)

/** One dataset, with its stars where they are asked for. */
export async function getDataset(call: Call, id: string, additional: readonly string[]): Promise<Dataset> {
  const row = await findDataset(call, id)
  return (await finish(call, [row], additional))[0]!
}

/** One page of datasets: those of the call's app, else of its user, else of everybody as far as the caller sees them. */
export async function listDatasets(call: Call, request: RequestOf<'ListDatasets'>): Promise<Dataset[]> {
  const { target } = call
  const { ops } = call.services.db.read
  const { case: choice, value: chosen } = request.sortBy
  const sort = chosen ? choice : undefined
  checkRelevance(sort === 'sortByRelevance', request, INVALID)
  const search = readSearch(request, INVALID)
  const where = await conditions(call, request)
  if (search) {
    where.push((row) => {
      const texts = [row.ref('id'), row.ref('description'), ops.jsonText(row.ref('doc'), ['notes'])]
      return meetsSearch(ops, texts, search)
    })
  }
  const rank: Parameters<typeof datasets.rows.list>[1]['rank'] =
    sort === 'sortByRelevance' && search
      ? (row) => searchPoints(ops, [row.ref('id')], search)
      : sort === 'sortByStarCount'
        ? (row) => datasetStars(row)
        : undefined
  const column = (sort && datasets.sort?.[sort]) ?? datasets.defaultSort.column
  const rows = await datasets.rows.list(call.services.db.read, {
    parent: target.app ? target.app.pk : anyParent,
    where: (row) => row.and(where.map((condition) => condition(row))),
    ...(rank && { rank }),
    orderBy: { column, direction: request.sortAscending ? 'asc' : 'desc' },
    ...readPage(request),
  })
  return finish(call, rows, request.additionalFields, true)
}

async function conditions(call: Call, request: RequestOf<'ListDatasets'>): Promise<Where[]> {
  const { target, principal } = call
  const { ops } = call.services.db.read
  const where: Where[] = [(row) => row('is_bookmark', '=', request.bookmark ? 1 : 0)]
  if (target.app) where.push((row) => row('visibility', '>=', visibleFrom(target)))
  else {
    const ownPk = principal.app ? undefined : principal.user?.pk
    where.push(seenBy('datasets', { ownPk, userPk: target.user?.pk, publicFrom: Visible.PUBLIC }))
  }
  if (request.id !== '') where.push((row) => fits(ops, row.ref('id'), request.id))
  if (request.starredOnly) where.push((row) => row.exists(starsOf(row, principal.user?.pk ?? 0)))
  return where
}

/** Rows as messages with the newest version of each, which lists show. */
async function finish(
  call: Call,
  rows: readonly Row<'datasets'>[],
  additional: readonly string[],
  withVersions = false,
): Promise<Dataset[]> {
  const { read } = call.services.db
  const messages = await present(datasets, call, rows)
  if (withVersions) await addVersions(call, rows, messages)
  if (additional.includes('stars') || additional.includes('all')) {
    const pks = rows.map(({ pk }) => pk)
    const stars = await countStars(read, pks, call.principal.user?.pk)
    for (const [at, { pk }] of rows.entries()) {
      messages[at]!.starCount = stars.get(pk)?.count ?? 0
      messages[at]!.isStarred = stars.get(pk)?.own ?? false
    }
  }
  return messages
}

async function addVersions(call: Call, rows: readonly Row<'datasets'>[], messages: readonly Dataset[]): Promise<void> {
  const newest = await newestVersions(
    call.services.db.read,
    rows.map(({ pk }) => pk),
  )
  const found = rows.flatMap((dataset, at) => {
    const row = newest.get(dataset.pk)
    return row ? [{ row, dataset: messages[at]! }] : []
  })
  const versions = await presentVersions(
    call,
    found.map(({ row, dataset }) => ({ row, dataset })),
  )
  for (const [at, { dataset }] of found.entries()) dataset.version = versions[at]!
}
