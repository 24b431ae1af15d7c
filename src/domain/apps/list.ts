import { create } from '@bufbuild/protobuf'
import { type App, AppExtraInfoSchema, type ListAppsRequest } from '../../contract/index.ts'
import { countResources, searchMarker } from '../../store/repos/app-contents.ts'
import { appsVisibleTo } from '../../store/repos/apps.ts'
import { anyParent, type Condition, type Page } from '../../store/repos/keyed.ts'
import { meetsSearch, searchPoints } from '../../store/repos/search.ts'
import { requireApp, Visible, visibleFrom } from '../access/target.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { checkRelevance, readSearch } from '../resource/search-words.ts'
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
  const { ops } = call.services.db.read
  const where = filters(call, request)
  if (user.pk !== call.principal.user?.pk) where.push((row) => row('visibility', '>=', Visible.PUBLIC))
  const byRelevance = request.sortBy.case === 'sortByRelevance' && request.sortBy.value
  checkRelevance(byRelevance, request, apps.codes.invalid)
  const search = readSearch(request, apps.codes.invalid)
  if (search) {
    where.push((row) => {
      const texts = [row.ref('id'), row.ref('name'), row.ref('description'), ops.jsonText(row.ref('doc'), ['notes'])]
      return meetsSearch(ops, texts, search)
    })
  }
  return page(call, where, {
    parent: user.pk,
    rank: byRelevance && search ? (row) => searchPoints(ops, [row.ref('id'), row.ref('name')], search) : undefined,
    ...options,
  })
}

function filters(call: Call, request: ListAppsRequest): Where[] {
  const { ops } = call.services.db.read
  const where: Where[] = []
  if (request.featuredOnly) where.push((row) => row('is_featured', '=', 1))
  if (request.templateOnly) where.push((row) => row('is_template', '=', 1))
  // Nobody can star anything yet, so this asks for nothing.
  if (request.starredOnly) where.push((row) => row('pk', '<', 0))
  const visibility = request.visibility?.gettable ?? 0
  if (visibility > 0) where.push((row) => row('visibility', '=', visibility))
  if (request.id !== '') where.push((row) => ops.matches(row.ref('id'), request.id))
  if (request.name !== '') {
    const fits = (text: Parameters<typeof ops.matches>[0]) => ops.matches(text, request.name)
    where.push((row) =>
      row.or([fits(row.ref('id')), fits(row.ref('name')), fits(ops.jsonText(row.ref('doc'), ['notes']))]),
    )
  }
  return where
}

/** Apps whose name fits a pattern with `*`, among those that the caller may see. */
export async function searchApps(call: Call, name: string, window: PageWindow): Promise<App[]> {
  const { target, principal, services } = call
  const where: Where[] = name === '' ? [] : [(row) => services.db.read.ops.matches(row.ref('name'), name)]
  if (!target.user) {
    return page(call, [...where, appsVisibleTo(principal.user?.pk ?? 0)], { parent: anyParent, window })
  }
  return page(call, [...where, (row) => row('visibility', '>=', visibleFrom(target))], {
    parent: target.user.pk,
    window,
  })
}

async function page(
  call: Call,
  where: readonly Where[],
  {
    window,
    parent,
    rank,
    sort = apps.defaultSort,
  }: ListOptions<'apps'> & Pick<Page<'apps'>, 'parent' | 'rank'> & { readonly window: PageWindow },
): Promise<App[]> {
  const rows = await apps.rows.list(call.services.db.read, {
    parent,
    where: (row) => row.and(where.map((condition) => condition(row))),
    rank,
    orderBy: { column: sort.column, direction: sort.descending ? 'desc' : 'asc' },
    ...window,
  })
  return present(apps, call, rows)
}

/** The app of a call with what only a single look shows: its search marker, and its counts if asked for. */
export async function getApp(call: Call, additionalFields: readonly string[]): Promise<App> {
  const place = requireApp(call.target)
  const { read } = call.services.db
  const row = await findRow(apps, read, place.user, place.id)
  const [app] = await present(apps, call, [row])
  const counted = additionalFields.includes('all') || additionalFields.includes('counts')
  app!.extraInfo = create(AppExtraInfoSchema, {
    searchRevisionMarker: await searchMarker(read, row.pk),
    counts: counted ? await countResources(read, row.pk, visibleFrom(call.target)) : undefined,
  })
  return app!
}
