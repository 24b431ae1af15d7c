import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import type { Model, ModelQuery } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { findModels, type ModelFilter, type ModelSort, type ModelViewer } from '../../store/repos/models.ts'
import { modelTypes, typeEntry } from '../../workflow/model-types/index.ts'
import { requireApp, Visible } from '../access/target.ts'
import type { Call } from '../call.ts'
import { type PageWindow, readPage } from '../resource/paging.ts'
import { checkRelevance, readSearch } from '../resource/search-words.ts'
import { invalidModel } from './checks.ts'
import { publicPlace } from './find.ts'
import { presentModels } from './present.ts'

type ListRequest = RequestOf<'ListModels'>

const SORTS: Readonly<Record<string, ModelSort>> = {
  sortByName: 'name',
  sortByNumInputs: 'num_inputs',
  sortByModifiedAt: 'modified_at',
  sortByCreatedAt: 'created_at',
  sortByStarCount: 'star_count',
  sortByRelevance: 'relevance',
}

function viewerOf({ principal, target }: Call): ModelViewer {
  return {
    userPk: principal.app ? undefined : principal.user?.pk,
    appPk: target.rights === 'viewer' ? undefined : target.app?.pk,
    publicFrom: Visible.PUBLIC,
  }
}

/** One page of models: those of the call's app, else of its user, else of everybody as far as the caller sees them. */
export async function listModels(call: Call, request: ListRequest): Promise<Model[]> {
  const { target } = call
  const filter: ModelFilter = {
    ...filterOf(call, request),
    ...(target.app ? { appPks: [target.app.pk] } : target.user && { userPk: target.user.pk }),
  }
  const rows = await findModels(call.services.db.read, viewerOf(call), filter, {
    ...sortOf(request),
    ...readPage(request),
  })
  return presentModels(call, rows, {
    additional: request.additionalFields,
    version: { status: filter.versionStatus, ids: filter.versionIds },
  })
}

/** One page of the models whose name fits, first those of the app, then the public ones, as older clients expect. */
export async function searchModels(call: Call, query: ModelQuery | undefined, window: PageWindow): Promise<Model[]> {
  const app = requireApp(call.target)
  const open = await publicPlace(call)
  const typeId = query?.modelTypeId ?? ''
  const filter: ModelFilter = {
    appPks: open ? [app.pk, open.app.pk] : [app.pk],
    bookmark: false,
    ...(query?.name ? { namePattern: query.name } : {}),
    ...(typeId === '' ? {} : { typeIds: [typeEntry(typeId)?.type.id ?? typeId] }),
  }
  const page = { sort: 'modified_at', descending: true, firstAppPk: app.pk, ...window } as const
  return presentModels(call, await findModels(call.services.db.read, viewerOf(call), filter, page))
}

function sortOf({ sortBy, sortAscending, search }: ListRequest): { sort: ModelSort; descending: boolean } {
  const sort = sortBy.case && sortBy.value ? (SORTS[sortBy.case] ?? 'modified_at') : 'modified_at'
  checkRelevance(sort === 'relevance', { search }, StatusCode.MODEL_INVALID_ARGUMENT)
  return { sort, descending: !sortAscending }
}

function filterOf(call: Call, request: ListRequest): ModelFilter {
  if (request.trainedOnly && request.bookmark) {
    throw invalidModel('trained_only and bookmark exclude each other; use one of them.')
  }
  const ids = request.modelVersionIds
  if (ids.length > BATCH_ITEMS_MAX) {
    throw invalidModel(`The request names ${ids.length} model_version_ids; use at most ${BATCH_ITEMS_MAX}.`)
  }
  const starredBy = request.starredOnly ? { starredBy: call.principal.user?.pk ?? 0 } : {}
  return {
    typeIds: typesOf(request),
    tags: tagsOf(request),
    ...(request.trainedOnly ? { versionStatus: StatusCode.MODEL_TRAINED } : {}),
    ...(ids.length > 0 ? { versionIds: ids } : {}),
    ...(request.license === '' ? {} : { license: request.license }),
    doc: scalarsOf(request),
    ...(request.featuredOnly ? { featured: true } : {}),
    bookmark: request.bookmark,
    ...starredBy,
    ...(request.visibility?.gettable ? { visibility: request.visibility.gettable } : {}),
    ...(request.name === '' ? {} : { pattern: request.name }),
    words: readSearch(request, StatusCode.MODEL_INVALID_ARGUMENT),
    searchOwner: request.filterByUserId || (request.search !== '' && call.target.user === undefined),
  }
}

/** Types that the request leaves over: the one named, and those with all of the fields. */
function typesOf({ modelTypeId, inputFields, outputFields }: ListRequest): readonly string[] | undefined {
  const named = modelTypeId === '' ? undefined : (typeEntry(modelTypeId)?.type.id ?? modelTypeId)
  if (inputFields.length === 0 && outputFields.length === 0) return named === undefined ? undefined : [named]
  const fitting = [...modelTypes.values()].filter(
    (type) => hasFields(type.inputFields, inputFields) && hasFields(type.outputFields, outputFields),
  )
  return fitting.map(({ id }) => id).filter((id) => named === undefined || id === named)
}

const hasFields = (has: readonly string[], wanted: readonly string[]): boolean => {
  const single = new Set(has.flatMap((group) => [group, ...group.split(',')]))
  return wanted.every((field) => single.has(field))
}

function tagsOf({ toolkits, useCases, languages }: ListRequest): NonNullable<ModelFilter['tags']> {
  const kinds = [
    { kind: 'toolkit', anyOf: toolkits },
    { kind: 'use_case', anyOf: useCases },
    { kind: 'language', anyOf: languages },
  ] as const
  return kinds.filter(({ anyOf }) => anyOf.length > 0)
}

function scalarsOf({ licenseType, source, creator }: ListRequest): Record<string, string> {
  return {
    ...(licenseType ? { license_type: String(licenseType) } : {}),
    ...(source ? { source: String(source) } : {}),
    ...(creator ? { creator } : {}),
  }
}
