import type { Module } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { anyParent, type Condition } from '../../store/repos/keyed.ts'
import { meetsSearch, searchPoints } from '../../store/repos/search.ts'
import { seenBy } from '../../store/repos/seen-by.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp, Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import { readPage } from '../resource/paging.ts'
import { checkRelevance, readSearch } from '../resource/search-words.ts'
import { findRow, present } from '../resource/verbs.ts'
import { modules } from './resource.ts'

type Where = Condition<'modules'>

/** A module of the call's app that the caller sees; throws AppError 25300. */
export const findModule = (call: Call, id: string): Promise<Row<'modules'>> =>
  findRow(modules, call.services.db.read, requireApp(call.target), id, call)

/** One page of modules: those of the call's app, else of its user, else of everybody as far as the caller sees them. */
export async function listModules(call: Call, request: RequestOf<'ListModules'>): Promise<Module[]> {
  const { target } = call
  const { ops } = call.services.db.read
  const { case: choice, value: chosen } = request.sortBy
  const sort = chosen ? choice : undefined
  checkRelevance(sort === 'sortByRelevance', request, modules.codes.invalid)
  const search = readSearch(request, modules.codes.invalid)
  const where = conditions(call, request)
  if (search) where.push((row) => meetsSearch(ops, [row.ref('id'), row.ref('description')], search))
  const column = (sort && modules.sort?.[sort]) ?? modules.defaultSort.column
  const rows = await modules.rows.list(call.services.db.read, {
    parent: target.app ? target.app.pk : anyParent,
    where: (row) => row.and(where.map((condition) => condition(row))),
    rank: sort === 'sortByRelevance' && search ? (row) => searchPoints(ops, [row.ref('id')], search) : undefined,
    orderBy: { column, direction: request.sortAscending ? 'asc' : 'desc' },
    ...readPage(request),
  })
  return present(modules, call, rows)
}

function conditions(call: Call, request: RequestOf<'ListModules'>): Where[] {
  const { target, principal } = call
  const { ops } = call.services.db.read
  const where: Where[] = [(row) => row('is_bookmark', '=', request.bookmark ? 1 : 0)]
  if (target.app) where.push((row) => row('visibility', '>=', visibleFrom(target)))
  else {
    const ownPk = principal.app ? undefined : principal.user?.pk
    where.push(seenBy('modules', { ownPk, userPk: target.user?.pk, publicFrom: Visible.PUBLIC }))
  }
  if (request.name !== '') {
    where.push((row) =>
      row.or([ops.matches(row.ref('id'), request.name), ops.matches(row.ref('description'), request.name)]),
    )
  }
  const visibility = request.visibility?.gettable ?? 0
  if (visibility > 0) where.push((row) => row('visibility', '=', visibility))
  // The contract has no call that stars a module, so this asks for nothing.
  if (request.starredOnly) where.push((row) => row('pk', '<', 0))
  return where
}
