import { create } from '@bufbuild/protobuf'
import { type App, AppExtraInfoSchema, type ListAppsRequest } from '../../contract/index.ts'
import { countResources, searchMarker } from '../../store/repos/app-contents.ts'
import { appsVisibleTo } from '../../store/repos/apps.ts'
import { anyParent, type Condition } from '../../store/repos/keyed.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp, Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { findRow, type ListOptions, present } from '../resource/verbs.ts'
import { apps } from './resource.ts'

type Where = Condition<'apps'>

/** Lists apps: of the user that the call names, else the caller's own (which clients mean when they name nobody). */
export async function listApps(
  call: Call,
  request: ListAppsRequest,
  options: ListOptions<'apps'> & { readonly window: PageWindow },
): Promise<App[]> {
  const user = call.target.user ?? call.principal.user!
  const own = user.pk === call.principal.user?.pk
  const { ops } = call.services.db.read
  const where: Where[] = own ? [] : [(row) => row('visibility', '>=', Visible.PUBLIC)]
  if (request.featuredOnly) where.push((row) => row('is_featured', '=', 1))
  if (request.templateOnly) where.push((row) => row('is_template', '=', 1))
  if (request.starredOnly) where.push((row) => row('pk', '<', 0))
  const visibility = request.visibility?.gettable ?? 0
  if (visibility > 0) where.push((row) => row('visibility', '=', visibility))
  if (request.id !== '') where.push((row) => ops.matches(row.ref('id'), request.id))
  if (request.name !== '') where.push((row) => ops.matches(row.ref('name'), request.name))
  const words = request.search || request.query
  if (words !== '') {
    where.push((row) =>
      row.or([
        ops.contains(row.ref('id'), words),
        ops.contains(row.ref('name'), words),
        ops.contains(row.ref('description'), words),
      ]),
    )
  }
  return page(call, user.pk, where, options)
}

/** Apps whose name fits a pattern with `*`, among those that the caller may see. */
export async function searchApps(call: Call, name: string, window: PageWindow): Promise<App[]> {
  const { ops } = call.services.db.read
  const where: Where[] = name === '' ? [] : [(row) => ops.matches(row.ref('name'), name)]
  if (call.target.user) {
    if (call.target.rights === 'viewer') where.push((row) => row('visibility', '>=', Visible.PUBLIC))
    return page(call, call.target.user.pk, where, { window })
  }
  return page(call, anyParent, [...where, appsVisibleTo(call.principal.user?.pk ?? 0)], { window })
}

async function page(
  call: Call,
  parent: number | typeof anyParent,
  where: readonly Where[],
  options: ListOptions<'apps'> & { readonly window: PageWindow },
): Promise<App[]> {
  const sort = options.sort ?? apps.defaultSort
  const rows = await apps.rows.list(call.services.db.read, {
    parent,
    where: where.length === 0 ? undefined : (row) => row.and(where.map((condition) => condition(row))),
    orderBy: { column: sort.column, direction: sort.descending ? 'desc' : 'asc' },
    ...options.window,
  })
  return present(apps, call, rows)
}

/** The app of a call with what only a single look shows: its search marker, and its counts if asked for. */
export async function getApp(call: Call, additionalFields: readonly string[]): Promise<App> {
  const place = requireApp(call.target)
  const { read } = call.services.db
  const row: Row<'apps'> = await findRow(apps, read, place.user, place.id)
  const [app] = await present(apps, call, [row])
  const counted = additionalFields.includes('all') || additionalFields.includes('counts')
  app!.extraInfo = create(AppExtraInfoSchema, {
    searchRevisionMarker: await searchMarker(read, row.pk),
    counts: counted ? await countResources(read, row.pk) : undefined,
  })
  return app!
}
