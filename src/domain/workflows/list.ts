import type { ListWorkflowsRequest, Workflow } from '../../contract/index.ts'
import { anyParent, type Condition } from '../../store/repos/keyed.ts'
import { meetsSearch, type SearchWords, searchPoints } from '../../store/repos/search.ts'
import { ofUser, ownerId, visibleTo } from '../../store/repos/workflows.ts'
import { visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { checkRelevance, readSearch } from '../resource/search-words.ts'
import { type ListOptions, present } from '../resource/verbs.ts'
import { workflows } from './resource.ts'

type Where = Condition<'workflows'>

/** Lists workflows of an app, of a user, or (without either) all that the caller may see anywhere. */
export async function listWorkflows(
  call: Call,
  request: ListWorkflowsRequest,
  options: ListOptions<'workflows'> & { readonly window: PageWindow },
): Promise<Workflow[]> {
  const { target, services } = call
  const { ops } = services.db.read
  const texts = { search: request.search || request.searchTerm, query: request.query }
  const byRelevance = request.sortBy.case === 'sortByRelevance' && request.sortBy.value
  checkRelevance(byRelevance, texts, workflows.codes.invalid)
  const search = readSearch(texts, workflows.codes.invalid)
  const conditions = [scopeOf(call), ...filters(call, request), ...found(call, search)]
  const sort = options.sort ?? workflows.defaultSort
  const rows = await workflows.rows.list(services.db.read, {
    parent: target.app?.pk ?? anyParent,
    where: (row) => row.and(conditions.map((where) => where(row))),
    rank: byRelevance && search ? (row) => searchPoints(ops, [row.ref('id')], search) : undefined,
    orderBy: { column: sort.column, direction: sort.descending ? 'desc' : 'asc' },
    ...options.window,
  })
  return present(workflows, call, rows)
}

/** The workflows that the call is about, as far as the caller may see them. */
function scopeOf({ target, principal }: Call): Where {
  if (target.app) return (row) => row('visibility', '>=', visibleFrom(target))
  return target.user ? ofUser(target.user.pk, target.rights === 'owner') : visibleTo(principal.user?.pk ?? 0)
}

function filters(call: Call, request: ListWorkflowsRequest): Where[] {
  const { ops } = call.services.db.read
  const all: Where[] = []
  const wanted = request.visibility?.gettable ?? 0
  if (wanted > 0) all.push((row) => row('visibility', '=', wanted))
  if (request.featuredOnly) all.push((row) => row('is_featured', '=', 1))
  // Nobody can star or bookmark anything yet, so these ask for nothing.
  if (request.starredOnly || request.bookmark) all.push((row) => row('pk', '<', 0))
  if (request.id !== '') all.push((row) => ops.matches(row.ref('id'), request.id))
  return all
}

function found(call: Call, search: SearchWords | undefined): Where[] {
  if (!search) return []
  const { ops } = call.services.db.read
  const owner = call.target.user ? [] : [ownerId]
  return [
    (row) =>
      meetsSearch(
        ops,
        [row.ref('id'), row.ref('description'), ops.jsonText(row.ref('doc'), ['notes']), ...owner],
        search,
      ),
  ]
}
