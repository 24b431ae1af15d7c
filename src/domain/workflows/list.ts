import type { ListWorkflowsRequest, Workflow } from '../../contract/index.ts'
import { anyParent, type Condition } from '../../store/repos/keyed.ts'
import { ofUser, visibleTo } from '../../store/repos/workflows.ts'
import { visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { type ListOptions, present } from '../resource/verbs.ts'
import { workflows } from './resource.ts'

type Where = Condition<'workflows'>

/** Lists workflows of an app, of a user, or (without either) all that the caller may see anywhere. */
export async function listWorkflows(
  call: Call,
  request: ListWorkflowsRequest,
  options: ListOptions<'workflows'> & { readonly window: PageWindow },
): Promise<Workflow[]> {
  const { target, principal, services } = call
  const scope: Where | undefined = target.app
    ? undefined
    : target.user
      ? ofUser(target.user.pk, target.rights === 'owner')
      : visibleTo(principal.user?.pk ?? 0)
  const conditions = [scope, ...filters(call, request)].filter((where) => where !== undefined)
  const sort = options.sort ?? workflows.defaultSort
  const rows = await workflows.rows.list(services.db.read, {
    parent: target.app?.pk ?? anyParent,
    where: conditions.length === 0 ? undefined : (row) => row.and(conditions.map((where) => where(row))),
    orderBy: { column: sort.column, direction: sort.descending ? 'desc' : 'asc' },
    ...options.window,
  })
  return present(workflows, call, rows)
}

function filters(call: Call, request: ListWorkflowsRequest): Where[] {
  const { ops } = call.services.db.read
  const found: Where[] = []
  const lowest = Math.max(visibleFrom(call.target), 0)
  if (call.target.app && lowest > 0) found.push((row) => row('visibility', '>=', lowest))
  const wanted = request.visibility?.gettable ?? 0
  if (wanted > 0) found.push((row) => row('visibility', '=', wanted))
  if (request.featuredOnly) found.push((row) => row('is_featured', '=', 1))
  // Nobody can star or bookmark anything yet, so these ask for nothing.
  if (request.starredOnly || request.bookmark) found.push((row) => row('pk', '<', 0))
  if (request.id !== '') found.push((row) => ops.matches(row.ref('id'), request.id))
  const words = request.search || request.searchTerm || request.query
  if (words !== '') {
    found.push((row) => row.or([ops.contains(row.ref('id'), words), ops.contains(row.ref('description'), words)]))
  }
  return found
}
